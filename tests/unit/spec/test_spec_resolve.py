"""Every bad input is one clear line, and the good ones mean what podman's mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seabox.errors import InvalidArgument, Unsupported
from seabox.model.container import ContainerConfig, ImageConfig, Mount

Resolve = Callable[..., ContainerConfig]
IMAGE = ImageConfig(id="e" * 64, entrypoint=("/entry", "-x"), command=("cmd",), env={"A": "image", "B": "image"})

BAD: list[tuple[dict[str, Any], str]] = [
    ({"volumes": ("/nowhere/at/all:/x",)}, "statfs /nowhere/at/all: no such file or directory"),
    ({"volumes": ("/opt:/x", "/opt:/x", "/usr:/x/")}, "/x: duplicate mount destination"),
    ({"volumes": ("/opt:/x",), "tmpfs": ("/x",)}, "/x: duplicate mount destination"),
    ({"volumes": ("/opt:x",)}, 'invalid container path "x", must be an absolute path'),
    ({"volumes": ("/opt:/",)}, "destination can't be '/'"),
    ({"volumes": ("/opt:",)}, "must set volume destination"),
    ({"volumes": (":/x",)}, "host directory cannot be empty"),
    ({"volumes": ("/opt:/x:ro:rw",)}, "incorrect volume format, should be [host-dir:]ctr-dir[:option]"),
    ({"volumes": ("/opt:/x:wrong",)}, 'invalid option type "wrong"'),
    ({"volumes": ("/opt:/x:ro,rw",)}, "can only specify 1 of"),
    ({"volumes": ("/opt:/x:z,Z",)}, "can only specify 1 of"),
    ({"volumes": ("/opt:/x:size=5",)}, 'invalid option type "size=5"'),
    ({"volumes": ("/opt:/proc",)}, "cannot be mounted because it is inside /proc"),
    ({"volumes": ("/opt:/proc/sys/kernel",)}, "cannot be mounted because it is inside /proc"),
    ({"volumes": ("/opt:/sys/../proc/1",)}, "cannot be mounted because it is inside /proc"),
    ({"tmpfs": ("",)}, "must set volume destination"),
    ({"tmpfs": ("/x:size=many",)}, 'invalid mount option "size=many"'),
    ({"tmpfs": ("/x:mode=9",)}, 'invalid mount option "mode=9"'),
    ({"tmpfs": ("/x:context=y",)}, 'invalid mount option "context=y"'),
    ({"userns": "keep-id"}, "keep-id is only supported in rootless mode"),
    ({"stop_signal": "NOPE"}, "invalid signal: NOPE"),
    ({"stop_signal": "0"}, "invalid signal: 0"),
    ({"stop_signal": 65}, "valid signals are 1 through 64"),
    ({"stop_signal": "SIGRTMIN+31"}, "invalid signal: SIGRTMIN+31"),
    ({"cap_add": ("FLY",)}, '"CAP_FLY": unknown capability'),
    ({"cap_add": ("CHOWN",), "cap_drop": ("cap_chown",)}, 'capability "CAP_CHOWN" cannot be dropped and added'),
    ({"memory": -5}, "invalid memory limit -5"),
    ({"memory": 1000}, "minimum memory limit allowed is 512KiB"),
    ({"memory": 1 << 20, "runtime": "/usr/bin/runc"}, "minimum memory limit allowed is 4096KiB"),
    ({"memory": 8 << 20, "memory_reservation": 9 << 20}, "cannot be less than memory reservation limit"),
    ({"memory_swap": 8 << 20}, "you should always set a memory limit when using a memoryswap limit"),
    ({"memory": 8 << 20, "memory_swap": 4 << 20}, "minimum memoryswap limit should be larger than memory limit"),
    ({"cpus": -1.0}, "invalid number of CPUs"),
    ({"cpus": float("nan")}, "invalid number of CPUs"),
    ({"cpus": 1.0, "cpu_quota": 5000}, "--cpu-quota and --cpus cannot be set together"),
    ({"cpu_shares": -3}, "invalid cpu-shares -3"),
    ({"cpu_period": 10}, "invalid cpu-period 10"),
    ({"cpuset_cpus": "0-x"}, "cpuset-cpus 'x' is not a number"),
    ({"cpuset_cpus": "3-1"}, "ends before it begins"),
    ({"pids_limit": -7}, "invalid pids limit -7"),
    ({"shm_size": -1}, "invalid shm size -1"),
    ({"oom_score_adj": 1001}, "invalid oom score adjust 1001"),
    ({"umask": 0o7777}, "invalid umask"),
    ({"ulimits": ("nofile",)}, "invalid ulimit argument: nofile"),
    ({"ulimits": ("fun=1",)}, "invalid ulimit type: fun"),
    ({"ulimits": ("nofile=5:4",)}, "soft limit must be less than or equal to hard limit: 5 > 4"),
    ({"ulimits": ("nofile=1:2:3",)}, "too many limit value arguments"),
    ({"ulimits": ("nofile=many",)}, 'ulimit option "nofile=many" requires name=SOFT:HARD, failed to be parsed'),
    ({"user": "2147483648"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "4294967295"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "4294967296"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "-1"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "bob:99999999999"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "٣"}, "uids and gids must be in range 0-2147483647"),
    ({"user": "a:b:c"}, "must be user[:group]"),
    ({"user": "bob\nevil"}, "contains a control character"),
    ({"groups": ("4294967296",)}, "uids and gids must be in range 0-2147483647"),
    ({"workdir": "relative"}, "the working directory 'relative' is invalid, it needs to be an absolute path"),
    ({"workdir": "/proc/self/fd/7"}, "could be outside of the container"),
    ({"workdir": "/proc/1/cwd"}, "could be outside of the container"),
    ({"workdir": "//proc/./thread-self/fd"}, "could be outside of the container"),
    ({"workdir": "/dev/fd/8"}, "could be outside of the container"),
    ({"workdir": "/a\nb"}, "contains a control character"),
    ({"hostname": "a b"}, "invalid hostname"),
    ({"hostname": "a\nb"}, "invalid hostname"),
    ({"hostname": "x" * 65}, "invalid hostname"),
    ({"hostname": "x", "uts": "host"}, "cannot set hostname when running in the host UTS namespace"),
    ({"env": {"": "x"}}, "invalid environment variable name ''"),
    ({"env": {"A=B": "x"}}, "invalid environment variable name"),
    ({"env": {"A\n": "x"}}, "contains a control character"),
    ({"env": {"A": "x\0y"}}, "contains a NUL"),
    ({"env": {"A": "\udcff"}}, "is not UTF-8"),
    ({"labels": {"a\x1b": "x"}}, "contains a control character"),
    ({"labels": {"": "x"}}, "a label must have a name"),
    ({"annotations": {"run.oci.hooks.stdout": "/etc/passwd"}}, "is an instruction to the runtime"),
    ({"annotations": {"org.criu.config": "/etc/passwd"}}, "is an instruction to the runtime"),
    ({"command": ("a\0b",)}, "contains a NUL"),
    ({"entrypoint": (), "command": None}, "no command or entrypoint provided, and no CMD or ENTRYPOINT from image"),
    ({"security_opt": ("banana=1",)}, 'invalid --security-opt 2: "banana=1"'),
    ({"security_opt": ("banana",)}, 'invalid --security-opt 1: "banana"'),
    ({"security_opt": ("no-new-privileges=perhaps",)}, "invalid --security-opt 2"),
    ({"security_opt": ("label=off",)}, "invalid --security-opt 2"),
    ({"security_opt": ("seccomp=/no/such",)}, "opening seccomp profile failed: open /no/such: no such file"),
    ({"security_opt": ("mask=relative",)}, "must be an absolute path"),
    ({"restart": "fakepolicy"}, "fakepolicy invalid restart policy"),
    ({"restart": "on-failure:x"}, "restart policy retry count 'x' is not a number"),
    ({"restart": "always:3"}, "retries only go with on-failure"),
    ({"restart": "always", "auto_remove": True}, "the --rm option conflicts with --restart"),
    ({"init": True, "pid": "host"}, "cannot add init binary as PID 1 (PID namespace isn't private)"),
    ({"log_driver": "kafka"}, "invalid log driver: invalid argument"),
    ({"hosts_file": "/nowhere/hosts"}, "hosts file: open /nowhere/hosts: no such file or directory"),
    ({"hosts_file": "image", "no_hosts": True}, "--no-hosts and --hosts-file cannot be set together"),
    ({"host_address": "here"}, "here"),
    ({"log_options": {"path": "here"}}, "log path 'here' must be an absolute path"),
    ({"log_options": {"max-size": "big"}}, "invalid size: 'big'"),
    ({"log_options": {"speed": "fast"}}, "'speed' is an invalid logging option"),
    ({"add_hosts": ("nocolon",)}, 'invalid format for add-host: "nocolon"'),
    ({"add_hosts": ("a:1.2.3",)}, 'invalid IP address in add-host: "1.2.3"'),
    ({"add_hosts": ("a b/c:1.2.3.4",)}, "invalid host name in add-host"),
    ({"pid": "friendly"}, 'unrecognized pid namespace mode "friendly" passed'),
    ({"ipc": "ns:relative"}, "must be an absolute path"),
    ({"sysctls": {"kernel.core_pattern": "|/x"}}, "sysctl 'kernel.core_pattern' is not allowed"),
    ({"sysctls": {"vm.swappiness": "1"}}, "sysctl 'vm.swappiness' is not allowed"),
    ({"sysctls": {"net/../kernel/core_pattern": "x"}}, "is not a name of the form"),
    ({"sysctls": {"net.ipv4.ip_forward": "1"}, "network": "host"}, "not allowed in the hosts network namespace"),
    ({"sysctls": {"kernel.sem": "1"}, "ipc": "host"}, "not allowed in the hosts ipc namespace"),
    ({"sysctls": {"net.ipv4.ip_forward": "1\nx"}}, "contains a control character"),
    ({"devices": ("/dev/nothing-here",)}, "stat /dev/nothing-here: no such file or directory"),
    ({"devices": ("/dev/null:/dev/x:q",)}, "invalid device mode: q"),
    ({"devices": ("/dev/null:/proc/x",)}, "invalid device specification"),
    ({"devices": ("/etc/passwd",)}, "/etc/passwd is not a device node"),
    ({"devices": ("null",)}, "paths must be absolute"),
    ({"cgroup_parent": "machine.slice"}, "cgroup parent machine.slice is not valid"),
    ({"cgroup_parent": "/a/../.."}, "is not valid"),
    ({"cgroups": "none"}, "invalid cgroup mode 'none'"),
    ({"timeout": -1}, "invalid timeout -1"),
    ({"stop_timeout": -1}, "invalid stop timeout -1"),
    ({"rootfs": "/opt"}, "an image or a rootfs, and not both"),
    ({"image": None, "rootfs": ""}, "an image or a rootfs, and not both"),
    ({"image": None, "rootfs": "/no/such", "command": ("x",)}, "stat /no/such: no such directory"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "words"), BAD, ids=lambda value: repr(value)[:60])
def test_bad_input_is_one_clear_line(resolved: Resolve, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        resolved(**fields)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 125


def test_volumes_named_anonymous_and_inherited(resolved: Resolve) -> None:
    image = ImageConfig(id="i" * 64, command=("sh",), volumes=("/data", "/b"))
    other = (
        Mount(type="volume", source="theirs", destination="/b"), Mount(type="bind", source="/opt", destination="/c")
    )  # fmt: skip
    config = resolved(
        image=image, volumes=("mine:/a:ro,U,nocopy", "/x"), volumes_from=("other:ro",), find_mounts=lambda name: other
    )
    mine, anonymous, theirs, bound, data = config.mounts
    assert (mine.type, mine.source, mine.anonymous) == ("volume", "mine", False)
    assert set(mine.options) == {"rbind", "ro", "rprivate", "U", "nocopy", "nosuid", "nodev"}
    assert (anonymous.destination, anonymous.anonymous, len(anonymous.source)) == ("/x", True, 64)
    assert (theirs.source, theirs.options) == ("theirs", ("ro",))
    assert (bound.source, bound.options) == ("/opt", ("ro",))
    assert (data.destination, data.anonymous, data.type) == ("/data", True, "volume")
    assert [mount.type for mount in resolved(image=image, image_volume="tmpfs").mounts] == ["tmpfs", "tmpfs"]
    assert resolved(image=image, image_volume="ignore").mounts == ()


def test_ids_are_mapped_by_crun_alone(resolved: Resolve) -> None:
    asked = ("data:/v:idmap=uids=0-1000-10;gids=0-1000-10",)
    assert resolved(volumes=asked, runtime="/usr/bin/crun").mounts[0].options[-1].startswith("idmap=")
    with pytest.raises(Unsupported, match="only supported by the runtime crun"):
        resolved(volumes=asked, runtime="/usr/sbin/runc")


@pytest.mark.parametrize(
    "fields",
    [
        {"userns": "auto"},
        {"network": "pasta"},
        {"cgroups": "split"},
    ],
)
def test_what_is_to_come_says_so(resolved: Resolve, fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match=r"not supported|others are to come"):
        resolved(**fields)


@pytest.mark.parametrize(
    ("entrypoint", "command", "expected"),
    [
        (None, None, ("/entry", "-x", "cmd")),
        (None, (), ("/entry", "-x", "cmd")),
        (None, ("mine",), ("/entry", "-x", "mine")),
        (("/other",), None, ("/other",)),
        (("/other",), ("a", "b"), ("/other", "a", "b")),
        ((), ("a",), ("a",)),
        (("",), ("a",), ("a",)),
    ],
)
def test_entrypoint_and_command(
    resolved: Resolve, entrypoint: tuple[str, ...] | None, command: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    assert resolved(image=IMAGE, entrypoint=entrypoint, command=command).argv == expected


def test_environment(resolved: Resolve) -> None:
    config = resolved(image=IMAGE, env={"B": "mine", "EMPTY": ""}, tty=True, unset_env=("A", "NEVER"))
    assert config.env == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "container": "podman", "TERM": "xterm", "B": "mine", "EMPTY": "",
    }  # fmt: skip
    assert "TERM" not in resolved(image=IMAGE).env
    assert resolved(env={"CERT": "two\nlines"}).env["CERT"] == "two\nlines"


def test_an_image_changes_no_security_setting(resolved: Resolve) -> None:
    """Labels of an image are data; those that pass for an engine's are dropped."""
    evil = {
        "io.podman.annotations.privileged": "TRUE", "io.containers.capabilities": "SYS_ADMIN",
        "io.seabox.security": "off", "PODMAN_SYSTEMD_UNIT": "sshd.service", "org.criu.config": "/x", "fine": "yes",
    }  # fmt: skip
    plain = resolved(image=IMAGE, stop_signal="TERM")
    tainted = resolved(
        image=ImageConfig(**{name: getattr(IMAGE, name) for name in IMAGE.__struct_fields__} | {"labels": evil})
    )
    assert tainted.security == plain.security
    assert tainted.annotations == {}
    assert tainted.labels == {"org.criu.config": "/x", "fine": "yes"}


def test_what_the_image_says_is_checked_too(resolved: Resolve) -> None:
    for fields in (
        {"user": "4294967296"},
        {"workdir": "/proc/self/fd/9"},
        {"stop_signal": "BOOM"},
        {"env": {"A\n": ""}},
    ):
        with pytest.raises(InvalidArgument):
            resolved(image=ImageConfig(id="a" * 64, command=("x",), **fields))


def test_defaults(resolved: Resolve, tmp_path: Path) -> None:
    config = resolved()
    assert (config.stop_signal, config.stop_timeout, config.restart_policy) == (15, 10, "no")
    assert config.resources.pids_limit == 2048
    assert config.shm_size == 65536000
    assert config.hostname == config.id[:12]
    assert (config.workdir, config.workdir_given) == ("/", False)
    assert config.log.path == f"{tmp_path}/store/containers/{config.id}/ctr.log"
    assert config.log.size_max == 64 << 20
    assert config.cgroup_parent == "/seabox"
    assert config.namespaces.network == "none"
    assert not config.security.no_new_privileges


def test_hostname_is_the_hosts_where_the_name_is_shared(resolved: Resolve) -> None:
    assert resolved(network="host").hostname == "localhost"
    assert resolved(uts="host").hostname == "localhost"


def test_mounts(resolved: Resolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    mounts = resolved(
        volumes=("./here:/a/../b/:ro,z,U,nosuid", "/opt:/c:shared", f"{tmp_path}:/proc/cpuinfo"),
        tmpfs=("/t", "/u:size=64k,exec,mode=1777,notmpcopyup"),
    ).mounts
    assert [(m.type, m.source, m.destination) for m in mounts] == [
        ("bind", f"{tmp_path}/here", "/b"), ("bind", "/opt", "/c"), ("bind", str(tmp_path), "/proc/cpuinfo"),
        ("tmpfs", "", "/t"), ("tmpfs", "", "/u"),
    ]  # fmt: skip
    assert set(mounts[0].options) == {"rbind", "ro", "z", "U", "nosuid", "rprivate"}
    assert set(mounts[1].options) == {"rbind", "rw", "shared"}
    assert set(mounts[3].options) == {"tmpcopyup", "rw", "rprivate", "nosuid", "nodev", "noexec"}
    assert set(mounts[4].options) == {
        "notmpcopyup", "rw", "rprivate", "nosuid", "nodev", "exec", "size=64k", "mode=1777"
    }  # fmt: skip


def test_security_options(resolved: Resolve) -> None:
    security = resolved(
        cap_add=("net_admin", "CAP_SYS_TIME"), cap_drop=("kill",),
        security_opt=(
            "no-new-privileges", "label=disable", "label=type:container_t", "apparmor=unconfined", "mask=/a:/b",
            "unmask=/proc/acpi:/sys/firmware", "seccomp=unconfined",
        ),
    ).security  # fmt: skip
    assert security.cap_add == ("CAP_NET_ADMIN", "CAP_SYS_TIME")
    assert security.cap_drop == ("CAP_KILL",)
    assert security.no_new_privileges
    assert (security.mask, security.unmask) == (("/a", "/b"), ("/proc/acpi", "/sys/firmware"))
    assert security.seccomp == "unconfined"
    assert not resolved(security_opt=("no-new-privileges:false",)).security.no_new_privileges


def test_other_containers_are_named_by_id(resolved: Resolve) -> None:
    config = resolved(network="container:web", ipc="container:web", requires=("web", "db", "web"))
    assert config.namespaces.network == config.namespaces.ipc == "container:id-of-web"
    assert config.requires == ("id-of-web", "id-of-db")


def test_limits(resolved: Resolve) -> None:
    config = resolved(
        memory=8 << 20, memory_swap=-1, cpus=1.5, cpuset_cpus="0-1,3", pids_limit=0, ulimits=("nofile=10:20", "core=-1")
    )
    assert (config.resources.memory, config.resources.memory_swap) == (8 << 20, -1)
    assert (config.resources.cpu_quota, config.resources.cpu_period) == (150_000, 100_000)
    assert config.resources.pids_limit == -1
    assert [(u.name, u.soft, u.hard) for u in config.ulimits] == [("nofile", 10, 20), ("core", -1, -1)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", ("no", 0)),
        ("always", ("always", 0)),
        ("on-failure:7", ("on-failure", 7)),
        ("on-failure", ("on-failure", 0)),
    ],
)
def test_restart_policies(resolved: Resolve, policy: str, expected: tuple[str, int]) -> None:
    config = resolved(restart=policy)
    assert (config.restart_policy, config.restart_retries) == expected
