"""Defects of the reference that nothing else shows: each test fails on what the reference does (docs/reference.md)."""

from __future__ import annotations

import pytest

from seabox.container import lifecycle, sync
from seabox.container.container import Container
from seabox.errors import ExitCodeUnknown, StateConflict, TimedOut
from seabox.model.record import EventKind, Status
from seabox.testing.rooms import FakeRooms


def kinds(rooms: FakeRooms) -> list[str]:
    return [event.kind for event in rooms.store.events()]


def test_an_attach_that_fails_is_no_event(rooms: FakeRooms) -> None:
    """D12: the event comes after the connection. The double has no conmon to connect to."""
    ctr = rooms.container()
    ctr.start()
    with pytest.raises(StateConflict, match="its conmon is gone"):
        ctr.attach()
    assert EventKind.ATTACH not in kinds(rooms)


def test_the_lock_is_free_while_conmon_is_told_the_size(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """D22: a conmon that does not read its fifo holds nobody up. A lock that is held would be refused here."""
    ctr = rooms.container()
    ctr.start()
    monkeypatch.setattr("seabox.oci.conmon.resize", lambda run_dir, height, width: ctr.rename("other"))
    ctr.resize(24, 80)
    assert ctr.name == "other"


def test_an_old_handle_knows_no_old_state(rooms: FakeRooms) -> None:
    """D11, D36: what one handle did the other acts on, in an operation, in `attach` and in `sync`."""
    one = rooms.container()
    other = Container(rooms, one.id)
    other.snapshot()
    one.start()
    rooms.fake.finish(one.id, 3)
    one.cleanup()
    with pytest.raises(StateConflict) as refused:
        other.attach()
    assert refused.value.status == "exited"
    other.sync()
    assert (other.status, other.wait()) == ("exited", 3)


@pytest.mark.parametrize("operation", ["pause", "unpause"])
def test_the_text_names_the_container(rooms: FakeRooms, operation: str) -> None:
    """D25: where the reference prints the state."""
    ctr = rooms.container()
    with pytest.raises(StateConflict, match=ctr.id):
        getattr(ctr, operation)()


def test_a_container_that_the_runtime_does_not_know(rooms: FakeRooms) -> None:
    """D37: `sync` finds it out and says that nobody knows the code; the reference cannot read the runtime's answer."""
    ctr = rooms.container()
    ctr.start()
    rooms.fake.lose(ctr.id)
    rooms.fake.lose(ctr.id, init=True)
    rooms.fake.delete(ctr.id)
    ctr.sync()
    assert ctr.status in ("stopped", "exited")
    with pytest.raises(ExitCodeUnknown):
        ctr.wait()


def test_a_stop_that_ends_nothing_fails(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """D43: in the reference it succeeds when the signal could not be sent."""
    ctr = rooms.container()
    ctr.start()
    with monkeypatch.context() as deaf:
        deaf.setattr(lifecycle, "KILL_GRACE", 0.05)
        deaf.setattr("seabox.container.lifecycle.process.send_signal", lambda *_: False)
        with pytest.raises(TimedOut):
            ctr.stop(timeout=0)
    after = rooms.store.load(ctr.id)
    assert (after.state.status, after.claim) == (Status.RUNNING, None)
    assert "stop" not in kinds(rooms)


def test_a_code_that_conmon_has_not_written_is_unknown_once_it_is_gone(rooms: FakeRooms) -> None:
    """It ended without writing it (its disk was full), and nobody was there to record that."""
    ctr = rooms.container()
    ctr.start()
    rooms.fake.lose(ctr.id, init=True)
    with ctr.locked():
        pass  # the next to lock it records that the code is still to come
    with pytest.raises(TimedOut):
        ctr.wait(timeout=0)
    rooms.fake.lose(ctr.id)
    with pytest.raises(ExitCodeUnknown, match="conmon_lost"):
        ctr.wait(timeout=60)
    assert ctr.snapshot().state.exit_reason == "conmon_lost"


def test_what_cannot_be_ended_is_not_removed(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal by force that fails leaves the container running and known, and no `remove` without a `died`."""
    ctr = rooms.container()
    ctr.start()
    with monkeypatch.context() as deaf:
        for module in (lifecycle, sync):
            deaf.setattr(module, "KILL_GRACE", 0.05)
            deaf.setattr(f"{module.__name__}.process.send_signal", lambda *_: False)
        with pytest.raises(TimedOut):
            ctr.remove(force=True, timeout=0)
    assert ctr.status == "running"
    assert EventKind.REMOVE not in kinds(rooms)
    ctr.remove(force=True, timeout=0)
    assert kinds(rooms)[-3:] == ["stop", "died", "remove"]


def test_one_that_was_started_while_it_is_removed(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its end and its removal the lock is free, and the claim may be lost: it is ended again, and told of."""
    ctr = rooms.container()
    ctr.start()

    def late(*_: object) -> bool:
        monkeypatch.undo()
        claim = rooms.store.load(ctr.id).claim
        assert claim is not None
        rooms.store.unclaim(ctr.id, claim)
        Container(rooms, ctr.id).start()
        return True

    monkeypatch.setattr("seabox.container.remove.await_end", late)
    ctr.remove(force=True, timeout=0)
    told = kinds(rooms)
    assert (told.count("start"), told.count("died"), told[-2:]) == (2, 2, ["died", "remove"])
