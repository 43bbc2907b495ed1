"""An operation that fails leaves the container as it found it: state, claim, events, mounts, the runtime's record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.model.record import Status
from seabox.testing.rooms import FakeRooms
from unit.container.test_states import enter

S = Status
RUNTIME: list[tuple[str, Status, str, Callable[[Container], object]]] = [
    (name, state, verb, act)
    for name, states, verb, act in (
        ("init", (S.CONFIGURED, S.EXITED), "create", lambda ctr: ctr.init()),
        ("start", (S.CONFIGURED, S.EXITED), "create", lambda ctr: ctr.start()),
        ("start", (S.CONFIGURED, S.CREATED, S.EXITED), "start", lambda ctr: ctr.start()),
        ("restart", (S.CONFIGURED, S.EXITED), "start", lambda ctr: ctr.restart()),
        ("pause", (S.RUNNING,), "pause", lambda ctr: ctr.pause()),
        ("unpause", (S.PAUSED,), "resume", lambda ctr: ctr.unpause()),
        ("update", (S.RUNNING, S.PAUSED), "update", lambda ctr: ctr.update(pids_limit=10)),
    )
    for state in states
]
STORAGE: list[tuple[str, Status, str, Callable[[Container], object]]] = [
    (name, state, "mount", act)
    for name, act in (
        ("init", lambda ctr: ctr.init()), ("start", lambda ctr: ctr.start()), ("mount", lambda ctr: ctr.mount()),
        ("restart", lambda ctr: ctr.restart()),
    )
    for state in (S.CONFIGURED, S.EXITED)
]  # fmt: skip


def fails(rooms: FakeRooms, ctr: Container, act: Callable[[Container], object]) -> None:
    """The act raises, and everything is as before."""
    before = rooms.store.load(ctr.id)
    config, since, mounted = rooms.store.config(ctr.id), len(rooms.store.events()), set(rooms.storage.mounted)
    known = rooms.fake.state(ctr.id) is not None
    with pytest.raises((SeaboxError, OSError)):
        act(ctr)
    after = rooms.store.load(ctr.id)
    lasting = [name for name in after.state.__slots__ if name not in ("run", "boot", "health")]
    now, then = ({name: getattr(each.state, name) for name in lasting} for each in (after, before))
    if then["status"] is S.EXITED:
        assert now["exit_code"] == then["exit_code"] == 0
    assert (now["status"], now["mountpoint"], now["pid"]) == (then["status"], then["mountpoint"], then["pid"])
    assert (after.claim, rooms.store.config(ctr.id), rooms.storage.mounted) == (None, config, mounted)
    told = [event.kind for event in rooms.store.events()[since:]]
    assert set(told) <= {"init"}  # what really happened, and was undone
    assert (rooms.fake.state(ctr.id) is not None) == known


@pytest.mark.parametrize(("name", "state", "verb", "act"), RUNTIME, ids=lambda each: str(each)[:12])
def test_the_runtime_refuses(
    rooms: FakeRooms, name: str, state: Status, verb: str, act: Callable[[Container], object]
) -> None:
    ctr = enter(rooms, state)
    rooms.fake.refuse.add(verb)
    fails(rooms, ctr, act)


@pytest.mark.parametrize(("name", "state", "verb", "act"), STORAGE, ids=lambda each: str(each)[:12])
def test_the_storage_refuses(
    rooms: FakeRooms, name: str, state: Status, verb: str, act: Callable[[Container], object]
) -> None:
    ctr = enter(rooms, state)
    rooms.storage.refuse.add(verb)
    fails(rooms, ctr, act)
