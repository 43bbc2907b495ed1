"""Archives of podman: their containers go on here, with files, volumes and /dev/shm, or are refused before anything is.

The archives are made of ours, in podman's form; podman's own are in tests/parity.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import seabox
from engine.checkpoint.podmans import as_podmans
from engine.checkpoint.sleepers import beyond, count, counting, has_gone_on, read
from seabox.checkpoint.document import BadCheckpoint
from seabox.container.container import Container
from seabox.container.imported import WiderPrivileges
from seabox.container.saved_volumes import VolumeThere
from seabox.container.waking import RestoreFailed
from seabox.errors import NoSuchImage, Unsupported
from seabox.kernel import cgroups

CHANGES = """
echo new > /added; echo new > /etc/passwd; rm /etc/group; mkdir /srv && echo deep > /srv/file; chmod 555 /
echo kept > /data/note
"""
LOOK = "cat /added /etc/passwd /srv/file /data/note; [ -e /etc/group ] || echo gone; stat -c %a /"
SEEN = b"new\nnew\ndeep\nkept\ngone\n555\n"


def cgroups_seen(ctr: Container) -> set[str]:
    """The roots of the cgroup file systems that are mounted in the container."""
    lines = read(ctr, "/proc/self/mountinfo").decode().splitlines()
    return {line.split()[3] for line in lines if " - cgroup" in line}


def test_it_goes_on(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """As often as one likes: restored, put to sleep again, forked, exported; started anew it is an ordinary one.

    Its /dev/shm is a mount from outside, and beside cgroup version 1 it has no cgroup namespace, as with podman.
    """
    v1 = cgroups.mode() != "v2"
    shm = tmp_path / "shm"
    shm.mkdir()
    ctr = counting(
        engine, "traveller", volumes=[f"{shm}:/dev/shm", "data:/data"], cgroupns="host" if v1 else "private",
        labels={"a": "b"},
    )  # fmt: skip
    done = ctr.exec_run(["sh", "-c", CHANGES])
    assert (done.code, done.stderr) == (0, b"")
    ctr.checkpoint(export=tmp_path / "ours", compression="none")
    at, id = count(ctr), ctr.id
    as_podmans(tmp_path / "ours", tmp_path / "theirs", shm={"note": b"in memory\n"})
    (made,) = elsewhere.containers.restore(tmp_path / "theirs")
    try:
        assert (made.name, made.id) == ("traveller", id)
        assert made.inspect()["Config"]["Labels"] == {"a": "b"}
        own = f"{elsewhere.config.cgroup_parent}/{id}"
        for again in (False, True):
            if again:
                made.checkpoint()
                made.restore()
            assert has_gone_on(made, at)
            assert made.exec_run(["sh", "-c", LOOK]).stdout == SEEN
            assert read(made, "/dev/shm/note") == b"in memory\n"
            if v1:
                assert cgroups_seen(made) == {own}  # not those of whoever restored it
        (child,) = made.fork(1)
        assert read(child, "/dev/shm/note") == b"in memory\n"
        assert beyond(child, at) > at
        child.remove(force=True, timeout=0)
        assert not os.path.exists(f"{elsewhere.config.run_dir(child.id)}/shm")
        made.stop(timeout=0)
        assert not os.path.exists(f"{elsewhere.config.run_dir(id)}/shm")
        made.start()
        assert made.exec_run(["sh", "-c", LOOK]).stdout == SEEN
        assert made.exec_run(["ls", "/dev/shm"]).stdout == b""
        assert made.inspect()["HostConfig"]["CgroupMode"] == "private"
    finally:
        made.remove(force=True, timeout=0)
    with pytest.raises(VolumeThere):
        elsewhere.containers.restore(tmp_path / "theirs")
    elsewhere.volumes.remove("data")
    (other,) = elsewhere.containers.restore(tmp_path / "theirs", name="other", ignore_rootfs=True)
    try:
        assert other.id != id
        assert other.exec_run(["ls", "/added", "/srv"]).code == 1
        assert has_gone_on(other, at)
    finally:
        other.remove(force=True, timeout=0)
        elsewhere.volumes.remove("data")


def test_what_is_refused_leaves_nothing(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """What it uses and we have not, what is more than a container gets, another image, a lie about what was deleted."""
    ctr = counting(engine, "one", volumes=["data:/data"])
    ctr.exec_run(["sh", "-c", "rm /etc/group; chmod 555 /"])
    ctr.checkpoint(export=tmp_path / "ours", compression="none")
    ctr.remove()

    def pod(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["pod"] = "ab" * 32

    def strong(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["spec"]["process"]["capabilities"]["bounding"].append("CAP_SYS_ADMIN")

    def image(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["rootfsImageID"] = "ab" * 32

    def mount(config: dict[str, Any], spec: dict[str, Any]) -> None:
        spec["mounts"].append({"destination": "/run/secrets", "type": "bind", "source": "/x"})

    def link(config: dict[str, Any], spec: dict[str, Any]) -> None:  # criu looks for a mount that nobody makes
        config["namedVolumes"] = [{"volumeName": "data", "dest": "/other", "options": ["rbind", "nosuid", "nodev"]}]
        spec["mounts"] = [each for each in spec["mounts"] if each["destination"] != "/data"]

    for change, error, text in (
        (pod, Unsupported, "is a member of a pod"), (strong, WiderPrivileges, "--cap-add CAP_SYS_ADMIN"),
        (image, NoSuchImage, "busybox"), (mount, Unsupported, "podman's own mount at '/run/secrets'"),
        (link, RestoreFailed, "criu failed: mnt: No mapping"),
    ):  # fmt: skip
        as_podmans(tmp_path / "ours", tmp_path / "theirs", change=change)
        with pytest.raises(error, match=text) as caught:
            elsewhere.containers.restore(tmp_path / "theirs")
        assert "\n" not in str(caught.value)
        assert elsewhere.containers.list() == []
        assert elsewhere.volumes.list() == []
        folder = Path(elsewhere.config.root, "containers")
        assert not folder.exists() or list(folder.iterdir()) == []
    as_podmans(tmp_path / "ours", tmp_path / "theirs")
    with open(tmp_path / "theirs", "r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    with pytest.raises(BadCheckpoint, match="unexpected end"):
        elsewhere.containers.restore(tmp_path / "theirs")
    assert elsewhere.containers.list() == []
    assert elsewhere.volumes.list() == []
