"""GET /containers/{name}/json as dockerd answers it."""

from __future__ import annotations

from ...model.decoding import decode
from ...model.record import ALIVE
from ...model.signals import signal_name
from ...model.times import utc
from ..lifecycle import await_code
from ..response import Response, json
from ..routing import Route, flag
from ..sessions import SESSIONS
from .host_config import host_config
from .shown import NOWHERE, image_of, mounts_of, networks_of, ports_of, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...container.snapshot import Snapshot
    from ...engine import Engine
    from ...model.container import ContainerConfig
    from ...model.health import Health
    from ...model.network import Membership
    from ..request import Request

_OF_BRIDGE = (
    "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway",
    "MacAddress",
)  # fmt: skip


def inspect(on: Engine, ask: Request) -> Response:
    """All that is known of a container."""
    ctr = on.containers.get(ask.place("name"))
    await_code(ctr)
    config = ctr.config()
    health = ctr.health if config.healthcheck is not None else None
    return json(
        inspected(ctr.inspect(size=ask.flag("size")), config, ctr.snapshot(), ctr.memberships(), health)
    )


def inspected(
    about: dict[str, Any], config: ContainerConfig, seen: Snapshot, members: list[Membership], health: Health | None
) -> dict[str, Any]:
    """Docker's form of it. `about`: podman's."""
    sizes = {key: about[key] for key in ("SizeRw", "SizeRootFs") if key in about}
    return {
        "Id": config.id,
        "Created": utc(config.created_at),
        "Path": config.argv[0] if config.argv else "",
        "Args": list(config.argv[1:]),
        "State": _state(seen, health),
        "Image": f"sha256:{config.image_id}" if config.image_id else "",
        "ResolvConfPath": about["ResolvConfPath"],
        "HostnamePath": about["HostnamePath"],
        "HostsPath": about["HostsPath"],
        "LogPath": config.log.path,
        "Name": f"/{seen.facts.name}",
        "RestartCount": seen.state.restart_count,
        "Driver": about["Driver"],
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": config.security.apparmor,
        "ExecIDs": [*about["ExecIDs"], *SESSIONS.waiting(seen.facts.id)] or None,
        "HostConfig": host_config(about["HostConfig"], config),
        "GraphDriver": {"Name": about["GraphDriver"]["Name"], "Data": about["GraphDriver"]["Data"] or None},
        "Mounts": mounts_of(about),
        "Config": _config(config),
        "NetworkSettings": _network_settings(about, seen, config, members),
    } | sizes


def _state(seen: Snapshot, health: Health | None) -> dict[str, Any]:
    state, status = seen.state, status_of(seen)
    found: dict[str, Any] = {
        "Status": status,
        "Running": status in ("running", "paused", "restarting"),
        "Paused": status == "paused",
        "Restarting": status == "restarting",
        "OOMKilled": state.oom_killed,
        "Dead": False,
        "Pid": state.pid if status in ("running", "paused") else 0,
        "ExitCode": -1 if state.exit_reason else state.exit_code or 0,
        "Error": state.error,
        "StartedAt": utc(state.started_at),
        "FinishedAt": utc(state.finished_at),
    }
    if health is not None:
        found["Health"] = {
            "Status": health.status or "none",
            "FailingStreak": health.failing_streak,
            "Log": [
                {"Start": utc(each.began_at), "End": utc(each.ended_at), "ExitCode": each.exit_code,
                 "Output": each.output}
                for each in health.results
            ],
        }  # fmt: skip
    return found


def _config(config: ContainerConfig) -> dict[str, Any]:
    attached = config.asked.get("attach", "").split(",")
    anonymous: dict[str, dict[str, str]] = {
        mount.destination: {} for mount in config.mounts if mount.type == "volume" and mount.anonymous
    }
    found: dict[str, Any] = {
        "Hostname": config.hostname or config.id[:12],
        "Domainname": config.sysctls.get("kernel.domainname", ""),
        "User": config.user,
        "AttachStdin": "stdin" in attached,
        "AttachStdout": "stdout" in attached,
        "AttachStderr": "stderr" in attached,
        "Tty": config.tty,
        "OpenStdin": config.stdin,
        "StdinOnce": config.stdin_once,
        "Env": _env(config),
        "Cmd": list(config.command) or None,
        "Image": image_of(config),
        "Volumes": anonymous or None,
        "WorkingDir": "" if config.workdir == "/" else config.workdir,
        "Entrypoint": list(config.entrypoint) or None,
        "OnBuild": None,
        "Labels": config.labels,
        "StopSignal": config.asked.get("stop_signal") or f"SIG{signal_name(config.stop_signal).removeprefix('SIG')}",
        "StopTimeout": config.stop_timeout,
    }
    if config.exposed:
        found["ExposedPorts"] = {port: {} for port in config.exposed}
    if (check := config.healthcheck) is not None:
        found["Healthcheck"] = {
            "Test": check.test, "Interval": check.interval, "Timeout": check.timeout,
            "StartPeriod": check.start_period, "StartInterval": check.start_interval, "Retries": check.retries,
        }  # fmt: skip
    elif "healthcheck" in config.asked:
        found["Healthcheck"] = {"Test": ["NONE"]}
    return found


def _env(config: ContainerConfig) -> list[str]:
    """Its variables, and those of the image that it was not to have, as Docker shows what was said of them."""
    given = [f"{key}={value}" for key, value in config.env.items() if (key, value) != ("container", "podman")]
    return given + decode(config.asked.get("unset", "[]").encode(), list[str])


def _network_settings(
    about: dict[str, Any], seen: Snapshot, config: ContainerConfig, members: list[Membership]
) -> dict[str, Any]:
    alive = seen.state.status in ALIVE
    networks = networks_of(seen, config, members)
    bridge = networks.get("bridge", NOWHERE)
    return {
        "Bridge": "",
        "SandboxID": config.id if alive else "",
        "SandboxKey": about["NetworkSettings"]["SandboxKey"],
        "Ports": ports_of(config, alive=alive),
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "Networks": networks,
    } | {key: bridge[key] for key in _OF_BRIDGE}


ROUTES = (
    Route("GET", "/containers/{name}/json", inspect, flag("size", about="Also SizeRw and SizeRootFs")),
)  # fmt: skip
