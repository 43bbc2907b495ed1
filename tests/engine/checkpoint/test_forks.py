"""fork and snapshots: the same memory and files, several times over, or once more."""

from __future__ import annotations

import os

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import beyond, count, counting, has_gone_on, numbers, read
from engine.home import init_of, kinds, last
from seabox.container.snapshots import NoSuchSnapshot, SnapshotExists
from seabox.errors import InvalidArgument, NameInUse

# It holds both ends of the pipe: no writer comes between two readers, and what he wrote is lost.
REMEMBERS = (
    "n=0; mkfifo /in; exec 3<>/in; while read line <&3; do n=$((n+1)); echo $line >> /lines; echo $n; done"
)


@BOTH
def test_fork(engine: seabox.Engine) -> None:
    """Four of a container that counts: each goes on where it was, with files of its own; so does the first."""
    ctr = counting(engine, "first", labels={"a": "b"})
    ctr.exec_run(["sh", "-c", "echo common > /file; rm /etc/group"])
    ctr.artifacts["note"] = b"kept"
    before, since, at = init_of(ctr), last(engine), count(ctr)
    made = ctr.fork(4, name="child")
    assert kinds(engine, since) == ["checkpoint", *["create", "restore"] * 4]
    assert [each.name for each in made] == ["child-1", "child-2", "child-3", "child-4"]
    assert init_of(ctr) == before
    assert has_gone_on(ctr, at)
    for number, each in enumerate(made):
        assert beyond(each, at) > at
        said = numbers(each)
        assert said == list(range(said[0], said[0] + len(said)))
        assert said[0] > at
        assert read(each, "/file") == b"common\n"
        assert each.exec_run(["ls", "/etc/group"]).code == 1
        assert each.artifacts["note"] == b"kept"
        each.exec_run(["sh", "-c", f"echo {number} > /file"])
    assert [read(each, "/file") for each in made] == [b"0\n", b"1\n", b"2\n", b"3\n"]
    assert read(ctr, "/file") == b"common\n"
    ctr.remove(force=True, timeout=0)  # nothing of theirs
    assert all(has_gone_since(each) for each in made)
    assert not any(os.path.exists(f"{engine.config.static_dir(each.id)}/checkpoint") for each in made)
    (grandchild,) = made[0].fork()
    assert has_gone_since(grandchild)


def has_gone_since(ctr: seabox.Container) -> bool:
    """Whether it says more."""
    return beyond(ctr, (numbers(ctr) or [0])[-1]) > 0


def test_fork_is_refused(engine: seabox.Engine) -> None:
    ctr = counting(engine, "first")
    counting(engine, "taken-2")
    since = last(engine)
    for bad in (0, -1, 1001, True, "2"):
        with pytest.raises(InvalidArgument, match="from 1 to 1000"):
            ctr.fork(bad)  # type: ignore[arg-type]
    with pytest.raises(NameInUse):
        ctr.fork(3, name="taken")
    with pytest.raises(NameInUse):
        ctr.fork(name="first")
    with pytest.raises(InvalidArgument):
        ctr.fork(name="a/b")
    assert kinds(engine, since) == []
    assert has_gone_on(ctr, count(ctr))


@BOTH
def test_snapshots(engine: seabox.Engine) -> None:
    """Three, restored in any order, each with its own files and memory; removing one leaves the others whole."""
    ctr = engine.containers.run("busybox", ["sh", "-c", REMEMBERS], network="none", name="sandbox")
    for number, name in enumerate(("one", "two", "three"), 1):
        tell(ctr, name, number)
        ctr.snapshots.create(name)
    assert [each.name for each in ctr.snapshots] == ["one", "two", "three"]
    assert all(each.size > 0 and each.created_at > 0 for each in ctr.snapshots)
    with pytest.raises(SnapshotExists):
        ctr.snapshots.create("two")
    for name, number in (("two", 2), ("three", 3), ("one", 1)):
        _expect(ctr, name, number)
    ctr.snapshots.remove("two")
    assert [each.name for each in ctr.snapshots.list()] == ["one", "three"]
    ctr.stop(timeout=0)
    for name, number in (("three", 3), ("one", 1)):
        _expect(ctr, name, number)
    for call in (ctr.snapshots.restore, ctr.snapshots.remove):
        for wrong in ("two", "", "../one"):
            with pytest.raises(NoSuchSnapshot):
                call(wrong)
    with pytest.raises(InvalidArgument):
        ctr.snapshots.create("../x")
    assert ctr.snapshots.create() == "snapshot-1"


def tell(ctr: seabox.Container, line: str, number: int) -> None:
    """The container has read the line, which for it is this one in a row."""
    with ctr.attach() as session:
        assert ctr.exec_run(["sh", "-c", f"until [ -p /in ]; do :; done; echo {line} > /in"]).code == 0
        assert next(iter(session)) == (1, b"%d\n" % number)


def _expect(ctr: seabox.Container, name: str, number: int) -> None:
    """Taken back to `name`, the container has read so many lines, and goes on from there."""
    lines = ("one", "two", "three")
    ctr.snapshots.restore(name)
    assert ctr.status == "running"
    assert read(ctr, "/lines").decode().split() == [*lines[:number]]
    tell(ctr, "more", number + 1)
    assert read(ctr, "/lines").decode().split() == [*lines[:number], "more"]


def test_a_snapshot_of_what_was_deleted_since(engine: seabox.Engine) -> None:
    """Files come back, changed ones are as they were, and new ones are gone; a restart policy does not interfere."""
    ctr = counting(engine, "sandbox", restart="always")
    ctr.exec_run(["sh", "-c", "echo a > /kept; echo b > /etc/passwd"])
    ctr.snapshots.create("s")
    ctr.exec_run(["sh", "-c", "rm /kept /etc/group; echo c > /etc/passwd; echo d > /new"])
    since = last(engine)
    ctr.snapshots.restore("s")
    assert kinds(engine, since) == ["stop", "died", "restore"]
    assert (read(ctr, "/kept"), read(ctr, "/etc/passwd")) == (b"a\n", b"b\n")
    assert ctr.exec_run(["ls", "/new"]).code == 1
    assert ctr.exec_run(["ls", "/etc/group"]).code == 0
    assert has_gone_since(ctr)
