"""An archive of a checkpoint comes from a stranger: what it must not hold is refused, and nothing is made outside."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seabox.checkpoint import criu, privileges, stats
from seabox.checkpoint.document import BadCheckpoint, decode, decode_foreign, encode
from seabox.checkpoint.intake import Intake
from seabox.checkpoint.privileges import wider
from seabox.images.tarstream import Archive
from seabox.model.checkpoint import Address, Checkpoint
from seabox.model.container import ContainerConfig, Device, Mount, Namespaces, Resources, Security, Ulimit
from seabox.model.health import Healthcheck
from seabox.model.network import Attachment, Port

CONFIG = ContainerConfig(
    id="0123456789abcdef" * 4, name="one", created_at=1, argv=("sh",), image="busybox", env={"A": "b"},
    networks=(Attachment(network="x", name="lan", ips=("10.0.0.2",)),), ports=(Port(container=80, host=8080),),
    healthcheck=Healthcheck(test=("CMD", "true")),
    mounts=(
        Mount(type="tmpfs", destination="/tmp"),
        Mount(type="volume", source="data", destination="/data", options=("rprivate", "nosuid", "nodev", "rbind")),
    ),
    security=Security(cap_drop=("ALL",), no_new_privileges=True, read_only=True), resources=Resources(memory=1 << 20),
    annotations={"fine": "yes"}, sysctls={"net.ipv4.ip_forward": "1"}, ulimits=(Ulimit(name="nofile", soft=1, hard=1),),
    labels={"io.podman.annotations.privileged": "TRUE", "org.criu.config": "/x"},
)  # fmt: skip
ABOUT = Checkpoint(created_at=1, by="0", runtime="runc", config=CONFIG, addresses=(Address(network="lan"),))
WIDER: dict[str, dict[str, Any]] = {
    "--privileged": {"security": Security(privileged=True)},
    "--cap-add CAP_SYS_ADMIN": {"security": Security(cap_add=("CAP_SYS_ADMIN",))},
    "seccomp='unconfined'": {"security": Security(seccomp="unconfined")},
    "apparmor='unconfined'": {"security": Security(apparmor="unconfined")},
    "unmask=ALL": {"security": Security(unmask=("ALL",))},
    "pid namespace host": {"namespaces": Namespaces(pid="host")},
    "network namespace ns:/proc/1/ns/net": {"namespaces": Namespaces(network="ns:/proc/1/ns/net")},
    "--device /dev/sda": {"devices": (Device(source="/dev/sda", destination="/dev/sda"),)},
    "device-rules=('a *:* rwm',)": {"device_rules": ("a *:* rwm",)},
    "--volume /:/host": {"mounts": (Mount(type="bind", source="/", destination="/host"),)},
    "--volume data:/d": {"mounts": (
        Mount(type="volume", source="data", destination="/d", driver_options={"type": "none", "device": "/"}),
    )},
    "--volume data:/o": {"mounts": (
        Mount(type="volume", source="data", destination="/o", options=("O", "upperdir=/etc", "workdir=/tmp")),
    )},
    "--sysctl kernel.core_pattern": {"sysctls": {"kernel.core_pattern": "|/x"}},
    "rootfs='/'": {"rootfs": "/"}, "--oom-score-adj -1000": {"oom_score_adj": -1000},
    "--ulimit rtprio": {"ulimits": (Ulimit(name="rtprio", soft=99, hard=99),)},
    "--cgroups disabled": {"cgroups": "disabled"},
    "--annotation org.criu.config": {"annotations": {"org.criu.config": "/etc/passwd"}},
    "--annotation run.oci.handler": {"annotations": {"run.oci.handler": "krun"}},
    "--annotation io.podman.annotations.seccomp": {"annotations": {"io.podman.annotations.seccomp": "unconfined"}},
    "init-path='/bin/sh'": {"init_path": "/bin/sh"},
    "unified={'cgroup.procs': '1'}": {"resources": Resources(unified={"cgroup.procs": "1"})},
    "timezone='../../etc/shadow'": {"timezone": "../../etc/shadow"},
}  # fmt: skip


def archive(*members: tuple[str, bytes] | tarfile.TarInfo, about: bytes | None = None) -> Archive:
    """An archive that begins as ours do, with these members after that."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in (("checkpoint.json", encode(ABOUT) if about is None else about), *members):
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                tar.addfile(entry, io.BytesIO(member[1]))
    return Archive(iter([out.getvalue()]))


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


def take_in(folder: Path, taken: Archive, room: int = 1 << 30) -> list[str]:
    """All that was made below `folder`, and in it nowhere but in the container's own directory."""
    static = folder / "own"
    layers: list[bytes] = []

    def volume(name: str, pieces: Iterable[memoryview]) -> bool:
        layers.append(b"".join(map(bytes, pieces)))
        return name == "data"

    def layer(pieces: Iterable[memoryview], size: int) -> None:
        layers.append(b"".join(map(bytes, pieces)))
        assert len(layers[-1]) == size

    Intake.ours(taken, "a.tar").rest(f"{static}/checkpoint", str(static), layer, volume, room)
    assert [each.name for each in folder.iterdir()] == ["own"]
    return sorted(str(path.relative_to(static)) for path in static.rglob("*") if path.is_file())


def test_a_good_one(tmp_path: Path) -> None:
    members = (
        ("spec.dump", b"{}"), ("criu/core-1.img", b"core"), ("criu/tmpfs-dev-43.tar.gz.img", b"t"),
        special("criu", b"5"),
        ("artifacts/a note", b"kept"), ("ctr.log", b"log"), ("rootfs-diff.tar", b"layer"), ("dump.log", b""),
        special("volumes", b"5"), ("volumes/data.tar", b"files"),
    )  # fmt: skip
    assert take_in(tmp_path, archive(*members)) == [
        "artifacts/a note", "checkpoint/criu/core-1.img", "checkpoint/criu/tmpfs-dev-43.tar.gz.img",
        "checkpoint/dump.log", "checkpoint/spec.dump", "ctr.log",
    ]  # fmt: skip
    assert (tmp_path / "own/checkpoint/criu/core-1.img").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize(
    "member",
    [
        ("../escape", b""), ("/etc/escape", b""), ("criu/../../escape", b""), ("criu/..", b""), ("artifacts/..", b""),
        ("criu/a/b", b""), ("criu/.hidden", b""), ("criu/a\nb", b""), ("other", b""), ("config.json", b""),
        ("container.json", b""), ("checkpoint/criu/x", b""), ("snapshots/s/criu/x", b""), ("pre-checkpoint/x", b""),
        special("criu/link", b"2", "/etc/passwd"), special("criu", b"2", "/etc"), special("ctr.log", b"1", "spec.dump"),
        special("artifacts/node", b"3"), special("criu/fifo", b"6"), special("elsewhere", b"5"),
        ("artifacts/" + "x" * 300, b""), ("volumes/other.tar", b""), ("volumes/data", b""),
        ("volumes/../data.tar", b""), ("volumes/a/data.tar", b""), ("volumes/.tar", b""),
        special("volumes/data.tar", b"2", "/etc"),
    ],
    ids=lambda member: member.name if isinstance(member, tarfile.TarInfo) else member[0],  # an address is not an id
)  # fmt: skip
def test_members_that_do_not_belong(tmp_path: Path, member: tuple[str, bytes] | tarfile.TarInfo) -> None:
    with pytest.raises((BadCheckpoint, OSError)) as caught:
        take_in(tmp_path, archive(("criu/inventory.img", b""), member))
    assert "\n" not in str(caught.value)
    assert {each.name for each in tmp_path.iterdir()} <= {"own"}
    assert not (tmp_path / "own" / "container.json").exists()


def test_a_member_twice_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="twice"):
        take_in(tmp_path / "a", archive(("ctr.log", b"1"), ("./ctr.log", b"2")))
    with pytest.raises(BadCheckpoint, match=r"criu/pages-1.img has 1000 bytes, which is too much"):
        take_in(tmp_path / "b", archive(("criu/pages-1.img", bytes(1000))), room=999)
    with pytest.raises(BadCheckpoint, match="too much"):
        take_in(tmp_path / "c", archive(("stats-dump", bytes(2 << 20))))
    with pytest.raises(BadCheckpoint, match="too much"):
        Intake.ours(archive(about=b" " * (5 << 20)), "a.tar")


def changed(**keys: Any) -> bytes:
    """The description with other keys."""
    return json.dumps({**json.loads(encode(ABOUT)), **keys}).encode()


@pytest.mark.parametrize(
    ("about", "text"),
    [
        (b"", "cannot be read"), (b"[]", "no schema"), (b"{}", "cannot be read"), (b"\xff", "cannot be read"),
        (b"[" * 100_000, "cannot be read"), (changed(schema=2), "schema version 2"), (changed(schema="x"), "no schema"),
        (changed(extra=1), "unknown key: extra"), (changed(config={"id": 1}), "cannot be read"),
        (changed(config={**json.loads(encode(ABOUT))["config"], "extra": 1}), "unknown key: config.extra"),
        (changed(config={**json.loads(encode(ABOUT))["config"], "security": {"root": True}}), "config.security.root"),
        (changed(config={**json.loads(encode(ABOUT))["config"], "ports": [{"container": 1, "host": 2, "x": 3}]}),
         "config.ports.x"),
    ],
)  # fmt: skip
def test_descriptions_that_make_no_sense(about: bytes, text: str) -> None:
    with pytest.raises(BadCheckpoint, match=text) as caught:
        Intake.ours(archive(about=about), "a.tar")
    assert str(caught.value).startswith("a.tar: ")


def test_a_description_is_read_as_it_was_written() -> None:
    assert decode_foreign(encode(ABOUT)) == decode(encode(ABOUT)) == ABOUT


def test_what_widens_privileges_is_found() -> None:
    assert wider(CONFIG) == []
    for said, change in WIDER.items():
        found = wider(msgspec.structs.replace(CONFIG, **change))
        assert any(each.startswith(said) for each in found), (said, found)


REFUSED = {
    "rootfs", "systemd", "init_path", "timezone", "host_users", "chroot_dirs", "device_rules", "proc_options", "pod",
    "pod_resources", "role", "rootfs_overlay", "auto_remove_image", "hosts_file", "host_address",
}  # fmt: skip


def test_every_setting_has_been_thought_about() -> None:
    """A new field of the configuration is refused in archives that set it, until it stands in privileges.py or here."""
    settings = {field.name for field in msgspec.structs.fields(ContainerConfig)}
    assert settings - privileges._FREE - privileges._LOOKED_AT - {"rootfs"} <= REFUSED
    security = {field.name for field in msgspec.structs.fields(Security)} - privileges._FREE_SECURITY
    assert security <= {"privileged", "cap_add", "capabilities", "unmask", "seccomp", "apparmor", "proc_options"}
    assert settings >= privileges._FREE


def test_the_last_errors_of_a_log() -> None:
    log = (
        "(00.1) Error (criu/util.c:15): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n"
        "(00.2) fine\n(00.3)   9: Error (soccr/soccr.c:529): Can't connect inet socket back: Network is unreachable\n"
        "(00.4) Error (criu/cr-restore.c:2331): Restoring FAILED.\n"
    )
    assert criu.errors(log) == "Can't connect inet socket back: Network is unreachable"
    assert criu.errors("") == ""


def test_statistics(tmp_path: Path) -> None:
    """As criu 4 wrote them; garbage is no statistics."""
    path = tmp_path / "stats-dump"
    entry = bytes([0x08, 0x96, 0x01, 0x10, 0x05, 0x28, 0x07, 0x38, 0x03])
    path.write_bytes(bytes(8) + bytes([len(entry) + 2, 0, 0, 0]) + bytes([0x0A, len(entry)]) + entry)
    assert stats.read(str(path)) == {"freezing_time": 150, "frozen_time": 5, "pages_scanned": 7, "pages_written": 3}
    assert stats.read(str(tmp_path / "none")) == {}
    for size in range(40):
        path.write_bytes(os.urandom(size))
        assert isinstance(stats.read(str(path)), dict)
