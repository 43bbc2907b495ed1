"""The less common flags of `create`: what each comes to, and the one line that a bad value gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seabox.errors import InvalidArgument, Unsupported
from seabox.model import oci
from seabox.model.container import ContainerConfig, ImageConfig, Mount
from seabox.spec.facts import HostFacts
from seabox.spec.generate import generate, write_bundle
from seabox.spec.place import Place

Resolve = Callable[..., ContainerConfig]
Generate = Callable[..., oci.Spec]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"blkio_weight": 5}, "range of blkio weight is from 10 to 1000"),
    ({"blkio_weight_devices": ("/dev/null",)}, "bad format: /dev/null"),
    ({"blkio_weight_devices": ("null:100",)}, "bad format for device path: null:100"),
    ({"blkio_weight_devices": ("/dev/null:5",)}, "invalid weight for device: /dev/null:5"),
    ({"device_read_bps": ("/dev/null:many",)}, "invalid rate for device: /dev/null:many. The correct format is"),
    ({"device_read_bps": ("/dev/nothing:1mb",)}, "stat /dev/nothing: no such file or directory"),
    ({"device_write_iops": ("/dev/null:1k",)}, "invalid rate for device: /dev/null:1k"),
    ({"device_cgroup_rules": ("c 1:3",)}, 'requires type, major:Minor, and access rules: "c 1:3"'),
    ({"device_cgroup_rules": ("x 1:3 rwm",)}, "invalid device type in device-access-add: x"),
    ({"device_cgroup_rules": ("c 1:x rwm",)}, 'strconv.ParseUint: parsing "x": invalid syntax'),
    ({"device_cgroup_rules": ("c 1:* rmX",)}, "invalid device access in device-access-add: X"),
    ({"memory_swappiness": 101}, "valid memory swappiness range is 0-100"),
    ({"cgroup_conf": {"../x": "1"}}, "invalid cgroup setting"),
    ({"groups": ("keep-groups", "5")}, "is not allowed with any other --group-add options"),
    ({"personality": "HP-UX"}, "invalid personality 'HP-UX'"),
    ({"tz": "Nowhere/Land"}, "stat /usr/share/zoneinfo/Nowhere/Land: no such file or directory"),
    ({"tz": "../../etc/passwd"}, "invalid time zone"),
    ({"passwd_entry": "me"}, "invalid passwd entry 'me'"),
    ({"host_users": ("no-such-user",)}, "unknown user no-such-user"),
    ({"systemd": "perhaps"}, 'invalid systemd mode "perhaps"'),
    ({"image_volume": "vacuum"}, 'invalid image-volume type "vacuum"'),
    ({"chroot_dirs": ("x",)}, "chroot directory 'x' must be an absolute path"),
    ({"userns": "moon"}, 'unrecognized user namespace mode "moon" passed'),
    ({"security_opt": ("proc-opts=exec",)}, 'invalid --security-opt 2: "proc-opts=exec"'),
    ({"volumes": ("/opt:/x:upperdir=/tmp",)}, "it goes with the option O"),
    ({"volumes": ("/opt:/x:O,upperdir=/tmp",)}, "cannot specify upperdir without workdir"),
    ({"mounts": (Mount(type="devpts", destination="/x", options=("size=5",)),)}, 'invalid mount option "size=5"'),
    ({"mounts": (Mount(type="image", destination="/x"),)}, "must set source of an image mount"),
]


@pytest.mark.parametrize(("fields", "words"), BAD)
def test_bad_values_are_one_clear_line(resolved: Resolve, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        resolved(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_this_runtime_or_host_cannot_do(resolved: Resolve, generated: Generate) -> None:
    with pytest.raises(Unsupported, match="runc does not know --personality"):
        resolved(personality="LINUX32", runtime="/usr/bin/runc")
    with pytest.raises(Unsupported, match="cgroup v2"):
        generated(cgroup_conf={"memory.high": "1"}, facts=HostFacts(cgroup_mode="v1"))


def test_block_io(generated: Generate) -> None:
    made = generated(
        blkio_weight=200, blkio_weight_devices=("/dev/null:300",), device_read_bps=("/dev/null:1mb",),
        device_write_bps=("/dev/null:2",), device_read_iops=("/dev/null:3",), device_write_iops=("/dev/null:4",),
    ).linux.resources  # fmt: skip
    assert made is not None
    assert made.block_io is not None
    assert made.block_io.weight == 200
    assert made.block_io.weight_device == (oci.WeightDevice(major=1, minor=3, weight=300),)
    assert made.block_io.throttle_read_bps_device == (oci.ThrottleDevice(major=1, minor=3, rate=1 << 20),)
    assert [each[0].rate for each in (
        made.block_io.throttle_write_bps_device, made.block_io.throttle_read_iops_device,
        made.block_io.throttle_write_iops_device,
    )] == [2, 3, 4]  # fmt: skip
    text = oci.encode(generated(device_read_iops=("/dev/null:3",)))
    assert b'"throttleReadIOPSDevice":[{"major":1,"minor":3,"rate":3}]' in text


def test_other_limits(generated: Generate) -> None:
    made = generated(
        memory=64 << 20, memory_swappiness=50, oom_kill_disable=True, cpu_rt_period=1000, cpu_rt_runtime=500,
        facts=HostFacts(cgroup_mode="v1"),
    ).linux.resources  # fmt: skip
    assert made is not None
    assert made.memory is not None
    assert made.cpu is not None
    assert (made.memory.swappiness, made.memory.disable_oom_killer) == (50, True)
    assert (made.cpu.realtime_period, made.cpu.realtime_runtime) == (1000, 500)
    made = generated(oom_kill_disable=True, cgroup_conf={"memory.high": "1"}).linux.resources  # v2
    assert made is not None
    assert made.memory is None
    assert made.unified == {"memory.high": "1"}


def test_a_device_rule_gives_no_node(generated: Generate) -> None:
    made = generated(device_cgroup_rules=("c 10:* rm",)).linux
    assert made.devices == ()
    assert made.resources is not None
    assert made.resources.devices[-1] == oci.DeviceRule(allow=True, type="c", major=10, minor=None, access="rm")


def test_groups_of_ours(resolved: Resolve) -> None:
    assert resolved(groups=("keep-groups",)).groups == ()


def test_variables(resolved: Resolve) -> None:
    image = ImageConfig(id="e" * 64, command=("x",), env={"PATH": "/image", "A": "image"})
    env = resolved(image=image, env_merge={"PATH": "${PATH}:/more", "B": "$A-$NONE"}).env
    assert (env["PATH"], env["B"]) == ("/image:/more", "image-")
    assert resolved(image=image, unset_env_all=True, env={"C": "c"}).env == {"C": "c"}
    assert "A" not in resolved(image=image, unset_env=("A",)).env
    assert resolved(image=image, unset_env=("A",), env={"A": "mine"}).env["A"] == "mine"


def test_systemd(resolved: Resolve, generated: Generate) -> None:
    for command, mode, expected in (
        (("/sbin/init",), "true", True), (("/lib/systemd/systemd", "--user"), "true", True), (("sh",), "true", False),
        (("sh",), "always", True), (("/sbin/init",), "false", False),
    ):  # fmt: skip
        assert resolved(command=command, systemd=mode).systemd is expected
    config = resolved(systemd="always")
    assert (config.stop_signal, config.env["container_uuid"]) == (37, config.id[:32])
    assert resolved(systemd="always", stop_signal="TERM").stop_signal == 15
    mounts = {mount.destination: mount for mount in generated(systemd="always").mounts}
    assert {"/run", "/run/lock", "/tmp", "/var/log/journal"} <= mounts.keys()
    assert "rw" in mounts["/sys/fs/cgroup"].options
    mounts = {m.destination: m for m in generated(systemd="always", facts=HostFacts(cgroup_mode="v1")).mounts}
    assert "ro" in mounts["/sys/fs/cgroup"].options
    assert "/sys/fs/cgroup/systemd" not in mounts


def test_files_of_etc(resolved: Resolve, place: Place, facts: HostFacts) -> None:
    config = resolved(
        user="4321", passwd_entry="u$USERNAME:*:$UID:$GID:me:$HOME:/bin/sh", host_users=("nobody", "root"), tz="UTC",
        chroot_dirs=("/jail",),
    )  # fmt: skip
    write_bundle(config, place, facts)
    lines = Path(place.bundle, "passwd").read_text().splitlines()
    assert lines[-2] == "u4321:*:4321:0:me:/:/bin/sh"
    assert lines[-1].startswith("nobody:*:65534:")
    assert Path(place.bundle, "localtime").read_bytes().startswith(b"TZif")
    places = [mount.destination for mount in generate(config, place, facts).mounts]
    assert {"/etc/localtime", "/etc/passwd", "/jail/etc/hosts", "/jail/etc/localtime"} <= {*places}
    assert not any(m.destination == "/etc/passwd" for m in generate(
        resolved(user="4321", passwd=False), place, facts).mounts)  # fmt: skip
    user = generate(resolved(user="nobody", host_users=("nobody",)), place, facts).process.user
    assert user.uid == 65534


def test_init_and_personality_and_proc(generated: Generate) -> None:
    spec = generated(init=True, init_path="/my/init", personality="linux32", security_opt=("proc-opts=hidepid=2",))
    assert next(m for m in spec.mounts if m.destination == "/run/podman-init").source == "/my/init"
    assert spec.linux.personality == oci.Personality(domain="LINUX32")
    assert "hidepid=2" in next(m for m in spec.mounts if m.destination == "/proc").options


def test_image_volumes(resolved: Resolve) -> None:
    image = ImageConfig(id="e" * 64, command=("x",), volumes=("/a", "/b"))
    found = resolved(image=image, image_volume="tmpfs", volumes=("/opt:/b",)).mounts
    assert [(mount.type, mount.destination) for mount in found] == [("bind", "/b"), ("tmpfs", "/a")]
    assert resolved(image=image, image_volume="ignore").mounts == ()


def test_overlaid_directories(resolved: Resolve, place: Place, facts: HostFacts, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir(mode=0o750)
    place = Place(**{name: getattr(place, name) for name in place.__struct_fields__} | {"overlays": f"{tmp_path}/o"})
    config = resolved(volumes=(f"{source}:/x:O",))
    write_bundle(config, place, facts)
    mount = next(m for m in generate(config, place, facts).mounts if m.destination == "/x")
    assert mount.type == "overlay"
    assert mount.options[:3] == (f"lowerdir={source}", f"upperdir={tmp_path}/o/0/upper", f"workdir={tmp_path}/o/0/work")
    assert os.stat(tmp_path / "o/0/upper").st_mode & 0o777 == 0o750


def test_no_word_of_an_image_changes_what_is_allowed(resolved: Resolve, generated: Generate) -> None:
    """Labels that other engines take as orders: none changes anything but the labels themselves."""
    words = {
        "io.containers.seccomp.profile": '{"defaultAction":"SCMP_ACT_ALLOW"}',
        "io.podman.annotations.privileged": "TRUE",
        "io.podman.annotations.seccomp": "unconfined",
        "io.podman.annotations.userns": "host",
        "io.containers.capabilities": "SYS_ADMIN,NET_ADMIN",
        "run.oci.keep_original_groups": "1",
        "run.oci.handler": "krun",
        "run.oci.seccomp_fail_unknown_syscall": "0",
        "io.kubernetes.cri-o.userns-mode": "auto",
        "org.systemd.property.CPUWeight": "10000",
    }
    plain = ImageConfig(id="e" * 64, command=("x",))
    loud = ImageConfig(id="e" * 64, command=("x",), labels=words)
    assert resolved(image=loud).security == resolved(image=plain).security
    assert oci.encode(generated(image=loud)) == oci.encode(generated(image=plain))
