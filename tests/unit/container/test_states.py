"""Every state times every operation: done, or refused with the state it found and those it wanted."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seabox.container.container import Container
from seabox.errors import Conflict, NoSuchContainer, StateConflict, TimedOut
from seabox.model.record import STARTABLE, TRANSITIONS, Claim, Intent, ProcessId, Status
from seabox.testing.rooms import FakeRooms

S = Status
EVERY = frozenset(S) - {S.REMOVING}
AT_REST = frozenset({S.CONFIGURED, S.EXITED})


def finished(rooms: FakeRooms, ctr: Container) -> None:
    ctr.start()
    rooms.fake.finish(ctr.id, 0)
    with ctr.locked():
        pass  # the next to lock it records the end


def enter(rooms: FakeRooms, state: Status) -> Container:
    """A container in this state."""
    ctr = rooms.container("it")
    if state is S.CREATED:
        ctr.init()
    elif state in (S.RUNNING, S.PAUSED):
        ctr.start()
        if state is S.PAUSED:
            ctr.pause()
    elif state in (S.STOPPED, S.EXITED):
        finished(rooms, ctr)
        if state is S.EXITED:
            ctr.cleanup()
    assert rooms.store.load(ctr.id).state.status is state
    return ctr


def wait_in_vain(ctr: Container) -> None:
    with pytest.raises(TimedOut):
        ctr.wait("removed", timeout=0)


OPERATIONS: dict[str, tuple[Callable[[Container], object], frozenset[Status]]] = {
    "init": (lambda ctr: ctr.init(), frozenset({S.CONFIGURED, S.STOPPED, S.EXITED})),
    "start": (lambda ctr: ctr.start(), frozenset({S.CONFIGURED, S.CREATED, S.STOPPED, S.EXITED})),
    "kill": (lambda ctr: ctr.kill(10), frozenset({S.RUNNING, S.PAUSED})),
    "kill by SIGKILL": (lambda ctr: ctr.kill(9), frozenset({S.RUNNING, S.PAUSED})),
    "start with what it requires": (lambda ctr: ctr.start(recursive=True), frozenset(STARTABLE)),
    "stop": (lambda ctr: ctr.stop(), EVERY - {S.CONFIGURED, S.PAUSED}),
    "restart": (lambda ctr: ctr.restart(), EVERY - {S.PAUSED}),
    "pause": (lambda ctr: ctr.pause(), frozenset({S.RUNNING})),
    "unpause": (lambda ctr: ctr.unpause(), frozenset({S.PAUSED})),
    "attach": (lambda ctr: ctr.attach(), frozenset({S.CREATED, S.RUNNING})),
    "resize": (lambda ctr: ctr.resize(24, 80), frozenset({S.CREATED, S.RUNNING})),
    "cleanup": (lambda ctr: ctr.cleanup(), frozenset({S.CONFIGURED, S.CREATED, S.STOPPED, S.EXITED})),
    "mount": (lambda ctr: ctr.mount(), EVERY),
    "unmount": (lambda ctr: ctr.unmount(), frozenset()),
    "unmount by force": (lambda ctr: ctr.unmount(force=True), AT_REST | {S.STOPPED}),
    "rename": (lambda ctr: ctr.rename("other"), EVERY),
    "update": (lambda ctr: ctr.update(pids_limit=10), EVERY),
    "top": (lambda ctr: ctr.top(), frozenset({S.RUNNING, S.PAUSED})),
    "stats": (lambda ctr: ctr.stats(), EVERY),
    "inspect": (lambda ctr: ctr.inspect(), EVERY),
    "sync": (lambda ctr: ctr.sync(), EVERY),
    "artifact": (lambda ctr: ctr.artifacts.update(name=b""), EVERY),
    "exec": (lambda ctr: ctr.exec_detached(["true"]), frozenset({S.RUNNING})),
    "logs": (lambda ctr: list(ctr.logs()), EVERY),
    "wait for its removal": (wait_in_vain, EVERY),
    "remove": (lambda ctr: ctr.remove(), EVERY - {S.RUNNING, S.PAUSED}),
}



def reachable(state: Status) -> set[Status]:
    """Where the table of moves leads from here, in any number of moves."""
    found, todo = {state}, [state]
    while todo:
        fresh = TRANSITIONS[todo.pop()] - found
        found |= fresh
        todo += fresh
    return found


# What the double has no conmon for, or nobody to end the process: that these are refused elsewhere is what counts.
ELSEWHERE = {"attach": EVERY, "resize": EVERY, "stop": frozenset({S.CREATED, S.RUNNING, S.PAUSED})}
ELSEWHERE["restart"] = frozenset({S.RUNNING})


@pytest.mark.parametrize("state", sorted(EVERY))
@pytest.mark.parametrize("name", OPERATIONS)
def test_allowed_or_refused(rooms: FakeRooms, name: str, state: Status) -> None:
    act, allowed = OPERATIONS[name]
    ctr = enter(rooms, state)
    before = rooms.store.load(ctr.id)
    since = len(rooms.store.events())
    if state in allowed:
        if state not in ELSEWHERE.get(name, ()):
            act(ctr)
            if name != "remove":
                assert rooms.store.load(ctr.id).state.status in reachable(state)
        return
    with pytest.raises(Conflict) as refused:
        act(ctr)
    if isinstance(refused.value, StateConflict):
        assert refused.value.container_id == ctr.id
        assert refused.value.status == state
        assert refused.value.wanted
        assert str(state) not in refused.value.wanted
        assert str(refused.value).endswith(": container state improper")
    after = rooms.store.load(ctr.id)
    assert (after.state, after.claim) == (before.state, None)
    assert len(rooms.store.events()) == since


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_being_removed_is_gone_for_every_operation(rooms: FakeRooms, name: str) -> None:
    """The remover has died: whoever comes next finishes its work, and finds nothing."""
    ctr = rooms.container("it")
    rooms.store.claim(ctr.id, Claim(Intent.REMOVE, ProcessId(2**22 - 1, 1, "no such boot"), 1))
    rooms.store.commit(ctr.id, rooms.store.load(ctr.id).state.replace(status=S.REMOVING))
    act, _ = OPERATIONS[name]
    if name in ("stats", "inspect", "logs", "wait for its removal"):  # reads show it as it is, and take no lock
        act(ctr)
        return
    with pytest.raises((NoSuchContainer, StateConflict)):
        act(ctr)


@pytest.mark.parametrize("state", sorted(EVERY))
def test_export_in_every_state(rooms: FakeRooms, state: Status) -> None:
    ctr = enter(rooms, state)
    os.makedirs(f"{rooms.storage.root}/{ctr.id}")
    out = io.BytesIO()
    ctr.export(out)
    assert out.getvalue() == bytes(1024)
    after = rooms.store.load(ctr.id)
    assert (after.state.status, after.claim) == (state, None)
    assert (ctr.id in rooms.storage.mounted) == (state not in AT_REST)
    assert rooms.store.events()[-1].kind == "export"


def test_the_diagram_of_the_docs_is_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs/states.md").read_text()
    drawn = re.findall(r"^    (\w+) --> (\w+)$", text, re.M)
    assert drawn == [(str(state), str(to)) for state in S for to in S if to in TRANSITIONS[state]]


def test_the_table_of_moves_is_closed() -> None:
    """Every state has its row, and none leads out of a removal."""
    assert set(TRANSITIONS) == set(S)
    assert TRANSITIONS[S.REMOVING] == frozenset()
    assert all(S.REMOVING in moves for state, moves in TRANSITIONS.items() if state is not S.REMOVING)
    assert all(state not in moves for state, moves in TRANSITIONS.items())
