"""Archives of podman: what they say is judged as what anybody asks for, and nothing in them widens a privilege."""

from __future__ import annotations

import copy
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seabox.checkpoint import criu
from seabox.checkpoint.document import BadCheckpoint
from seabox.checkpoint.intake import PODMANS, Intake, MadeByPodman
from seabox.checkpoint.podman import MAKER, described
from seabox.checkpoint.privileges import wider
from seabox.container.from_podman import translated
from seabox.container.podman_files import complete
from seabox.errors import NoSuchImage, SeaboxError, Unsupported
from seabox.images import checkpoints
from seabox.images.tarstream import Archive
from seabox.kernel import cgroups
from seabox.model.checkpoint import Address, Checkpoint
from seabox.model.container import ContainerConfig, ImageConfig
from seabox.model.network import Attachment, Port
from seabox.testing.rooms import FakeRooms

ID, IMAGE = "0123456789abcdef" * 4, "ab" * 32
CAPABILITIES = [
    f"CAP_{name}" for name in (
        "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP "
        "SETUID SYS_CHROOT"
    ).split()
]  # fmt: skip
NAMESPACES = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")]
MASKED = (
    "/proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug "
    "/proc/scsi /sys/firmware /sys/fs/selinux /sys/dev/block"
).split()
SPEC: dict[str, Any] = {
    "ociVersion": "1.0.2-dev",
    "process": {
        "user": {"uid": 0, "gid": 0}, "args": ["sh", "-c", "true"], "env": ["PATH=/bin", "A=b=c", "container=podman"],
        "cwd": "/srv", "capabilities": {"bounding": CAPABILITIES},
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 20000, "hard": 2**64 - 1}],
    },
    "root": {"path": "rootfs"},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755", "size=65536k"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]},
        {"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m", "rprivate", "nodev"]},
    ],
    "annotations": {"io.podman.annotations.privileged": "TRUE", "io.kubernetes.cri-o.TTY": "false", "mine": "kept"},
    "linux": {
        "resources": {
            "devices": [{"allow": False, "access": "rwm"}], "pids": {"limit": 100}, "memory": {"limit": 1 << 26},
        },
        "namespaces": NAMESPACES, "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"}, "maskedPaths": MASKED,
        "sysctl": {"net.ipv4.ip_forward": "1"},
    },
}  # fmt: skip
CONFIG: dict[str, Any] = {
    "spec": SPEC, "id": ID, "name": "one", "lockID": 0, "CreateCommand": ["podman", "run"], "RawImageName": "bb",
    "idMappingsOptions": {"HostUIDMapping": True, "HostGIDMapping": True, "UIDMap": None, "GIDMap": None},
    "Dependencies": None, "rootfsImageID": IMAGE, "rootfsImageName": "localhost/bb:latest", "shmSize": 65536000,
    "ShmDir": "/etc", "staticDir": "/var/lib/containers/x", "privileged": False, "storageOpts": None,
    "namedVolumes": [
        {"volumeName": "data", "dest": "/data", "options": ["rw", "rprivate", "nosuid", "nodev", "rbind"]},
        {"volumeName": "cd" * 32, "dest": "/nameless", "options": ["rbind", "nosuid", "nodev"]},
    ],
    "createNetNS": False, "command": ["sh", "-c", "true"], "labels": {"io.seabox.x": "y"}, "stopSignal": 2,
    "stopTimeout": 3, "logPath": "/etc/passwd", "logDriver": "k8s-file", "conmonPidFile": "/etc/shadow",
    "pid_file": "/etc/shadow", "cgroupParent": "/", "cgroupsMode": "enabled", "runtime": "/usr/bin/runc",
    "exitCommand": ["/bin/evil"], "restart_policy": "on-failure", "restart_retries": 3, "sdnotifyMode": "container",
    "healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 3600000000000, "Retries": 2}, "umask": "0077",
    "healthcheck_on_failure_action": 2, "createWorkingDir": True, "from_the_future": {"privileged": True},
}  # fmt: skip
BINDS = ("/etc/hosts", "/dev/shm", "/run/.containerenv", "/etc/hostname", "/data", "/nameless")


class Rooms(FakeRooms):
    """With one image."""

    def image(self, name: str) -> ImageConfig:
        if name != IMAGE:
            raise NoSuchImage(name)
        names = ("localhost/bb:latest",)
        return ImageConfig(id=IMAGE, names=names, layers=("l",), command=("other",), env={"IMAGE": "1"})


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    made = Rooms(str(tmp_path / "rooms"))
    yield made
    made.close()


def dumps(change: Callable[[dict[str, Any], dict[str, Any]], object] | None = None) -> dict[str, bytes]:
    """The descriptions, changed: `change(config, spec)` gets what is in config.dump and what is in spec.dump."""
    config = copy.deepcopy(CONFIG)
    spec = copy.deepcopy(SPEC) | {"hostname": "host-of-theirs"}
    spec["mounts"] += [
        {"destination": place, "type": "bind", "source": "/etc", "options": ["bind", "rprivate"]} for place in BINDS
    ]
    if change is not None:
        change(config, spec)
    return {
        "config.dump": json.dumps(config).encode(), "spec.dump": json.dumps(spec).encode(), "network.status": b"null",
    }  # fmt: skip


def archive(files: dict[str, bytes], *more: tarfile.TarInfo) -> Archive:
    """As podman writes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("artifacts/")
        entry.type = tarfile.DIRTYPE
        for member in (entry, *more):
            tar.addfile(member)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return Archive(iter([out.getvalue()]))


def about(rooms: Rooms, change: Any = None, *, trusted: bool = False, **files: bytes) -> Checkpoint:
    """What the changed archive comes to."""
    members = dumps(change) | {name.replace("_", "."): data for name, data in files.items()}
    return translated(rooms, "a.tar", described(archive(members), "a.tar"), trusted=trusted)


def config_of(rooms: Rooms, change: Any = None, **options: Any) -> ContainerConfig:
    return about(rooms, change, **options).config


def test_a_container_in_our_words(rooms: Rooms) -> None:
    found = about(rooms)
    config = found.config
    assert (found.by, found.runtime, found.addresses) == (MAKER, "runc", ())
    assert wider(config) == []
    assert (config.id, config.name, config.image, config.image_id, config.layers) == (
        ID, "one", "localhost/bb:latest", IMAGE, ("l",),
    )  # fmt: skip
    assert (config.argv, config.workdir, config.workdir_given, config.umask) == (
        ("sh", "-c", "true"), "/srv", False, 0o77,
    )  # fmt: skip
    assert config.env == {"PATH": "/bin", "A": "b=c", "container": "podman"}
    assert (config.hostname, config.stop_signal, config.stop_timeout) == ("host-of-theirs", 2, 3)
    assert (config.restart_policy, config.restart_retries) == ("on-failure", 3)
    assert (config.resources.pids_limit, config.resources.memory) == (100, 1 << 26)
    assert [(each.name, each.soft, each.hard) for each in config.ulimits] == [("nofile", 20000, -1)]
    assert config.healthcheck is not None
    assert (config.healthcheck.interval, config.healthcheck.retries, config.healthcheck.on_failure) == (
        3600 * 10**9, 2, "kill",
    )  # fmt: skip
    assert [(m.type, m.destination, m.source, m.anonymous) for m in config.mounts] == [
        ("volume", "/data", "data", False), ("volume", "/nameless", "cd" * 32, True),
        ("tmpfs", "/scratch", "", False),
    ]  # fmt: skip
    assert config.annotations == {"mine": "kept"}
    assert (config.namespaces.network, config.namespaces.ipc, config.namespaces.cgroup) == (
        "none", "shareable", "private",
    )  # fmt: skip


def test_of_a_read_only_root(rooms: Rooms) -> None:
    """Podman 5 can leave it without a place to write to; files of /etc may be the image's."""

    def change(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["spec"]["root"] = {"path": "rootfs", "readonly": True}
        config |= {"UseImageHostname": True, "UseImageHosts": True, "UseImageResolvConf": True}

    config = config_of(rooms, change)
    assert (config.security.read_only, config.security.read_only_tmpfs) == (True, False)
    assert (config.no_hostname, config.no_hosts, config.dns) == (True, True, ("none",))

    def writable(config: dict[str, Any], spec: dict[str, Any]) -> None:
        change(config, spec)
        config["spec"]["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})

    assert config_of(rooms, writable).security.read_only_tmpfs


def test_paths_of_podman_are_not_ours(rooms: Rooms) -> None:
    """Where it kept logs and pids, what it ran at the end, its cgroup: decided here."""
    config = config_of(rooms)
    assert config.log.path == f"{rooms.config.static_dir(ID)}/ctr.log"
    assert (config.pidfile, config.conmon_pidfile, config.sdnotify) == ("", "", "ignore")
    assert config.cgroup_parent == rooms.config.cgroup_parent


def test_capabilities(rooms: Rooms) -> None:
    """Those that podman gives to all beyond ours are left out, and kept only where that is allowed; others are asked.
    """
    assert (config_of(rooms).security.cap_add, config_of(rooms).security.cap_drop) == ((), ())
    trusted = config_of(rooms, trusted=True)
    assert trusted.security.cap_add == ("CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW")

    def other(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["spec"]["process"]["capabilities"] = {"bounding": ["CAP_SYS_ADMIN", "CAP_KILL"]}

    changed = config_of(rooms, other)
    assert wider(changed) == ["--cap-add CAP_SYS_ADMIN"]
    assert "CAP_CHOWN" in changed.security.cap_drop

    def none(config: dict[str, Any], spec: dict[str, Any]) -> None:
        del config["spec"]["process"]["capabilities"]

    assert len(config_of(rooms, none).security.cap_drop) == 11


def setting(*path: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """A change of config.dump: of the value at this path."""

    def change(config: dict[str, Any], spec: dict[str, Any]) -> None:
        place = config
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value

    return change


def without(kind: str) -> Any:
    """Namespaces without this kind, which is the host's then."""
    return setting("spec", "linux", "namespaces", value=[each for each in NAMESPACES if each["type"] != kind])


WIDER = {
    "--privileged": setting("privileged", value=True),
    "seccomp='unconfined'": setting("spec", "linux", "seccomp", value=None),
    "apparmor='unconfined'": setting("spec", "process", "apparmorProfile", value="unconfined"),
    "unmask=ALL": setting("spec", "linux", "maskedPaths", value=None),
    "unmask=/proc/kcore": setting(
        "spec", "linux", "maskedPaths", value=[each for each in MASKED if each != "/proc/kcore"]
    ),
    "pid namespace host": without("pid"), "ipc namespace host": without("ipc"), "uts namespace host": without("uts"),
    "network namespace host": without("network"),
    "network namespace ns:/proc/1/ns/net": setting(
        "spec", "linux", "namespaces", value=[*NAMESPACES, {"type": "network", "path": "/proc/1/ns/net"}]
    ),
    "--device /dev/null": setting(
        "spec", "linux", "devices", value=[{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]
    ),
    "device-rules=": setting("spec", "linux", "resources", "devices", value=[{"allow": True, "access": "rwm"}]),
    "--volume /etc:/host": setting(
        "spec", "mounts", value=[{"destination": "/host", "type": "bind", "source": "/etc", "options": ["rbind"]}]
    ),
    "--volume data:/data": setting(
        "namedVolumes", value=[{"volumeName": "data", "dest": "/data", "options": ["suid", "dev"]}]
    ),
    "--ulimit rtprio": setting(
        "spec", "process", "rlimits", value=[{"type": "RLIMIT_RTPRIO", "soft": 99, "hard": 99}]
    ),
    "--oom-score-adj -1000": setting("spec", "process", "oomScoreAdj", value=-1000),
    "--cgroups disabled": setting("cgroupsMode", value="disabled"),
    "systemd=True": setting("systemd", value=True), "timezone=": setting("timezone", value="UTC"),
    "host-users=": setting("hostUsers", value=["root"]),
    "chroot-dirs=": setting("chroot_directories", value=["/srv"]),
}  # fmt: skip


@pytest.mark.parametrize("said", WIDER)
def test_what_asks_for_more_is_said(rooms: Rooms, said: str) -> None:
    def change(config: dict[str, Any], spec: dict[str, Any]) -> None:
        WIDER[said](config, spec)
        spec["mounts"] = []
        config["spec"]["linux"]["sysctl"] = None

    assert any(each.startswith(said) for each in wider(config_of(rooms, change)))


@pytest.mark.skipif(cgroups.mode() == "v2", reason="here a container without a cgroup namespace sees all cgroups")
def test_without_a_cgroup_namespace(rooms: Rooms) -> None:
    assert config_of(rooms, without("cgroup")).namespaces.cgroup == "private"


def test_instructions_to_a_runtime_are_refused(rooms: Rooms) -> None:
    for key in ("run.oci.handler", "org.criu.config", "org.systemd.property.X"):
        with pytest.raises(BadCheckpoint, match="instruction to the runtime"):
            about(rooms, setting("spec", "annotations", value={key: "x"}))


LACKING = {
    "is a member of a pod": setting("pod", value="x"), "holds what a pod shares": setting("pause", value=True),
    "uses the network namespace of another": setting("netNsCtr", value=ID),
    "uses the pid namespace of another": setting("pidNsCtr", value=ID),
    "depends on other containers": setting("Dependencies", value=[ID]),
    "has a user namespace": setting("idMappingsOptions", value={"HostUIDMapping": False, "UIDMap": [{"Size": 1}]}),
    "stands on a directory": setting("rootfs", value="/"), "uses secrets": setting("secrets", value=[{"ID": "x"}]),
    "mounted as overlays": setting("overlayVolumes", value=[{"dest": "/x"}]),
    "a part of a volume": setting("namedVolumes", value=[{"volumeName": "a", "dest": "/d", "SubPath": "../.."}]),
    "CDI devices": setting("cdiDevices", value=["x"]), "was run by '/bin/kata'": setting("runtime", value="/bin/kata"),
    "limits for block devices": setting(
        "spec", "linux", "resources", "blockIO", value={"throttleReadBpsDevice": [{"major": 8}]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", LACKING)
def test_what_cannot_be_had_is_said(rooms: Rooms, said: str) -> None:
    with pytest.raises(Unsupported, match=f"made by podman that cannot be restored here: its container .*{said}") as e:
        about(rooms, LACKING[said])
    assert str(e.value).startswith("a.tar: ")
    assert "\n" not in str(e.value)


def test_other_mounts_of_podman(rooms: Rooms) -> None:
    def change(config: dict[str, Any], spec: dict[str, Any]) -> None:
        spec["mounts"].append({"destination": "/run/x/../secrets\n", "type": "bind", "source": "/x"})

    with pytest.raises(Unsupported, match=r"stand on podman's own mount at '/run/secrets\\n'"):
        about(rooms, change)
    with pytest.raises(Unsupported, match="a mount of the kind 'nfs' at '/n'"):
        about(rooms, setting("spec", "mounts", value=[{"destination": "/n", "type": "nfs", "source": "x"}]))


NONSENSE: list[Any] = [
    setting("id", value="../../x"), setting("name", value="../x"), setting("spec", value=None),
    setting("spec", "process", value=[]), setting("umask", value="rwx"), setting("stopSignal", value=-1),
    setting("restart_retries", value=-1), setting("labels", value={"a": 1}), setting("stopTimeout", value=1 << 70),
    setting("spec", "process", "env", value=["A=\0"]), setting("spec", "process", "args", value=[]),
    setting("spec", "process", "cwd", value="relative"), setting("hostsAdd", value=["x\n1.2.3.4 y:1.1.1.1"]),
    setting("namedVolumes", value=[{"volumeName": "../x", "dest": "/d"}]),
    setting("namedVolumes", value=[{"volumeName": "x", "dest": "/"}]),
    setting("spec", "linux", "sysctl", value={"kernel.core_pattern": "|/x"}),
    setting("spec", "mounts", value=[{"destination": "/t", "type": "tmpfs", "options": ["evil=1"]}]),
    setting("groups", value=["a b"]), setting("user", value="a\0b"), setting("logTag", value="a\nb"),
    setting("newPortMappings", value=[{"container_port": 80, "host_port": 1 << 20}]),
]  # fmt: skip


@pytest.mark.parametrize("change", NONSENSE, ids=range(len(NONSENSE)))
def test_what_makes_no_sense_is_refused(rooms: Rooms, change: Any) -> None:
    with pytest.raises(SeaboxError) as caught:
        about(rooms, change)
    assert str(caught.value).startswith("a.tar: ")
    assert "\n" not in str(caught.value)


def test_descriptions_that_cannot_be_read(rooms: Rooms) -> None:
    for files, text in (
        ({"config.dump": b"{"}, "config.dump of podman cannot be read"),
        ({"spec.dump": b"\xff"}, "spec.dump of podman"),
        ({"config.dump": b"[" * 100_000}, "cannot be read"), ({"network.status": b"{"}, "network.status of podman"),
        ({"config.dump": b" " * (5 << 20)}, "too much"), ({"network.status": b'{"a": 1}'}, "network.status of podman"),
    ):  # fmt: skip
        with pytest.raises(BadCheckpoint, match=text):
            described(archive(dumps() | files), "a.tar")
    with pytest.raises(BadCheckpoint, match=r"without config\.dump"):
        described(archive({"spec.dump": b"{}", "checkpoint/inventory.img": b""}), "a.tar")
    for nothing in (b"null", b"[]", b"[{}]"):  # podman 3 wrote a list
        assert described(archive(dumps() | {"network.status": nothing}), "a.tar").networks == {}


def test_only_the_very_image_will_do(rooms: Rooms) -> None:
    with pytest.raises(NoSuchImage, match="localhost/bb:latest with the id 'cdcd"):
        about(rooms, setting("rootfsImageID", value="cd" * 32))


def test_networks(rooms: Rooms) -> None:
    """With the addresses it had; names of networks, aliases and interfaces as they were."""

    def change(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config |= {
            "createNetNS": True, "networkMode": "bridge", "networks": {"lan": {"aliases": [ID[:12], "web"]}},
            "newPortMappings": [
                {"host_ip": "", "container_port": 80, "host_port": 8080, "range": 2, "protocol": "tcp,udp"}
            ],
        }  # fmt: skip

    status = {"lan": {"interfaces": {"eth7": {
        "subnets": [{"ipnet": "10.1.2.3/24", "gateway": "10.1.2.1"}], "mac_address": "0A:00:00:00:00:01",
    }}}}  # fmt: skip
    found = about(rooms, change, network_status=json.dumps(status).encode())
    assert found.config.networks == (Attachment(network="lan", name="lan", interface="eth7", aliases=("web",)),)
    assert found.addresses == (Address(network="lan", ips=("10.1.2.3",), mac="0a:00:00:00:00:01"),)
    assert found.config.ports == (
        Port(container=80, host=8080, count=2), Port(container=80, host=8080, count=2, protocol="udp"),
    )  # fmt: skip
    bad = json.dumps(status).replace("10.1.2.3/24", "x").encode()
    with pytest.raises(BadCheckpoint, match="not an ip address"):
        about(rooms, change, network_status=bad)
    with pytest.raises(Unsupported, match="a network of the kind 'slirp4netns'"):
        about(rooms, lambda c, s: c.update(createNetNS=True, networkMode="slirp4netns"))


def take_in(folder: Path, taken: Archive) -> list[str]:
    """All that was made of the archive's members."""
    static = folder / "own"
    blank = Checkpoint(
        created_at=1, by=MAKER, runtime="runc", config=ContainerConfig(id=ID, name="one", created_at=1, argv=("sh",))
    )
    intake = Intake(taken, "a.tar", blank, PODMANS)
    intake.rest(f"{static}/checkpoint", str(static), lambda *_: None, lambda name, _: name == "data", 1 << 30)
    assert [each.name for each in folder.iterdir()] == ["own"]
    return sorted(str(path.relative_to(static)) for path in static.rglob("*") if path.is_file())


def test_its_members_find_their_places(tmp_path: Path) -> None:
    more = ("devshm-checkpoint.tar", "checkpoint/inventory.img", "deleted.files", "rootfs-diff.tar", "stats-dump",
            "volumes/data.tar", "ctr.log", "artifacts/note")  # fmt: skip
    assert take_in(tmp_path, archive(dumps() | dict.fromkeys(more, b"x"))) == [
        "artifacts/note", "checkpoint/criu/inventory.img", "checkpoint/deleted.files",
        "checkpoint/devshm-checkpoint.tar", "checkpoint/spec.dump", "checkpoint/stats-dump", "ctr.log",
    ]  # fmt: skip
    with pytest.raises(MadeByPodman):
        Intake.ours(archive(dumps()), "a.tar")


@pytest.mark.parametrize(
    "name", ["checkpoint.json", "criu/core-1.img", "../x", "checkpoint/../x", "checkpoint/a/b", "other", "bind.mounts",
             "container.json", "volumes/other.tar"],
)  # fmt: skip
def test_members_that_do_not_belong(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadCheckpoint, match="not a"):
        take_in(tmp_path, archive(dumps() | {name: b""}))


def test_pre_checkpoints_and_links(tmp_path: Path) -> None:
    link = tarfile.TarInfo("checkpoint/parent")
    link.type, link.linkname = tarfile.SYMTYPE, "../pre-checkpoint"
    for taken in (archive(dumps(), link), archive({"pre-checkpoint/pages-1.img": b""})):
        with pytest.raises(BadCheckpoint, match="pre-checkpoint of podman"):
            take_in(tmp_path, taken)
    link = tarfile.TarInfo("checkpoint/core-1.img")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(BadCheckpoint, match="neither a file"):
        take_in(tmp_path, archive({}, link))


def test_what_was_deleted(tmp_path: Path) -> None:
    """It is not to be seen, nor what is below of it; `/` is as it was; no path leads out."""
    if os.geteuid() != 0:
        pytest.skip("whiteouts are devices, which only root makes")
    lower, layer, place = tmp_path / "lower", tmp_path / "layer", tmp_path / "place"
    (lower / "srv" / "deep").mkdir(parents=True)
    (place / "criu").mkdir(parents=True)
    entry = b"\x08\x05\x32\x01/\x50\xed\x82\x01"
    outer = b"\x08\x01\x1a" + bytes([len(entry)]) + entry
    (place / "criu" / "files.img").write_bytes(bytes(8) + len(outer).to_bytes(4, "little") + outer)
    (place / "deleted.files").write_text(json.dumps(["/srv/deep", "/srv/deep/file", "srv/file", "/nowhere/x"]))
    complete(str(place), str(layer), [str(lower)], deleted=True)
    assert sorted(str(path.relative_to(layer)) for path in layer.rglob("*")) == [
        "nowhere", "srv", "srv/deep", "srv/file",
    ]  # fmt: skip
    assert (layer / "srv" / "deep").is_char_device()
    assert layer.stat().st_mode & 0o7777 == 0o555
    for paths in ('["../x"]', '["/a/../../x"]', '["/"]', '["/a/.wh.x"]', '["/a\\u0000"]', "{}", "["):
        (place / "deleted.files").write_text(paths)
        with pytest.raises(BadCheckpoint, match=r"deleted\.files"):
            complete(str(place), str(tmp_path / "other"), [str(lower)], deleted=True)
    complete(str(place), str(tmp_path / "other"), [str(lower)], deleted=False)
    assert list((tmp_path / "other").iterdir()) == []


def test_images_of_nonsense_say_nothing(tmp_path: Path) -> None:
    assert criu.root_mode(str(tmp_path)) is None
    for size in (0, 7, 8, 9, 12, 40, 500):
        (tmp_path / "files.img").write_bytes(os.urandom(size))
        assert criu.root_mode(str(tmp_path)) in (None, *range(0o10000))


def test_what_is_lent_is_in_the_words_of_criu() -> None:
    said = criu.configuration(tcp_close=False, lent={"/dev/shm": "/run/x/shm"})
    assert b"external mnt[/dev/shm]:/run/x/shm\n" in said


def test_an_image_of_podmans() -> None:
    """It is known by what podman says in the manifest."""
    marked = {"annotations": {"io.podman.annotations.checkpoint.name": "one"}}
    assert checkpoints._is_podmans(json.dumps(marked).encode())
    for other in (b"", b"{}", b"[]", b'{"annotations": null}', b'{"annotations": {"a": 1}}', b"\xff"):
        assert not checkpoints._is_podmans(other)
