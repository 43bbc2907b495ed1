"""The flags of `docker create` and `docker run`: that they arrive, that they hold, and how they are shown again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.service.conftest import need
from clients.service.running import Running

Docker = Callable[..., str]


@pytest.fixture
def docker(service: Running) -> Iterator[Docker]:
    """The program with what it printed, and its code if it is not 0; after the test no container is left."""
    program = need("docker")

    def run(*words: str, stdin: bytes = b"", code: int = 0) -> str:
        done = service.call(program, *words, stdin=stdin)
        assert done.returncode == code, (words, done)
        return (done.stdout if code == 0 else done.stderr).decode()

    yield run
    if left := run("ps", "--all", "--quiet").split():
        run("rm", "--force", "--volumes", *left)


def shown(docker: Docker, name: str) -> Any:
    (found,) = json.loads(docker("inspect", "--size", name))
    return found


def test_flags(docker: Docker, tmp_path: Path) -> None:
    """What is asked for is what is shown."""
    (tmp_path / "env").write_text("FROM_FILE=1\n")
    (tmp_path / "profile.json").write_text('{\n "defaultAction": "SCMP_ACT_ALLOW"\n}\n')
    docker(
        "create", "--name", "all", "--hostname", "h", "--domainname", "example.org", "--user", "1:2", "--workdir", "/w",
        "--env", "A=b c", "--env-file", f"{tmp_path}/env", "--label", "x=y", "--interactive", "--stop-signal", "SIGINT",
        "--stop-timeout", "3", "--memory", "128m", "--memory-swap", "256m", "--memory-reservation", "64m",
        "--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--pids-limit", "77", "--ulimit", "nofile=10:20",
        "--shm-size", "8m", "--cap-add", "NET_ADMIN", "--cap-drop", "MKNOD", "--security-opt", "no-new-privileges",
        "--security-opt", f"seccomp={tmp_path}/profile.json", "--read-only", "--tmpfs", "/t:size=1m",
        "--device", "/dev/zero:/dev/null0:r", "--device-cgroup-rule", "c 1:3 r", "--dns", "192.0.2.1",
        "--dns-search", "example.org", "--dns-option", "ndots:2", "--add-host", "other:192.0.2.2",
        "--add-host", "gate:host-gateway", "--group-add", "7", "--init", "--restart", "on-failure:4", "--oom-score-adj",
        "50", "--log-driver", "json-file", "--log-opt", "max-size=1m", "--log-opt", "max-file=2", "--publish",
        "127.0.0.1:8081:81", "--publish", "82/udp", "--expose", "83", "--mac-address", "02:00:00:00:00:07",
        "--sysctl", "net.ipv4.ip_forward=1", "--ipc", "private", "--uts", "", "--annotation", "k=v",
        "--volume", f"{tmp_path}/made:/made", "--volume", "named:/named:ro", "--volume", "/anonymous",
        "--mount", f"type=bind,source={tmp_path},target=/bound,readonly", "--mount",
        "type=tmpfs,target=/t2,tmpfs-mode=700", "--mount", "type=volume,source=other,target=/other,volume-nocopy",
        "--health-cmd", "true", "--health-interval",
        "7s", "--health-retries", "2", "--health-start-period", "1s", "--entrypoint", "sh", "busybox", "-c", "exit 5",
    )  # fmt: skip
    found = shown(docker, "all")
    config, host = found["Config"], found["HostConfig"]
    wanted: dict[str, Any] = {
        "Hostname": "h", "Domainname": "example.org", "User": "1:2", "WorkingDir": "/w", "Labels": {"x": "y"},
        "OpenStdin": True, "Tty": False, "StopSignal": "SIGINT", "StopTimeout": 3, "Image": "busybox",
        "Entrypoint": ["sh"], "Cmd": ["-c", "exit 5"], "Volumes": {"/anonymous": {}},
        "ExposedPorts": {"81/tcp": {}, "82/udp": {}, "83/tcp": {}},
    }  # fmt: skip
    assert {key: config[key] for key in wanted} == wanted
    assert {"A=b c", "FROM_FILE=1"} <= set(config["Env"])
    check = config["Healthcheck"]
    assert (check["Test"], check["Interval"], check["Retries"]) == (["CMD-SHELL", "true"], 7 * 10**9, 2)
    wanted = {
        "Memory": 128 << 20, "MemorySwap": 256 << 20, "MemoryReservation": 64 << 20, "NanoCpus": 5 * 10**8,
        "CpuShares": 512, "CpusetCpus": "0", "PidsLimit": 77, "ShmSize": 8 << 20, "CapAdd": ["CAP_NET_ADMIN"],
        "CapDrop": ["CAP_MKNOD"], "ReadonlyRootfs": True, "DeviceCgroupRules": ["c 1:3 r"], "Dns": ["192.0.2.1"],
        "DnsSearch": ["example.org"], "DnsOptions": ["ndots:2"], "GroupAdd": ["7"], "Init": True, "OomScoreAdj": 50,
        "ExtraHosts": ["other:192.0.2.2", "gate:host-gateway"], "IpcMode": "private",
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 4}, "NetworkMode": "bridge",
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}, "Annotations": {"k": "v"},
        "Sysctls": {"net.ipv4.ip_forward": "1"}, "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}],
        "Devices": [{"PathOnHost": "/dev/zero", "PathInContainer": "/dev/null0", "CgroupPermissions": "r"}],
    }  # fmt: skip
    assert {key: host[key] for key in wanted} == wanted
    assert host["PortBindings"]["81/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "8081"}]
    assert f"{tmp_path}/made:/made:rw" in host["Binds"]
    assert (tmp_path / "made").is_dir()
    assert set(host["Tmpfs"]) == {"/t", "/t2"}
    assert found["NetworkSettings"]["Networks"]["bridge"]["MacAddress"] == "02:00:00:00:00:07"
    where = {mount["Destination"]: mount for mount in found["Mounts"]}
    assert set(where) == {"/made", "/named", "/anonymous", "/bound", "/other"}
    assert (where["/bound"]["RW"], where["/named"]["RW"], where["/other"]["Name"]) == (False, False, "other")


def test_flags_hold(docker: Docker) -> None:
    """Seen from inside."""

    def inside(script: str, *flags: str) -> str:
        return docker("run", "--rm", *flags, "busybox", "sh", "-c", script).strip()

    assert inside("pwd; id -u", "--workdir", "/not/there", "--user", "7") == "/not/there\n7"
    assert inside("echo $A-$PATH-; hostname", "--env", "A=1", "--hostname", "h").split("\n")[1] == "h"
    assert inside("cat /proc/sys/kernel/domainname", "--domainname", "example.org") == "example.org"
    assert inside("ulimit -n", "--ulimit", "nofile=77:88") == "77"
    assert inside("cat /etc/hosts", "--add-host", "x:192.0.2.9").find("192.0.2.9") >= 0
    assert "192.0.2.7" in inside("cat /etc/resolv.conf", "--dns", "192.0.2.7")
    assert inside("touch /x || echo no; touch /t/x && echo yes", "--read-only", "--tmpfs", "/t") == "no\nyes"
    assert inside("cat /sys/class/net/eth0/address", "--mac-address", "02:00:00:00:00:09") == "02:00:00:00:00:09"
    assert inside("ls /sys/class/net", "--network", "none") == "lo"
    assert inside("touch /data/x", "--volume", "kept:/data") == ""
    assert inside("ls /data", "--volume", "kept:/data:ro") == "x"
    assert docker("run", "--rm", "--entrypoint", "echo", "busybox", "a") == "a\n"
    docker("volume", "rm", "kept")


def test_networks(docker: Docker) -> None:
    """Names, addresses and ids, before, while and after it runs; several networks, and another's."""
    id = docker("network", "create", "--subnet", "10.77.0.0/24", "lan").strip()
    docker("network", "create", "more")
    docker("run", "--detach", "--name", "web", "--network", "lan", "--ip", "10.77.0.9", "--network-alias", "www",
           "--publish", "80", "busybox", "sleep", "1000")  # fmt: skip
    docker("network", "connect", "--alias", "second", "more", "web")
    settings = shown(docker, "web")["NetworkSettings"]
    lan, more = settings["Networks"]["lan"], settings["Networks"]["more"]
    assert (lan["IPAddress"], lan["IPPrefixLen"], lan["NetworkID"]) == ("10.77.0.9", 24, id)
    assert (lan["Gateway"], lan["IPAMConfig"], lan["Aliases"]) == ("10.77.0.1", {"IPv4Address": "10.77.0.9"}, ["www"])
    assert {"web", "www"} <= set(lan["DNSNames"])
    assert (more["Aliases"], more["IPAMConfig"]) == (["second"], None)
    (place,) = settings["Ports"]["80/tcp"]
    assert docker("port", "web", "80") == f"0.0.0.0:{place['HostPort']}\n"
    assert docker("ps", "--format", "{{.Ports}}") == f"0.0.0.0:{place['HostPort']}->80/tcp\n"
    assert set(docker("ps", "--format", "{{.Networks}}").strip().split(",")) == {"lan", "more"}
    assert docker("ps", "--quiet", "--filter", "network=lan", "--filter", "publish=80").strip() == (
        shown(docker, "web")["Id"][:12]
    )
    assert docker("ps", "--quiet", "--filter", "network=bridge") == ""
    docker("run", "--detach", "--name", "beside", "--network", "container:web", "busybox", "sleep", "1000")
    beside = shown(docker, "beside")
    assert beside["HostConfig"]["NetworkMode"] == f"container:{shown(docker, 'web')['Id']}"
    assert beside["NetworkSettings"]["Networks"] == {}
    docker("stop", "--time", "0", "beside", "web")
    stopped = shown(docker, "web")["NetworkSettings"]
    assert (stopped["Ports"], stopped["Networks"]["lan"]["IPAddress"]) == ({}, "")
    docker("rm", "beside")
    docker("rm", "web")
    docker("network", "rm", "lan", "more")


def test_links(docker: Docker) -> None:
    """What a container calls others: in a network of its own, and in the default one, where variables tell of them."""
    docker("network", "create", "linked")
    docker("run", "--detach", "--name", "db", "--network", "linked", "busybox", "sleep", "1000")
    hosts = docker("run", "--name", "app", "--network", "linked", "--link", "db", "--link", "db:data", "busybox",
                   "cat", "/etc/hosts")  # fmt: skip
    assert f"{shown(docker, 'db')['NetworkSettings']['Networks']['linked']['IPAddress']}\tdata\n" in hosts
    assert shown(docker, "app")["NetworkSettings"]["Networks"]["linked"]["Links"] == ["db", "db:data"]
    docker("run", "--detach", "--name", "old", "--expose", "5432", "--env", "A=1", "busybox", "sleep", "1000")
    env = docker("run", "--name", "web", "--link", "old:my-db", "busybox", "env")
    address = shown(docker, "old")["NetworkSettings"]["IPAddress"]
    assert {"MY_DB_NAME=/web/my-db", "MY_DB_ENV_A=1", f"MY_DB_PORT_5432_TCP=tcp://{address}:5432"} <= set(env.split())
    assert shown(docker, "web")["HostConfig"]["Links"] == ["/old:/web/my-db"]
    docker("rm", "--force", "app", "db", "old", "web")
    docker("network", "rm", "linked")


def test_health(docker: Docker) -> None:
    docker("run", "--detach", "--name", "web", "--health-cmd", "test -e /ok", "--health-interval", "1s",
           "--health-start-period", "100s", "busybox", "sh", "-c", "sleep 0.2; touch /ok; sleep 1000")  # fmt: skip
    assert "(health: starting)" in docker("ps") or "(healthy)" in docker("ps")
    health = shown(docker, "web")["State"]["Health"]
    assert health["Status"] in ("starting", "healthy")


def test_what_is_refused(docker: Docker) -> None:
    assert "No such image: nosuch:latest" in docker("create", "--pull", "never", "nosuch", code=1)
    docker("create", "--name", "web", "busybox", "true")
    assert "is already in use by container" in docker("create", "--name", "web", "busybox", "true", code=1)
    assert "could not select a device driver" in docker("create", "--gpus", "all", "busybox", code=1)
    assert "no such container" in docker("inspect", "--type", "container", "nobody", code=1).lower()
