"""What cannot be meant: one line, of the right class, before anything is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seabox.container.container import Container
from seabox.errors import InvalidArgument
from seabox.testing.rooms import FakeRooms

BAD: dict[str, Callable[[Container], object]] = {
    "signal 0": lambda ctr: ctr.kill(0),
    "signal 65": lambda ctr: ctr.kill(65),
    "signal -1": lambda ctr: ctr.kill(-1),
    "condition": lambda ctr: ctr.wait("asleep"),
    "conditions": lambda ctr: ctr.wait(["running", "asleep"]),
    "no condition": lambda ctr: ctr.wait([]),
    "wait, timeout": lambda ctr: ctr.wait(timeout=-1),
    "wait, long": lambda ctr: ctr.wait(timeout=2.0**40),
    "stop, timeout": lambda ctr: ctr.stop(timeout=-1),
    "stop, long": lambda ctr: ctr.stop(timeout=2**31),
    "restart, timeout": lambda ctr: ctr.restart(timeout=-5),
    "remove, timeout": lambda ctr: ctr.remove(force=True, timeout=-1),
    "start, timeout": lambda ctr: ctr.start(recursive=True, timeout=-1),
    "exec, timeout": lambda ctr: ctr.exec(["true"], timeout=-1),
    "size 0x0": lambda ctr: ctr.resize(0, 0),
    "size too large": lambda ctr: ctr.resize(70_000, 10),
    "update, key": lambda ctr: ctr.update(colour="blue"),
    "update, nothing": lambda ctr: ctr.update(),
    "update, value": lambda ctr: ctr.update(pids_limit="many"),
    "name": lambda ctr: ctr.rename("a/b"),
    "artifact with a slash": lambda ctr: ctr.artifacts.update({"a/b": b""}),
    "artifact ..": lambda ctr: ctr.artifacts.update({"..": b""}),
    "artifact too long": lambda ctr: ctr.artifacts.update({"x" * 256: b""}),
}


@pytest.mark.parametrize("what", BAD)
def test_is_refused_in_one_line(rooms: FakeRooms, what: str) -> None:
    ctr = rooms.container()
    ctr.start()
    before, since, calls = rooms.store.load(ctr.id), rooms.store.events(), list(rooms.fake.calls)
    with pytest.raises(InvalidArgument) as refused:
        BAD[what](ctr)
    assert str(refused.value)
    assert "\n" not in str(refused.value)
    after = rooms.store.load(ctr.id)
    assert (after.state, after.claim, rooms.fake.calls) == (before.state, None, calls)
    assert len(rooms.store.events()) == len(since)
