"""From what a caller asks for to what a container is: every bad input is refused here, before anything is made."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, Unsupported
from ..model.container import ContainerConfig, LogConfig
from ..model.ids import check_name
from ..model.signals import signal_number
from .asked import shown_again
from .defaults import allowed_sysctls
from .devices import parse_device, parse_device_rule
from .environment import environment
from .health_syntax import parse_healthcheck
from .hosts_syntax import check_add_host, check_hostname
from .identity import check_id, check_user
from .inherited_mounts import inherit
from .limits import DECIMAL, check_cgroup_parent, check_cgroups, parse_resources, parse_size, parse_ulimits
from .mounts_syntax import parse_mounts, with_layers
from .namespaces import parse_namespaces
from .networking import (
    check_host_address,
    check_hosts,
    check_hosts_file,
    exposed_ports,
    parse_dns,
    parse_dns_options,
    parse_dns_search,
    parse_networks,
    parse_ports,
)
from .passwd_lines import check_entry, host_users
from .security_syntax import parse_security
from .systemd_mode import STOP_SIGNAL, is_wanted
from .text import absolute, content, plain, whole_number
from .timezone import check_timezone
from .workdir import absolute_workdir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from ..model.container import CreateRequest, ImageConfig, Mount, Namespaces, SecretUse
    from .facts import HostFacts
    from .inherited_mounts import FindMounts
    from .mounts_syntax import FindImage
    from .namespaces import FindContainer
    from .networking import FindNetwork
    from .secrets_syntax import FindSecret

    class Defaults(Protocol):
        """What the engine's configuration decides where a request says nothing."""

        @property
        def stop_timeout(self) -> int: ...
        @property
        def log_driver(self) -> str: ...
        @property
        def log_size_max(self) -> int: ...
        @property
        def pids_limit(self) -> int: ...
        @property
        def shm_size(self) -> int: ...
        @property
        def network(self) -> str: ...
        @property
        def no_new_privileges(self) -> bool: ...
        @property
        def cgroup_parent(self) -> str: ...
        @property
        def own_hooks_dir(self) -> tuple[str, ...]: ...
        def static_dir(self, container_id: str) -> str: ...


_LOG_DRIVERS = {
    "k8s-file": "k8s-file", "json-file": "k8s-file", "journald": "journald", "none": "none",
    "passthrough": "passthrough",
}  # fmt: skip
# an image must not pass for something an engine made
_RESERVED_LABELS = ("io.seabox.", "io.podman.", "io.containers.", "PODMAN_SYSTEMD_UNIT")
# annotations that are instructions to a runtime, not remarks about a container
_RUNTIME_ANNOTATIONS = ("run.oci.", "org.criu.", "org.systemd.", "module.wasm.", "io.seabox.")
RESTART_POLICIES = ("", "no", "always", "on-failure", "unless-stopped")
_MAX_SECONDS = 2**31 - 1


def resolve(
    request: CreateRequest,
    *,
    image: ImageConfig | None,
    defaults: Defaults,
    facts: HostFacts,
    id: str,
    name: str,
    now: int,
    runtime: str = "",
    find_container: FindContainer | None = None,
    find_network: FindNetwork | None = None,
    find_image: FindImage | None = None,
    find_mounts: FindMounts | None = None,
    find_secret: FindSecret | None = None,
) -> ContainerConfig:
    """The container that `request` describes. Looks at the host's files (mount sources, devices, a seccomp profile).

    `find_container` turns the name of another container into its whole id, for namespaces and `requires`;
    `find_mounts` knows its mounts, for `volumes_from`.

    Raises: InvalidArgument, Unsupported, and what `find_container` raises. Nothing has been changed then.
    """
    find = find_container or _nobody
    if (image is None) == (not request.rootfs):
        raise InvalidArgument("a container needs an image or a rootfs, and not both")
    namespaces = parse_namespaces(request, default_network=defaults.network, find_container=find)
    _check_combinations(request, namespaces)
    entrypoint, command = _command(request, image)
    policy, retries = parse_restart(request.restart)
    conditions = _conditions(request, find)
    systemd = is_wanted(request.systemd, entrypoint + command)
    mounts = inherit(
        parse_mounts(request.volumes, request.tmpfs, request.mounts), request, image,
        mode=request.image_volume or "bind", find_mounts=find_mounts or _nobodys,
    )  # fmt: skip
    return ContainerConfig(
        id=id,
        name=check_name(name),
        created_at=now,
        image=plain("image", request.image),
        asked=shown_again(request),
        image_id=image.id if image else "",
        rootfs=_rootfs(request.rootfs.removesuffix(":O")),
        rootfs_overlay=request.rootfs.endswith(":O"),
        layers=image.layers if image else (),
        argv=entrypoint + command,
        entrypoint=entrypoint,
        command=command,
        env=environment(request, image) | ({"container_uuid": id[:32]} if systemd else {}),
        user=check_user(request.user if request.user is not None else image.user if image else ""),
        groups=_groups(request.groups, facts),
        workdir=absolute_workdir(request.workdir or (image.workdir if image else "") or "/"),
        workdir_given=bool(request.workdir) and not request.make_workdir,
        umask=_number("umask", _first(request.umask, 0o022), 0, 0o777),
        hostname=_hostname(request, namespaces, facts, id),
        tty=request.tty,
        stdin=request.stdin,
        stdin_once=request.stdin_once,
        init=bool(request.init),
        init_path=_host_path("init path", request.init_path),
        systemd=systemd,
        personality=_personality(request.personality, runtime),
        timezone=check_timezone(request.tz),
        passwd=request.passwd,
        passwd_entry=check_entry(request.passwd_entry),
        host_users=host_users(request.host_users),
        chroot_dirs=tuple(absolute("chroot directory", path) for path in request.chroot_dirs),
        mounts=with_layers(_check_idmap(mounts, runtime), find_image),
        volumes_from=request.volumes_from,
        secrets=_secrets(request, mounts, find_secret),
        devices=tuple(parse_device(text) for text in request.devices),
        device_rules=tuple(map(parse_device_rule, request.device_cgroup_rules)),
        namespaces=namespaces,
        security=parse_security(request, no_new_privileges=defaults.no_new_privileges),
        resources=parse_resources(request, default_pids=defaults.pids_limit, runtime=runtime),
        ulimits=parse_ulimits(request.ulimits),
        sysctls=allowed_sysctls(request, namespaces),
        shm_size=_number("shm size", _first(request.shm_size, defaults.shm_size), 0, 2**63 - 1),
        oom_score_adj=(
            None if request.oom_score_adj is None else _number("oom score adjust", request.oom_score_adj, -1000, 1000)
        ),
        add_hosts=tuple(check_add_host(text) for text in request.add_hosts),
        networks=parse_networks(
            request, namespaces.network, default=defaults.network, find_network=find_network
        ),
        ports=parse_ports(request, namespaces.network, image),
        publish_all=request.publish_all,
        exposed=exposed_ports(request, image),
        dns=parse_dns(request),
        dns_search=parse_dns_search(request),
        dns_options=parse_dns_options(request),
        no_hosts=check_hosts(request),
        no_hostname=request.no_hostname,
        hosts_file=check_hosts_file(request),
        host_address=check_host_address(request.host_address),
        labels=_labels(request, image),
        annotations=_annotations(request.annotations),
        stop_signal=_stop_signal(request, image, STOP_SIGNAL if systemd else 15),
        stop_timeout=_number("stop timeout", _first(request.stop_timeout, defaults.stop_timeout), 0, _MAX_SECONDS),
        timeout=_number("timeout", request.timeout, 0, _MAX_SECONDS),
        restart_policy=policy,
        restart_retries=retries,
        requires=tuple(conditions),
        conditions={id: word for id, word in conditions.items() if word != "started"},
        healthcheck=parse_healthcheck(request, image),
        sdnotify=_sdnotify(request.sdnotify),
        log=_log(request, defaults, id),
        auto_remove=request.auto_remove,
        auto_remove_image=request.auto_remove_image and request.auto_remove and not request.rootfs,
        runtime=runtime,
        cgroup_parent=check_cgroup_parent(request.cgroup_parent or defaults.cgroup_parent),
        cgroups=check_cgroups(request.cgroups),
        pidfile=_host_path("pidfile", request.pidfile),
        conmon_pidfile=_host_path("conmon pidfile", request.conmon_pidfile),
        create_command=tuple(content("command line", word) for word in request.create_command),
        hooks_dirs=defaults.own_hooks_dir,
    )


def _nobody(name: str) -> str:
    raise Unsupported(f"other containers cannot be looked up here: {name}")


def _check_idmap(mounts: tuple[Mount, ...], runtime: str) -> tuple[Mount, ...]:
    """The mounts, if the runtime can map the ids of their files as they ask for."""
    for option in (option for mount in mounts for option in mount.options if option.startswith("idmap")):
        if not option.startswith("idmap=") or "@" in option:
            raise Unsupported(f'the mount option "{option}" needs a user namespace: give idmap=uids=...;gids=...')
        if runtime.rpartition("/")[2] != "crun":
            raise Unsupported(f'the mount option "{option}" is only supported by the runtime crun')
    return mounts


def _secrets(request: CreateRequest, mounts: tuple[Mount, ...], find: FindSecret | None) -> tuple[SecretUse, ...]:
    if not request.secrets:
        return ()
    from .secrets_syntax import parse_secrets

    return parse_secrets(request.secrets, mounts, find)


def _nobodys(name: str) -> tuple[Mount, ...]:
    raise Unsupported(f"other containers cannot be looked up here: {name}")


def _first(given: int | None, default: int) -> int:
    return default if given is None else given


def _number(what: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise InvalidArgument(f"invalid {what} {value}: must be from {low} to {high}")
    return value


def _word(what: str, text: str) -> str:
    if not plain(what, text) or any(c.isspace() for c in text):
        raise InvalidArgument(f"invalid {what} {text!r}")
    return text


def _groups(names: Sequence[str], facts: HostFacts) -> tuple[str, ...]:
    """The groups by name or number; "keep-groups" are those of this process."""
    if "keep-groups" not in names:
        return tuple(check_id(_word("group", name)) for name in names)
    if len(names) > 1:
        raise InvalidArgument(
            "the '--group-add keep-groups' option is not allowed with any other --group-add options"
        )
    return tuple(map(str, facts.groups))


def _personality(text: str, runtime: str) -> str:
    if plain("personality", text).upper() not in ("", "LINUX", "LINUX32"):
        raise InvalidArgument(f"invalid personality {text!a}: use LINUX or LINUX32")
    if text and os.path.basename(runtime).startswith("runc"):
        raise Unsupported("runc does not know --personality: use crun")
    return text.upper()


def _host_path(what: str, path: str) -> str:
    return os.path.abspath(plain(what, path)) if path else ""


def _check_combinations(request: CreateRequest, namespaces: Namespaces) -> None:
    if request.auto_remove and request.restart not in ("", "no"):
        raise InvalidArgument('the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"')
    if request.init and namespaces.pid != "private":
        raise InvalidArgument("cannot add init binary as PID 1 (PID namespace isn't private)")
    if request.hostname and namespaces.uts == "host":
        raise InvalidArgument("cannot set hostname when running in the host UTS namespace: invalid configuration")
    if request.tty and request.log_driver == "passthrough":
        raise InvalidArgument("the passthrough log driver cannot be used with a terminal: invalid argument")


def _rootfs(path: str) -> str:
    if not path:
        return ""
    found = os.path.abspath(plain("rootfs", path))
    if not os.path.isdir(found):
        raise InvalidArgument(f"stat {found}: no such directory")
    if found == "/":
        raise InvalidArgument("the host's own root cannot be the root of a container")
    return found


def _command(request: CreateRequest, image: ImageConfig | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entrypoint and command: an entrypoint that is given, even an empty one, drops the image's command as well."""
    entrypoint = request.entrypoint
    command = request.command or ()
    if entrypoint is None:
        entrypoint = image.entrypoint if image else ()
        if not command and image:
            command = image.command
    elif entrypoint == ("",):
        entrypoint = ()
    if not entrypoint + command and request.rootfs:
        return (), ("",)  # the runtime says what it thinks of it, as of any other command
    if not entrypoint + command:
        raise InvalidArgument("no command or entrypoint provided, and no CMD or ENTRYPOINT from image")
    for word in entrypoint + command:
        content("command", word)
    return entrypoint, command


def _hostname(request: CreateRequest, namespaces: Namespaces, facts: HostFacts, id: str) -> str:
    if request.hostname:
        return check_hostname("hostname", request.hostname)
    return facts.hostname if "host" in (namespaces.uts, namespaces.network) else id[:12]


def _labels(request: CreateRequest, image: ImageConfig | None) -> dict[str, str]:
    inherited = image.labels if image else {}
    labels = {key: value for key, value in inherited.items() if not key.startswith(_RESERVED_LABELS)} | request.labels
    for key, value in labels.items():
        if not plain("label", key):
            raise InvalidArgument("a label must have a name")
        content(f"label {key}", value)
    return labels


def _annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    for key, value in annotations.items():
        if not plain("annotation", key):
            raise InvalidArgument("an annotation must have a name")
        if key.startswith(_RUNTIME_ANNOTATIONS):
            raise InvalidArgument(f"the annotation {key} is an instruction to the runtime and not allowed")
        content(f"annotation {key}", value)
    return dict(annotations)


def _stop_signal(request: CreateRequest, image: ImageConfig | None, default: int) -> int:
    if request.stop_signal is not None and request.stop_signal != "":
        return signal_number(request.stop_signal)
    return signal_number(image.stop_signal) if image and image.stop_signal else default


def parse_restart(text: str) -> tuple[str, int]:
    """The policy and the number of retries of `POLICY[:RETRIES]`. Raises: InvalidArgument with podman's words."""
    policy, colon, retries = plain("restart policy", text).partition(":")
    if policy not in RESTART_POLICIES:
        raise InvalidArgument(f"{text} invalid restart policy")
    if not colon:
        return policy or "no", 0
    if policy != "on-failure":
        raise InvalidArgument(f"{text} invalid restart policy: retries only go with on-failure")
    return policy, whole_number("restart policy retry count", retries, 0, _MAX_SECONDS)


def _conditions(request: CreateRequest, find: FindContainer) -> dict[str, str]:
    """What must be the case, by the id of each container that is required."""
    found: dict[str, str] = {}
    for text in request.requires:
        name, colon, condition = _word("container", text).partition(":")
        if colon and condition not in ("started", "healthy", "completed"):
            raise InvalidArgument(f"invalid condition in {text!a}: started, healthy or completed")
        found[find(_word("container", name))] = condition or "started"
    return found


def _log(request: CreateRequest, defaults: Defaults, id: str) -> LogConfig:
    word = request.log_driver or defaults.log_driver
    driver = _LOG_DRIVERS.get(word)
    if driver is None:
        raise InvalidArgument(f"{request.log_driver!a}: invalid log driver: invalid argument")
    path = f"{defaults.static_dir(id)}/ctr.log" if driver == "k8s-file" else ""
    size_max, tag = defaults.log_size_max, ""
    for key, value in request.log_options.items():
        if key == "path":
            path = absolute("log path", value)
        elif key == "max-size":
            size_max = parse_size(value, DECIMAL)
        elif key == "tag":
            tag = plain("log tag", value)
        else:
            raise InvalidArgument(f"{key!a} is an invalid logging option (path, max-size or tag): invalid argument")
    if tag and driver == "k8s-file":
        raise InvalidArgument("a log tag is only for the journald log driver: k8s-file has no place for one")
    return LogConfig(driver=driver, as_json_file=word == "json-file", path=path, size_max=size_max, tag=tag)


def _sdnotify(word: str) -> str:
    if word not in ("ignore", "container", "conmon"):
        raise InvalidArgument(f'invalid sdnotify value "{word}": must be container, conmon or ignore')
    return word
