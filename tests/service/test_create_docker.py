"""What the body of Docker's create comes to: without an engine."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from seabox.errors import InvalidArgument
from seabox.model.container import Mount
from seabox.model.decoding import decode
from seabox.network.errors import PortTaken
from seabox.service.compat.asked import Asked, asked_for
from seabox.service.compat.asked_limits import changed_limits
from seabox.service.compat.create_body import CreateBody, UpdateBody
from seabox.service.compat.port_ranges import chosen


def asked(host: dict[str, Any] | None = None, name: str = "", **body: Any) -> Asked:
    said = {"Image": "busybox", "HostConfig": host} | body
    return asked_for(decode(json.dumps(said).encode(), CreateBody), name)


def options(host: dict[str, Any] | None = None, **body: Any) -> Any:
    return asked(host, **body).options


def networks(mode: str | None, endpoints: dict[str, Any] | None = None, **body: Any) -> Any:
    return options({"NetworkMode": mode}, NetworkingConfig={"EndpointsConfig": endpoints}, **body).get("network")


def test_nothing_said() -> None:
    """What is absent, null, empty or 0 is left to the image and the engine."""
    zeros = {
        "Hostname": "", "User": "", "WorkingDir": "", "StopSignal": "", "Env": None, "Cmd": None, "Entrypoint": None,
        "Labels": None, "Volumes": None, "ExposedPorts": None, "Healthcheck": None, "NetworkingConfig": None,
    }  # fmt: skip
    of_host = {
        "Memory": 0, "NanoCpus": 0, "CpuShares": 0, "MemorySwap": 0, "ShmSize": 0, "PidsLimit": 0, "OomScoreAdj": 0,
        "BlkioWeight": 0, "Binds": None, "RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "Init": None,
        "LogConfig": {"Type": "", "Config": {}}, "NetworkMode": "default", "PortBindings": {}, "CgroupParent": "",
        "PidMode": "", "UsernsMode": "", "MaskedPaths": None, "ReadonlyPaths": None, "ConsoleSize": [0, 0],
    }  # fmt: skip
    bare, full = asked(), asked(of_host, **zeros)
    assert bare.options | {"pid": "", "userns": "", "log_options": {}} == full.options
    for key in ("memory", "cpus", "shm_size", "pids_limit", "stop_timeout", "stop_signal", "hostname", "user",
                "workdir", "entrypoint", "network", "healthcheck", "name", "log_driver", "cgroup_parent"):  # fmt: skip
        assert key not in full.options
    assert (full.command, full.to_make, full.linked, full.warnings) == (None, [], [], [])


@pytest.mark.parametrize(("said", "wanted"), [
    ({"Env": ["A", "B=", "C=d=e"]}, {"env": {"B": "", "C": "d=e"}, "unset_env": ["A"]}),
    ({"Hostname": "h", "Domainname": "d"}, {"hostname": "h", "sysctls": {"kernel.domainname": "d"}}),
    ({"User": "1:2", "WorkingDir": "/w"}, {"user": "1:2", "workdir": "/w", "make_workdir": True}),
    ({"Tty": True, "OpenStdin": True, "StdinOnce": True}, {"tty": True, "stdin": True, "stdin_once": True}),
    ({"StopSignal": "9", "StopTimeout": 0}, {"stop_signal": "9", "stop_timeout": 0}),
    ({"StopTimeout": -1}, {"stop_timeout": 2**31 - 1}),
    ({"Labels": {"a": "", "b": "c"}}, {"labels": {"a": "", "b": "c"}}),
    ({"Entrypoint": "sh"}, {"entrypoint": ["sh"]}),
    ({"Entrypoint": ""}, {"entrypoint": [""]}),
    ({"Entrypoint": ["sh", "-c"]}, {"entrypoint": ["sh", "-c"]}),
    ({"NetworkDisabled": True}, {"network": ("none",)}),
    ({"AttachStdin": True, "AttachStdout": True, "StopSignal": "QUIT"},
     {"asked": {"image": "busybox", "stop_signal": "QUIT", "attach": "stdin,stdout"}}),
])  # fmt: skip
def test_the_container(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = options(**said)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize(("said", "wanted"), [
    ({"Memory": 1 << 30, "MemorySwap": -1, "MemoryReservation": 5}, {"memory": 1 << 30, "memory_swap": -1,
                                                                    "memory_reservation": 5}),
    ({"NanoCpus": 1_500_000_000}, {"cpus": 1.5}),
    ({"CpuPeriod": 5, "CpuQuota": 6, "CpuShares": 7}, {"cpu_period": 5, "cpu_quota": 6, "cpu_shares": 7}),
    ({"CpusetCpus": "0,1", "CpusetMems": "0"}, {"cpuset_cpus": "0,1", "cpuset_mems": "0"}),
    ({"PidsLimit": -1}, {"pids_limit": -1}),
    ({"MemorySwappiness": 0, "OomKillDisable": True}, {"memory_swappiness": 0, "oom_kill_disable": True}),
    ({"BlkioWeight": 30, "BlkioWeightDevice": [{"Path": "/d", "Weight": 5}]},
     {"blkio_weight": 30, "blkio_weight_devices": ["/d:5"]}),
    ({"BlkioDeviceReadBps": [{"Path": "/d", "Rate": 5}], "BlkioDeviceWriteIOps": [{"Path": "/d", "Rate": 6}]},
     {"device_read_bps": ["/d:5"], "device_write_iops": ["/d:6"]}),
    ({"Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}]}, {"ulimits": ["nofile=1:2"]}),
    ({"Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"}]},
     {"devices": ["/dev/a:/dev/b:r"]}),
    ({"Devices": [{"PathOnHost": "/dev/a"}]}, {"devices": ["/dev/a:/dev/a:rwm"]}),
    ({"DeviceCgroupRules": ["c 1:3 r"]}, {"device_cgroup_rules": ["c 1:3 r"]}),
    ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}, {"restart": "on-failure:3"}),
    ({"RestartPolicy": {"Name": "on-failure"}}, {"restart": "on-failure"}),
    ({"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}}, {"restart": "unless-stopped"}),
    ({"AutoRemove": True, "Privileged": True, "ReadonlyRootfs": True, "PublishAllPorts": True},
     {"auto_remove": True, "privileged": True, "read_only": True, "read_only_tmpfs": False, "publish_all": True}),
    ({"CapAdd": ["NET_ADMIN"], "CapDrop": "ALL"}, {"cap_add": ["NET_ADMIN"], "cap_drop": ["ALL"]}),
    ({"SecurityOpt": ["no-new-privileges"], "MaskedPaths": [], "ReadonlyPaths": []},
     {"security_opt": ["no-new-privileges", "unmask=ALL"]}),
    ({"Dns": ["1.1.1.1"], "DnsOptions": ["a"], "DnsSearch": ["b"], "ExtraHosts": ["a:1.2.3.4"]},
     {"dns": ["1.1.1.1"], "dns_options": ["a"], "dns_search": ["b"], "add_hosts": ["a:1.2.3.4"]}),
    ({"PidMode": "host", "IpcMode": "private", "UTSMode": "host", "UsernsMode": "host", "CgroupnsMode": "host"},
     {"pid": "host", "ipc": "private", "uts": "host", "userns": "host", "cgroupns": "host"}),
    ({"ShmSize": 9, "OomScoreAdj": -5, "Init": False, "GroupAdd": ["5"]},
     {"shm_size": 9, "oom_score_adj": -5, "init": False, "groups": ["5"]}),
    ({"Sysctls": {"net.a": "1"}, "Annotations": {"a": "b"}, "CgroupParent": "/p", "VolumesFrom": ["x:ro"]},
     {"sysctls": {"net.a": "1"}, "annotations": {"a": "b"}, "cgroup_parent": "/p", "volumes_from": ["x:ro"]}),
    ({"LogConfig": {"Type": "journald", "Config": {"tag": "t"}}},
     {"log_driver": "journald", "log_options": {"tag": "t"}}),
    ({"LogConfig": {"Type": "local", "Config": {"max-size": "1m"}}},
     {"log_driver": "json-file", "log_options": {"max-size": "1m"}}),
])  # fmt: skip
def test_the_host(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = options(said)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize(("said", "volumes", "to_make"), [
    (["/a:/b"], ["/a:/b"], ["/a"]),
    (["/a:/b:ro,z"], ["/a:/b:ro,z"], ["/a"]),
    (["v:/b:nocopy"], ["v:/b:nocopy"], []),
    (["/anonymous"], ["/anonymous"], []),
    (["/a:/b:cached", "/c:/d:ro,delegated"], ["/a:/b", "/c:/d:ro"], ["/a", "/c"]),
])  # fmt: skip
def test_binds(said: list[str], volumes: list[str], to_make: list[str]) -> None:
    found = asked({"Binds": said})
    assert (found.options["volumes"], found.to_make) == (volumes, to_make)


@pytest.mark.parametrize(("said", "wanted"), [
    ({"Type": "bind", "Source": "/a", "ReadOnly": True, "BindOptions": {"Propagation": "rslave", "NonRecursive": True}},
     Mount(type="bind", source="/a", destination="/m", options=("ro", "bind", "rslave"))),
    ({"Type": "volume"}, Mount(type="volume", destination="/m")),
    ({"Type": "volume", "Source": "v", "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}, "DriverConfig": {
        "Name": "local", "Options": {"type": "tmpfs"}}}},
     Mount(type="volume", source="v", destination="/m", options=("nocopy",), labels={"a": "b"}, driver="local",
           driver_options={"type": "tmpfs"})),
    ({"Type": "tmpfs", "TmpfsOptions": {"SizeBytes": 1024, "Mode": 493, "Options": [["exec"], ["uid", "5"]]}},
     Mount(type="tmpfs", destination="/m", options=("size=1024", "mode=755", "exec", "uid=5"))),
    ({"Type": "image", "Source": "busybox", "ImageOptions": {"Subpath": "etc"}},
     Mount(type="image", source="busybox", destination="/m", options=("ro",), subpath="etc")),
    ({"Type": "volume", "Source": "v", "VolumeOptions": {"Subpath": "a/b"}},
     Mount(type="volume", source="v", destination="/m", subpath="a/b")),
])  # fmt: skip
def test_mounts(said: dict[str, Any], wanted: Mount) -> None:
    assert options({"Mounts": [{"Target": "/m"} | said]})["mounts"] == [wanted]


def test_places_that_are_said_twice() -> None:
    """Clients repeat under Volumes what they have said elsewhere, and slashes do not count."""
    host = {"Binds": ["/a:/b/:ro"], "Mounts": [{"Type": "tmpfs", "Target": "/c"}], "Tmpfs": {"/d": "size=1m", "/e": ""}}
    found = options(host, Volumes={"/b": {}, "/c": {}, "/d": {}, "/f": {}})
    assert found["volumes"] == ["/a:/b/:ro", "/f"]
    assert found["tmpfs"] == ["/d:size=1m", "/e"]


def test_a_directory_that_is_to_be_made() -> None:
    mount = {"Type": "bind", "Source": "/a", "Target": "/m"}
    assert asked({"Mounts": [mount]}).to_make == []
    assert asked({"Mounts": [mount | {"BindOptions": {"CreateMountpoint": True}}]}).to_make == ["/a"]


@pytest.mark.parametrize(("said", "published"), [
    ({"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}, ["8080:80/tcp"]),
    ({"80": [{"HostPort": ""}], "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}]},
     ["0:80", "127.0.0.1:53:53/udp"]),
    ({"80/tcp": [{"HostIp": "::1", "HostPort": "1"}, {"HostIp": "[::]", "HostPort": "2"}]},
     ["[::1]:1:80/tcp", "[::]:2:80/tcp"]),
    ({"80/tcp": None, "81/tcp": []}, []),
])  # fmt: skip
def test_ports(said: dict[str, Any], published: list[str]) -> None:
    found = options({"PortBindings": said}, ExposedPorts={"99/tcp": {}})
    assert found["publish"] == published
    assert found["expose"] == ["99/tcp", *said]


def test_a_range_of_ports_of_the_host() -> None:
    """The first that is free, and none of them twice; what has as many inside is a range there."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        if taken > 65530:
            pytest.skip("there is nothing behind this port")
        one, two = chosen([f"127.0.0.1:{taken}-{taken + 5}:80/tcp", f"127.0.0.1:{taken}-{taken + 5}:80/tcp"])
        assert taken < int(one.split(":")[1]) < int(two.split(":")[1])
        assert one.endswith(":80/tcp")
        with pytest.raises(PortTaken):
            chosen([f"127.0.0.1:{taken}-{taken}:80"])
    unchanged = ["8000:80", "0:80/udp", "8000-8001:80-81", "[::1]:5:80"]
    assert chosen(unchanged) == unchanged


def test_ports_of_the_host() -> None:
    found = asked({"NetworkMode": "host", "PortBindings": {"80/tcp": [{"HostPort": "1"}]}})
    assert found.options["publish"] == []
    assert found.warnings == ["Published ports are discarded when using host network mode"]


@pytest.mark.parametrize(("mode", "endpoints", "wanted"), [
    (None, None, None), ("", {}, None), ("default", {"default": {}}, None), ("default", {"default": None}, None),
    ("bridge", None, ("seabox:",)), ("host", None, ("host",)), ("none", {"none": {}}, ("none",)),
    ("container:x", None, ("container:x",)), ("mine", None, ("mine:",)),
    ("mine", {"mine": {"Aliases": ["a", "b", "a"]}}, ("mine:alias=a,alias=b",)),
    ("mine", {"mine": {"IPAMConfig": {"IPv4Address": "10.1.1.1", "IPv6Address": "fd::1"}, "MacAddress": "02::1"}},
     ("mine:ip=10.1.1.1,ip6=fd::1,mac=02::1",)),
    ("mine", {"other": {}, "mine": {"Links": ["db:db"]}}, ("mine:link=db:db", "other:")),
    ("default", {"mine": {"Aliases": ["a"]}}, ("mine:alias=a",)),  # as docker-py says it
    ("mine", {"mine": {"DriverOpts": {"com.docker.network.endpoint.ifname": "e0", "a": "b=c"}}},
     ("mine:interface_name=e0,note=com.docker.network.endpoint.ifname=e0,note=a=b=c",)),
    ("default", {"mine": {}, "default": {}}, ("seabox:", "mine:")),
    ("bridge", {"mine": {}}, ("seabox:", "mine:")),
])  # fmt: skip
def test_networks(mode: str | None, endpoints: dict[str, Any] | None, wanted: Any) -> None:
    assert networks(mode, endpoints) == wanted


def test_the_older_place_of_a_mac_address() -> None:
    assert networks("mine", {"mine": {}}, MacAddress="02:00:00:00:00:01") == ("mine:mac=02:00:00:00:00:01",)
    assert networks("", {}, MacAddress="02:00:00:00:00:01") == ("seabox:mac=02:00:00:00:00:01",)
    assert networks("mine", {"mine": {"MacAddress": "02::2"}}, MacAddress="02::1") == ("mine:mac=02::2",)


def test_links() -> None:
    """Those of HostConfig are in the network that the mode names; in the default one the others must be there."""
    endpoints = {"EndpointsConfig": {"n": {"Links": ["a:b"]}}}
    found = asked({"Links": ["db", "/db:/x/data"]}, NetworkingConfig={"EndpointsConfig": {"bridge": None}} | endpoints)
    assert found.options["network"] == ("n:link=a:b,link=db,link=db:data",)
    assert found.linked == ["db"]
    assert networks("", None, HostConfig={"Links": ["db", "/db:/x/data"]}) == ("seabox:link=db,link=db:data",)
    both = asked({"Links": ["a:b"], "NetworkMode": "n"}, NetworkingConfig=endpoints)  # as Docker's CLI says it
    assert (both.options["network"], both.linked) == (("n:link=a:b",), [])


@pytest.mark.parametrize(("said", "wanted"), [
    ({"Test": ["NONE"]}, {"healthcheck": ["NONE"]}),
    ({"Test": [], "Interval": 0}, {}),
    ({"Test": ["CMD", "a"], "Interval": 5 * 10**9, "Timeout": 2 * 10**9, "StartPeriod": 10**9, "Retries": 4,
      "StartInterval": 10**9},
     {"healthcheck": ["CMD", "a"], "health_interval": 5.0, "health_timeout": 2.0, "health_start_period": 1.0,
      "health_start_interval": 1.0, "health_retries": 4}),
    ({"Interval": 500_000_000, "Timeout": 500_000_000}, {"health_interval": 0.5, "health_timeout": 1.0}),
])  # fmt: skip
def test_health(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = options(Healthcheck=said)
    assert {key: value for key, value in found.items() if key.startswith("health")} == wanted


def test_what_has_no_effect_is_told() -> None:
    assert asked(Healthcheck={"Timeout": 5 * 10**6}).warnings == [
        "A health check is given at least one second",
    ]
    log = asked({"LogConfig": {"Type": "json-file", "Config": {"max-file": "3", "max-size": "1m", "tag": "x"}}})
    assert log.options["log_options"] == {"max-size": "1m"}
    assert log.warnings == ["Log options without effect: max-file, tag"]


def test_words_that_are_shown_again() -> None:
    mount = {"Type": "tmpfs", "Target": "/a", "TmpfsOptions": {"SizeBytes": 1}}
    log = {"Type": "json-file", "Config": {"max-file": "3"}}
    said = options(
        {"Tmpfs": {"/t": ""}, "Isolation": "default", "LogConfig": log, "Mounts": [mount], "VolumeDriver": "nfs"},
        Env=["A", "B=1"],
    )["asked"]  # fmt: skip
    assert json.loads(said["unset"]) == ["A"]
    assert json.loads(said["host_config"]) == {
        "Tmpfs": {"/t": ""}, "Isolation": "default", "LogConfig": log, "Mounts": [mount], "VolumeDriver": "nfs",
    }  # fmt: skip


def test_an_entrypoint_that_is_dropped() -> None:
    """An empty list keeps the image's command; an empty word does not."""
    assert asked(Entrypoint=[]).keeps_command
    assert not asked(Entrypoint=[], Cmd=["a"]).keeps_command
    assert not asked(Entrypoint=[""]).keeps_command
    assert asked(Cmd="one word").command == ["one word"]


def test_names() -> None:
    assert asked(name="/web").options["name"] == "web"


@pytest.mark.parametrize(("host", "body", "why"), [
    ({}, {"Image": ""}, "config cannot be empty"),
    ({"DeviceRequests": [{"Driver": "nvidia"}]}, {}, "could not select a device driver"),
    ({"StorageOpt": {"size": "1g"}}, {}, "StorageOpt is not supported"),
    ({"Isolation": "hyperv"}, {}, "invalid isolation"),
    ({"Runtime": "kata"}, {}, "unknown or invalid runtime name: kata"),
    ({"VolumeDriver": "nfs", "Binds": ["v:/d"]}, {}, "error looking up volume plugin nfs"),
    ({"LogConfig": {"Type": "syslog"}}, {}, 'error looking up logging plugin syslog: plugin "syslog" not found'),
    ({"Binds": ["./a:/b"]}, {}, "use an absolute path"),
    ({"Binds": ["a:b:c:d"]}, {}, "invalid volume specification"),
    ({"Mounts": [{"Type": "bind", "Source": "a", "Target": "/b"}]}, {}, "invalid mount path"),
    ({"Mounts": [{"Type": "npipe", "Target": "/b"}]}, {}, 'mount type unknown: "npipe"'),
    ({"Mounts": [{"Type": "volume"}]}, {}, "Target must not be empty"),
    ({"Mounts": [{"Type": "tmpfs", "Target": "/a", "TmpfsOptions": {"Options": [[]]}}]}, {}, "invalid option array"),
    ({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 1}}, {}, "can only be used with 'on-failure'"),
    ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -1}}, {}, "cannot be negative"),
    ({"NanoCpus": 1, "CpuQuota": 1}, {}, "cannot both be set"),
    ({"Links": [":x"]}, {}, "bad format for links"),
    ({"NetworkMode": "host"}, {"NetworkingConfig": {"EndpointsConfig": {"mine": {}}}}, "cannot be connected"),
    ({"NetworkMode": "mine"}, {"NetworkingConfig": {"EndpointsConfig": {"mine": {"Aliases": ["a,ip=1"]}}}}, "comma"),
    ({}, {"Env": [""]}, "invalid environment variable"),
    ({}, {"Healthcheck": {"Interval": 5}}, "cannot be less than 1ms"),
    ({}, {"Healthcheck": {"Retries": -1}}, "cannot be negative"),
])  # fmt: skip
def test_refused(host: dict[str, Any], body: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        asked(host, **body)


def test_an_update() -> None:
    said = decode(b'{"Memory":9,"CpuShares":0,"RestartPolicy":{"Name":"always"},"PidsLimit":null}', UpdateBody)
    assert changed_limits(said) == {"memory": 9}
    assert said.restart_policy is not None
    assert said.restart_policy.name == "always"
