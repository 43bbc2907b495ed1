"""What is written into config.json, and that it is what the OCI's schema says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import referencing.jsonschema

from seabox.errors import Refused, Unsupported
from seabox.model import oci
from seabox.model.container import ContainerConfig
from seabox.spec.facts import HostFacts
from seabox.spec.generate import write_bundle
from seabox.spec.masking import masked_paths
from seabox.spec.mounts import to_chown
from seabox.spec.place import Place
from seabox.spec.users import look_up

Generate = Callable[..., oci.Spec]
Resolve = Callable[..., ContainerConfig]

HERE = Path(__file__).parent
PODMANS_CAPABILITIES = {
    f"CAP_{name}"
    for name in (
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
        "SETUID", "SYS_CHROOT",
    )
}  # fmt: skip
RICH: dict[str, dict[str, Any]] = {
    "default": {},
    "rich": {
        "user": "bob", "groups": ("video", "55"), "tty": True, "hostname": "boat", "env": {"A": "1", "HOME": "/h"},
        "volumes": ("/opt:/data:ro,z,U",), "tmpfs": ("/scratch:size=1m",), "read_only": True, "init": True,
        "memory": 64 << 20, "memory_reservation": 32 << 20, "cpus": 0.5, "cpuset_cpus": "0", "pids_limit": 9,
        "ulimits": ("nofile=10:20",), "sysctls": {"net.ipv4.ip_forward": "1"}, "oom_score_adj": 5,
        "cap_add": ("NET_RAW",), "cap_drop": ("KILL",), "workdir": "/srv", "umask": 0, "annotations": {"k": "v"},
        "security_opt": ("no-new-privileges", "mask=/extra", "unmask=/proc/acpi"), "devices": ("/dev/null:/dev/nil:r",),
        "ipc": "ns:/run/some/ipc", "add_hosts": ("db:10.0.0.7",), "shm_size": 4096,
    },
    "host": {"network": "host", "pid": "host", "ipc": "host", "uts": "host", "cgroupns": "host"},
    "privileged": {"privileged": True, "cap_drop": ("MKNOD",)},
    "unlimited": {"cgroups": "disabled", "pids_limit": -1, "cap_drop": ("all",)},
}  # fmt: skip


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((HERE / "runtime-spec-schema" / name).read_text())
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    """Forbid what the schema does not name: a misspelt key is ignored by runtimes, and that is the danger."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)


@pytest.fixture(scope="module")
def validator() -> jsonschema.protocols.Validator:
    def retrieve(uri: str) -> referencing.Resource[Any]:
        return referencing.Resource.from_contents(
            _schema(uri.rpartition("/")[2]), default_specification=referencing.jsonschema.DRAFT4
        )

    return jsonschema.Draft4Validator(
        _schema("config-schema.json"),
        registry=referencing.Registry(retrieve=retrieve),  # type: ignore[call-arg]
    )


@pytest.mark.parametrize("name", RICH)
def test_it_is_what_the_specification_says(
    generated: Generate, validator: jsonschema.protocols.Validator, name: str
) -> None:
    document = json.loads(oci.encode(generated(**RICH[name])))
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("name", ["default", "rich"])
def test_golden(generated: Generate, place: Place, name: str) -> None:
    """The whole document, so that no change of it goes unseen. SEABOX_GOLDEN=write makes them anew."""
    text = json.dumps(json.loads(oci.encode(generated(**RICH[name]))), indent=1, sort_keys=True)
    text = text.replace(str(Path(place.bundle).parent), "<TMP>") + "\n"
    golden = HERE / "golden" / f"{name}.json"
    if os.environ.get("SEABOX_GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


def test_capabilities(generated: Generate) -> None:
    def sets(**fields: Any) -> oci.Capabilities:
        found = generated(**fields).process.capabilities
        assert found is not None
        return found

    default = sets()
    assert set(default.bounding) == PODMANS_CAPABILITIES
    assert default.effective == default.permitted == default.bounding
    assert default.inheritable == default.ambient == ()
    bob = sets(user="bob")
    assert set(bob.bounding) == PODMANS_CAPABILITIES
    assert bob.effective == bob.permitted == bob.inheritable == bob.ambient == ()
    added = sets(user="bob", cap_add=("NET_RAW",))
    assert added.effective == added.permitted == added.inheritable == added.ambient == ("CAP_NET_RAW",)
    assert sets(cap_drop=("ALL",), cap_add=("KILL",)).bounding == ("CAP_KILL",)
    assert sets(cap_drop=("ALL",)) == oci.Capabilities()


def test_all_capabilities_are_those_of_the_caller(generated: Generate) -> None:
    facts = HostFacts(capabilities=("CAP_CHOWN", "CAP_NET_RAW"))
    for fields in ({"privileged": True}, {"cap_add": ("all",)}):
        capabilities = generated(facts=facts, **fields).process.capabilities
        assert capabilities is not None
        assert capabilities.effective == ("CAP_CHOWN", "CAP_NET_RAW")
    assert generated(facts=facts).process.capabilities == oci.Capabilities(
        bounding=("CAP_CHOWN",), effective=("CAP_CHOWN",), permitted=("CAP_CHOWN",)
    )
    with pytest.raises(Refused, match="cannot add CAP_SYS_TIME: seabox itself does not hold this capability") as caught:
        generated(facts=facts, cap_add=("SYS_TIME",))
    assert caught.value.exit_code == 126


def test_privileged(generated: Generate) -> None:
    spec = generated(privileged=True)
    linux = spec.linux
    assert linux.seccomp is None
    assert linux.masked_paths == linux.readonly_paths == ()
    assert linux.resources is not None
    assert linux.resources.devices == (oci.DeviceRule(allow=True, access="rwm"),)
    assert all("ro" not in mount.options for mount in spec.mounts)
    assert generated(privileged=True, security_opt=("mask=/secret",)).linux.masked_paths == ("/secret",)


def test_masked_paths(generated: Generate, resolved: Resolve) -> None:
    everything = set(generated().linux.masked_paths)
    assert {"/proc/kcore", "/proc/keys", "/proc/interrupts", "/sys/firmware", "/sys/dev/block"} <= everything
    assert {"/sys/devices/virtual/powercap", "/proc/acpi", "/proc/asound", "/sys/fs/selinux"} <= everything
    assert set(generated().linux.readonly_paths) == {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"
    }  # fmt: skip
    some = generated(security_opt=("unmask=/proc/k*:/proc/sys",)).linux
    assert set(some.masked_paths) == everything - {"/proc/kcore", "/proc/keys"}
    assert "/proc/sys" not in some.readonly_paths
    none = generated(security_opt=("unmask=ALL",)).linux
    assert none.masked_paths == none.readonly_paths == ()
    throttle = "/sys/devices/system/cpu/cpu0/thermal_throttle"
    assert throttle in masked_paths(resolved().security, HostFacts(cpu_paths=(throttle,)))


def test_device_rules_deny_all_but_what_is_given(generated: Generate) -> None:
    spec = generated(devices=("/dev/null:/dev/nil:r", "/dev/zero"))
    assert spec.linux.resources is not None
    assert spec.linux.resources.devices == (
        oci.DeviceRule(allow=False, access="rwm"),
        oci.DeviceRule(allow=True, type="c", major=1, minor=3, access="r"),
        oci.DeviceRule(allow=True, type="c", major=1, minor=5, access="rwm"),
    )
    assert [(node.path, node.major, node.minor) for node in spec.linux.devices] == [
        ("/dev/nil", 1, 3),
        ("/dev/zero", 1, 5),
    ]


def test_mounts_come_after_what_they_stand_on(generated: Generate) -> None:
    spec = generated(volumes=("/opt:/run/deep/er", "/usr:/run"), tmpfs=("/var/tmp",), read_only=True)
    destinations = [mount.destination for mount in spec.mounts]
    assert len(destinations) == len(set(destinations))
    for at, destination in enumerate(destinations):
        assert not any(other.startswith(destination + "/") for other in destinations[:at])
    run = next(mount for mount in spec.mounts if mount.destination == "/run")
    assert run.source == "/usr"
    assert "/run/.containerenv" not in destinations  # would be a file made in the host's directory
    assert {"/tmp", "/etc/hosts"} <= set(destinations)


def test_the_users_dev_is_left_alone(generated: Generate) -> None:
    below_dev = [m for m in generated(volumes=("/dev:/dev",)).mounts if m.destination.startswith("/dev")]
    assert [(m.type, m.source, m.destination) for m in below_dev] == [("bind", "/dev", "/dev")]
    below_sys = [m.destination for m in generated(volumes=("/sys:/sys:ro",)).mounts if m.destination.startswith("/sys")]
    assert below_sys == ["/sys"]


def test_options_no_runtime_knows_stay_here(generated: Generate, resolved: Resolve, place: Place) -> None:
    spec = generated(volumes=("/opt:/a:U,z",), tmpfs=("/b:notmpcopyup",))
    options = {mount.destination: mount.options for mount in spec.mounts}
    assert set(options["/a"]) == {"rbind", "rw", "rprivate"}
    assert "notmpcopyup" not in options["/b"]
    config = resolved(volumes=("/opt:/a:U",), user="bob")
    assert to_chown(config, look_up(place.rootfs, config.user)) == (("/opt", 1000, 100),)


@pytest.mark.parametrize(("option", "expected"), [("rshared", "shared"), ("slave", "rslave"), ("rprivate", "")])
def test_root_propagation_follows_the_mounts(generated: Generate, option: str, expected: str) -> None:
    assert generated(volumes=(f"/opt:/a:{option}",)).linux.rootfs_propagation == expected


def test_namespaces(generated: Generate, place: Place) -> None:
    def kinds(**fields: Any) -> dict[str, str]:
        return {each.type: each.path for each in generated(**fields).linux.namespaces}

    assert kinds() == dict.fromkeys(("mount", "network", "pid", "ipc", "uts", "cgroup"), "")
    assert kinds(network="host", pid="host", ipc="host", uts="host", cgroupns="host") == {"mount": ""}
    joined = Place(rootfs=place.rootfs, bundle=place.bundle, namespaces={"network": "/proc/7/ns/net"})
    assert kinds(place=joined, network="container:web", pid="ns:/p")["network"] == "/proc/7/ns/net"
    assert kinds(place=joined, network="container:web", pid="ns:/p")["pid"] == "/p"


def test_host_ipc_has_the_hosts_queues_and_memory(generated: Generate) -> None:
    sources = {mount.destination: (mount.type, mount.source) for mount in generated(ipc="host").mounts}
    assert sources["/dev/shm"] == ("bind", "/dev/shm")
    given = generated(ipc="ns:/proc/5/ns/ipc", place=_with(generated, shm="/shm-of-other"))
    assert ("bind", "/shm-of-other") in [(m.type, m.source) for m in given.mounts if m.destination == "/dev/shm"]


def _with(generated: Generate, **fields: str) -> Place:
    root = generated().root.path
    return Place(rootfs=root, bundle=os.path.dirname(root) + "/bundle", **fields)  # type: ignore[arg-type]


def test_limits(generated: Generate) -> None:
    resources = generated(memory=8 << 20).linux.resources
    assert resources is not None
    assert resources.memory == oci.Memory(limit=8 << 20, swap=16 << 20)
    assert resources.pids == oci.Pids(limit=2048)
    without = generated(memory=8 << 20, facts=HostFacts(swap_limit=False)).linux.resources
    assert without is not None
    assert without.memory == oci.Memory(limit=8 << 20)
    poor = HostFacts(controllers=frozenset(), swap_limit=False)
    with pytest.raises(Unsupported, match="no memory cgroup controller"):
        generated(memory=8 << 20, facts=poor)
    with pytest.raises(Unsupported, match="cannot limit swap"):
        generated(memory=8 << 20, memory_swap=-1, facts=HostFacts(swap_limit=False))
    bare = generated(facts=poor).linux.resources
    assert bare is not None
    assert bare.pids is None
    off = generated(cgroups="disabled").linux
    assert (off.resources, off.cgroups_path) == (None, "")


def test_rlimits_are_clamped_to_what_we_may_set(generated: Generate) -> None:
    def limits(facts: HostFacts, **fields: Any) -> dict[str, tuple[int, int]]:
        return {each.type: (each.soft, each.hard) for each in generated(facts=facts, **fields).process.rlimits}

    bound = {"nofile": (1024, 4096), "nproc": (100, 200)}
    weak = HostFacts(capabilities=("CAP_CHOWN",), rlimits=bound)
    strong = HostFacts(capabilities=("CAP_CHOWN", "CAP_SYS_RESOURCE"), rlimits=bound)
    asked = ("nofile=9999:99999", "nproc=-1")
    assert limits(weak, ulimits=asked) == {
        "RLIMIT_NOFILE": (4096, 4096), "RLIMIT_NPROC": (200, 200), "RLIMIT_CORE": (0, 0)
    }  # fmt: skip
    assert limits(strong, ulimits=asked)["RLIMIT_NOFILE"] == (9999, 99999)
    assert limits(strong, ulimits=asked)["RLIMIT_NPROC"] == (2**64 - 1, 2**64 - 1)
    assert limits(weak) == {"RLIMIT_CORE": (0, 0)}
    endless = HostFacts(rlimits={"nofile": (1024, 2**64 - 1)})
    assert limits(endless)["RLIMIT_NOFILE"] == (1024, 1 << 20)


@pytest.mark.parametrize(
    ("asked", "own", "expected"), [(-500, 0, 0), (-500, -900, -500), (300, 0, 300), (None, 0, None)]
)
def test_oom_score(generated: Generate, asked: int | None, own: int, expected: int | None) -> None:
    facts = HostFacts(capabilities=(), oom_score_adj=own)
    assert generated(facts=facts, oom_score_adj=asked).process.oom_score_adj == expected


def test_init(generated: Generate, place: Place) -> None:
    spec = generated(init=True, command=("sleep", "9"))
    assert spec.process.args == ("/run/podman-init", "--", "sleep", "9")
    assert spec.mounts[-1].destination in ("/run/podman-init", "/run/.containerenv", "/sys/fs/cgroup")
    init = next(mount for mount in spec.mounts if mount.destination == "/run/podman-init")
    assert (init.source, init.options) == ("/usr/bin/catatonit", ("bind", "ro", "rprivate"))
    with pytest.raises(Unsupported, match="--init needs catatonit"):
        generated(init=True, place=Place(rootfs=place.rootfs, bundle=place.bundle))


def test_sysctls(generated: Generate) -> None:
    assert generated().linux.sysctl == {"net.ipv4.ping_group_range": "0 0"}
    assert generated(network="host").linux.sysctl == {}
    assert generated(facts=HostFacts(ping_group_range=False)).linux.sysctl == {}
    own = {"net.ipv4.ping_group_range": "5 6", "kernel.sem": "1 2 3 4"}
    assert generated(sysctls=own).linux.sysctl == own


def test_apparmor(generated: Generate) -> None:
    with pytest.raises(Refused, match='AppArmor profile "tight" specified, but AppArmor is not enabled'):
        generated(security_opt=("apparmor=tight",))
    assert generated(security_opt=("apparmor=unconfined",)).process.apparmor_profile == ""
    on = HostFacts(apparmor=True)
    assert generated(facts=on, security_opt=("apparmor=tight",)).process.apparmor_profile == "tight"


@pytest.mark.parametrize("name", ["dev", "proc", "sys"])
def test_a_root_with_links_for_kernel_directories_is_refused(generated: Generate, root: Path, name: str) -> None:
    (root / name).rmdir()
    (root / name).symlink_to("/opt")
    with pytest.raises(Refused, match=f"its /{name} is a symbolic link"):
        generated()
    (root / name).unlink()
    assert generated().root.path == str(root)  # the runtime makes what is missing
    (root / name).write_text("")
    with pytest.raises(Refused, match=f"its /{name} is no directory"):
        generated()


def test_a_bundle_is_complete(resolved: Resolve, place: Place, facts: HostFacts) -> None:
    write_bundle(resolved(), place, facts)
    bundle = Path(place.bundle)
    spec = json.loads((bundle / "config.json").read_bytes())
    sources = [mount["source"] for mount in spec["mounts"] if mount["type"] == "bind"]
    assert sources
    assert all(os.path.exists(source) for source in sources)
    assert (bundle / "config.json").stat().st_mode & 0o777 == 0o600
