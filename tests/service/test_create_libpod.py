"""What podman's SpecGenerator comes to: without an engine."""

from __future__ import annotations

from typing import Any

import pytest

from seabox.errors import InvalidArgument
from seabox.model.container import Mount
from seabox.service.go_keys import read
from seabox.service.libpod.spec import Asked, asked_for
from seabox.service.libpod.spec_body import SpecGenerator
from seabox.service.libpod.update import UpdateBody, changed


def asked(**said: Any) -> Asked:
    return asked_for(read({"image": "busybox"} | said, SpecGenerator))


def options(**said: Any) -> Any:
    return asked(**said).options


# as podman 4.3's own client sends it, but for what makes no difference
REMOTE: dict[str, Any] = {
    "command": ["echo", "hi"], "httpproxy": True, "env": {"A": "1"}, "labels": {"a": "b"},
    "annotations": {"io.kubernetes.cri-o.TTY": "false"}, "stop_signal": 2, "stop_timeout": 10,
    "log_configuration": {}, "raw_image_name": "busybox", "restart_policy": "on-failure", "restart_tries": 3,
    "systemd": "true", "sdnotifyMode": "container", "pidns": {}, "utsns": {}, "containerCreateCommand": ["podman"],
    "init_container_type": "", "manage_password": True, "image": "localhost/busybox:latest",
    "image_volume_mode": "anonymous",
    "mounts": [{"destination": "/x", "type": "bind", "source": "/tmp", "options": ["ro"]},
               {"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]}],
    "volumes": [{"Name": "vol", "Dest": "/y", "Options": None, "IsAnonymous": False},
                {"Name": "123", "Dest": "/z", "Options": ["ro"], "IsAnonymous": True}],
    "devices": [{"path": "/dev/null:/dev/x:r", "type": "", "major": 0, "minor": 0}], "ipcns": {},
    "cap_add": ["NET_ADMIN"], "seccomp_policy": "default", "userns": {"nsmode": "host"},
    "idmappings": {"HostUIDMapping": True, "UIDMap": None, "AutoUserNsOpts": {"Size": 0}}, "umask": "0027",
    "cgroupns": {}, "cgroups_mode": "enabled", "netns": {"nsmode": "bridge"},
    "portmappings": [{"host_ip": "", "container_port": 80, "host_port": 8080, "range": 1, "protocol": ""},
                     {"host_ip": "127.0.0.1", "container_port": 81, "host_port": 0, "range": 1, "protocol": "udp"}],
    "Networks": {"default": {"static_ips": ["10.88.0.5"], "aliases": ["foo"], "interface_name": ""}},
    "use_image_hosts": False,
    "resource_limits": {"memory": {"limit": 104857600, "swap": 209715200}, "cpu": {"quota": 50000, "period": 100000},
                        "pids": {"limit": 5}, "blockIO": {"weight": 50}},
    "r_limits": [{"type": "nofile", "hard": 20, "soft": 10}, {"type": "RLIMIT_CORE", "hard": 2**64 - 1, "soft": -1}],
    "weightDevice": {"/dev/sda": {"major": 0, "minor": 0, "weight": 100}},
    "throttleReadBpsDevice": {"/dev/sda": {"major": 0, "minor": 0, "rate": 1048576}},
    "healthconfig": {"Test": ["CMD-SHELL", "true"], "Interval": 5 * 10**9, "Timeout": 30 * 10**9, "Retries": 3},
}  # fmt: skip


def test_podmans_own_client() -> None:
    found = asked_for(read(REMOTE, SpecGenerator))
    assert (found.image, found.command) == ("localhost/busybox:latest", ["echo", "hi"])
    wanted = {
        "env": {"A": "1"}, "stop_signal": 2, "stop_timeout": 10, "restart": "on-failure:3", "systemd": "true",
        "asked": {"image": "busybox"}, "umask": 0o027, "userns": "host", "pid": None, "cgroups": "enabled",
        "mounts": [
            Mount(type="bind", source="/tmp", destination="/x", options=("ro",)),
            Mount(type="tmpfs", destination="/t", options=("size=1m",)),
            Mount(type="volume", source="vol", destination="/y"),
            Mount(type="volume", destination="/z", options=("ro",)),
        ],
        "devices": ["/dev/null:/dev/x:r"], "network": ("seabox:ip=10.88.0.5,alias=foo",),
        "publish": ["8080:80/tcp", "127.0.0.1:0:81/udp"], "memory": 104857600, "memory_swap": 209715200,
        "cpu_quota": 50000, "cpu_period": 100000, "pids_limit": 5, "blkio_weight": 50,
        "ulimits": ["nofile=10:20", "core=-1:-1"], "blkio_weight_devices": ["/dev/sda:100"],
        "device_read_bps": ["/dev/sda:1048576"], "healthcheck": ["CMD-SHELL", "true"], "health_interval": 5.0,
        "health_timeout": 30.0, "health_retries": 3, "image_volume": "anonymous", "create_command": ["podman"],
    }  # fmt: skip
    assert {key: found.options[key] for key in wanted} == wanted  # type: ignore[literal-required]
    assert "log_driver" not in found.options


def test_podman_py() -> None:
    """It says null for what nobody asked it for, and some of Go's names in another case."""
    nothing = dict.fromkeys(
        ("apparmor_profile", "cap_add", "cgroup_parent", "command", "dns_server", "entrypoint", "env", "hostname",
         "healthconfig", "image_volumes", "init", "labels", "mask", "name", "network_options", "networks", "remove",
         "oci_runtime", "overlay_volumes", "privileged", "read_only_filesystem", "selinux_opts", "shm_size", "user",
         "stdin", "stop_signal", "stop_timeout", "sysctl", "systemd", "terminal", "umask", "unified", "volumes_from",
         "work_dir", "rootfs", "static_mac", "health_check_on_failure_action", "raw_image_name"),
    )  # fmt: skip
    limits = {
        "pids": {"limit": None}, "cpu": {"cpus": None, "mems": None, "period": None}, "memory": {"limit": 1 << 26,
        "disableOOMKiller": None, "swap": None, "swappiness": None, "kernel": None, "useHierarchy": None},
    }  # fmt: skip
    found = options(
        **nothing, cni_networks=[None], expose={}, devices=[{"path": "/dev/null:/dev/foo"}], log_configuration={},
        resource_limits=limits, mounts=[{"destination": "/q", "options": ["size=456k", "consistency=x"],
        "source": "tmpfs", "type": "tmpfs"}], secrets=[], portmappings=[{"container_port": 97, "protocol": "tcp"}],
    )  # fmt: skip
    assert found["memory"] == 1 << 26
    assert found["network"] is None
    assert found["publish"] == ["0:97/tcp"]
    assert found["mounts"] == [Mount(type="tmpfs", destination="/q", options=("size=456k",))]
    assert "entrypoint" not in found
    assert options(**nothing | {"networks": {"mine": {"Aliases": ["a"]}}})["network"] == ("mine:alias=a",)


def test_keys_in_any_case() -> None:
    found = asked_for(read({"Image": "x", "NAME": "n", "HealthConfig": {"test": ["CMD", "a"]}}, SpecGenerator))
    assert (found.image, found.options["name"], found.options["healthcheck"]) == ("x", "n", ["CMD", "a"])
    both = read({"NAME": "other", "name": "n", "Name": "third"}, SpecGenerator)
    assert both.name == "n"
    labels = read({"Labels": {"A": "1", "a": "2"}}, SpecGenerator).labels
    assert labels == {"A": "1", "a": "2"}


@pytest.mark.parametrize(("said", "wanted"), [
    ({"entrypoint": []}, {"entrypoint": []}), ({"entrypoint": "sh"}, {"entrypoint": ["sh"]}),
    ({"unsetenv": ["A"], "unsetenvall": True, "envmerge": ["B=$A/b"]},
     {"unset_env": ["A"], "unset_env_all": True, "env_merge": {"B": "$A/b"}}),
    ({"pidns": {"nsmode": "container", "value": "x"}}, {"pid": "container:x"}),
    ({"pidns": {"nsmode": "container:x"}}, {"pid": "container:x"}),
    ({"ipcns": {"nsmode": "path", "value": "/n"}, "utsns": {"nsmode": "pod"}}, {"ipc": "ns:/n", "uts": None}),
    ({"cgroupns": {"nsmode": "private"}, "userns": {"nsmode": "auto", "value": "size=5"}},
     {"cgroupns": "private", "userns": "auto:size=5"}),
    ({"netns": {"nsmode": "none"}}, {"network": ("none",)}),
    ({"netns": {"nsmode": "path", "value": "/n"}}, {"network": ("ns:/n",)}),
    ({"netns": {"nsmode": "bridge"}}, {"network": ("bridge",)}),
    ({"netns": {"nsmode": "pod"}}, {"network": None}),
    ({"netns": {"nsmode": "bridge"}, "Networks": {"a": {"static_mac": "02::1", "interface_name": "i"}, "b": None}},
     {"network": ("a:mac=02::1,interface_name=i", "b:")}),
    ({"cni_networks": ["a"], "aliases": {"a": ["x"]}, "static_ip": "10.0.0.5"},
     {"network": ("a:alias=x,ip=10.0.0.5",)}),
    ({"static_mac": "02::1"}, {"network": ("seabox:mac=02::1",)}),
    ({"portmappings": [{"container_port": 5, "host_port": 10, "range": 3, "protocol": "tcp,udp", "host_ip": "::1"}]},
     {"publish": ["[::1]:10-12:5-7/tcp", "[::1]:10-12:5-7/udp"]}),
    ({"expose": {"80": "tcp,udp", "81": ""}, "publish_image_ports": True},
     {"expose": ["80/tcp", "80/udp", "81/tcp"], "publish_all": True}),
    ({"image_volumes": [{"Source": "i", "Destination": "/i", "ReadWrite": True, "subPath": "/p"}],
      "volumes": [{"Name": "v", "Dest": "/a", "SubPath": "/x"}],
      "overlay_volumes": [{"source": "/a", "destination": "/b"}, {"source": "v", "destination": "/c",
                                                                    "options": ["O"]}]},
     {"mounts": [Mount(type="volume", source="v", destination="/a", subpath="x"),
                 Mount(type="bind", source="/a", destination="/b", options=("O",)),
                 Mount(type="volume", source="v", destination="/c", options=("O",)),
                 Mount(type="image", source="i", destination="/i", options=("rw",), subpath="p")]}),
    ({"device_cgroup_rule": [{"allow": True, "type": "c", "major": 1, "minor": None, "access": "r"}]},
     {"device_cgroup_rules": ["c 1:* r"]}),
    ({"seccomp_profile_path": "unconfined", "apparmor_profile": "a", "no_new_privileges": True, "mask": ["/m"],
      "unmask": ["ALL"], "procfs_opts": ["hidepid=2"], "selinux_opts": ["disable"]},
     {"security_opt": ["seccomp=unconfined", "apparmor=a", "no-new-privileges", "mask=/m", "unmask=ALL",
                       "proc-opts=hidepid=2"]}),
    ({"read_only_filesystem": True, "read_write_tmpfs": False}, {"read_only": True, "read_only_tmpfs": False}),
    ({"read_only_filesystem": True, "read_write_tmpfs": True}, {"read_only": True, "read_only_tmpfs": True}),
    ({"read_only_filesystem": True}, {"read_only": True, "read_only_tmpfs": False}),
    ({"pod": "p", "init_container_type": "once"}, {"pod": "p", "init_ctr": "once"}),
    ({"use_image_resolve_conf": True, "use_image_hosts": True}, {"dns": ["none"], "no_hosts": True}),
    ({"dns_server": ["1.1.1.1"], "dns_option": ["a"], "dns_search": ["b"], "hostadd": ["c d:1.2.3.4"]},
     {"dns": ["1.1.1.1"], "dns_options": ["a"], "dns_search": ["b"], "add_hosts": ["c d:1.2.3.4"]}),
    ({"log_configuration": {"driver": "k8s-file", "path": "/l", "size": 5, "options": {"tag": "t"}}},
     {"log_driver": "k8s-file", "log_options": {"path": "/l", "max-size": "5", "tag": "t"}}),
    ({"health_check_on_failure_action": 2}, {"health_on_failure": "kill"}),
    ({"health_check_on_failure_action": 1}, {"health_on_failure": "none"}),
    ({"health_check_on_failure_action": "stop"}, {"health_on_failure": "stop"}),
    ({"stop_timeout": 0, "timeout": 5, "oom_score_adj": 0}, {"stop_timeout": 0, "timeout": 5, "oom_score_adj": 0}),
    ({"resource_limits": {"unified": {"a": "b"}}, "unified": {"c": "d"}}, {"cgroup_conf": {"a": "b", "c": "d"}}),
    ({"personality": {"domain": "LINUX32"}, "timezone": "UTC", "passwd_entry": "x", "manage_password": False},
     {"personality": "LINUX32", "tz": "UTC", "passwd_entry": "x", "passwd": False}),
    ({"work_dir": "/w", "create_working_dir": True}, {"workdir": "/w", "make_workdir": True}),
    ({"secrets": [{"source": "s"}, {"Source": "s", "target": "/t", "UID": 1, "gid": 0, "Mode": 292}],
      "secret_env": {"A": "s"}},
     {"secrets": ["source=s,type=mount", "source=s,type=mount,target=/t,uid=1,gid=0,mode=444",
                  "source=s,type=env,target=A"]}),
    ({"dependencyContainers": ["a"], "removeImage": True, "remove": True, "hostusers": ["u"]},
     {"requires": ["a"], "auto_remove_image": True, "auto_remove": True, "host_users": ["u"]}),
])  # fmt: skip
def test_words(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = options(**said)
    assert {key: found[key] for key in wanted} == wanted


def test_a_root_directory() -> None:
    found = asked_for(read({"rootfs": "/r", "rootfs_overlay": True}, SpecGenerator))
    assert (found.image, found.options["rootfs"]) == ("", "/r:O")


@pytest.mark.parametrize(("said", "why"), [
    ({"image": ""}, "must set either an image or a rootfs"),
    ({"secrets": [{"source": "a,b"}]}, "secrets: 'a,b' is no name"), ({"secrets": [{}]}, "secrets: '' is no name"),
    ({"secret_env": {"A,B": "s"}}, "secrets: 'A,B' is no name"),
    ({"env_host": True}, "env_host"), ({"storage_opts": {"size": "1g"}}, "storage_opts"),
    ({"devices_from": ["x"]}, "devices_from"), ({"oci_runtime": "kata"}, "unknown or invalid runtime"),
    ({"seccomp_policy": "image"}, "seccomp_policy=image"), ({"umask": "99"}, "invalid umask"),
    ({"health_check_on_failure_action": 9}, "invalid on-failure action 9"),
    ({"netns": {"nsmode": "host"}, "Networks": {"a": None}}, "Bridge mode"),
    ({"Networks": {"a": None, "b": None}, "static_ip": "10.0.0.5"}, "single network"),
    ({"Networks": {"a": {"aliases": ["x,ip=1"]}}}, "comma"),
    ({"device_cgroup_rule": [{"allow": False}]}, "can only allow"),
    ({"command": 5}, "the body is not what this request takes"), ({"env": {"A": 1}}, "the body is not"),
    ({"portmappings": [{"container_port": 70000}]}, "the body is not"),
])  # fmt: skip
def test_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        asked(**said)


def test_an_update() -> None:
    said = read({"Memory": {"Limit": 500000}, "CPU": {"Shares": 123}, "pids": {"limit": 0}}, UpdateBody)
    assert changed(said) == {"memory": 500000, "cpu_shares": 123}


@pytest.mark.parametrize(("said", "wanted"), [
    ({"health_cmd": "ls"}, {"healthcheck": "ls"}), ({"no_healthcheck": True}, {"healthcheck": ["NONE"]}),
    ({"health_interval": "disable", "health_timeout": "10s", "health_start_period": "1m"},
     {"health_interval": 0.0, "health_timeout": 10.0, "health_start_period": 60.0}),
    ({"health_retries": 2, "health_max_log_count": 3, "health_max_log_size": 4, "health_on_failure": "kill"},
     {"health_retries": 2, "health_max_log_count": 3, "health_max_log_size": 4, "health_on_failure": "kill"}),
])  # fmt: skip
def test_an_update_of_health(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert changed(read(said, UpdateBody)) == wanted


@pytest.mark.parametrize("said", [{"health_timeout": "x"}, {"no_healthcheck": True, "health_cmd": "ls"}])
def test_an_update_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        changed(read(said, UpdateBody))
