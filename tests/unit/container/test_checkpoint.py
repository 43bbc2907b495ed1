"""Checkpoint and restore over doubles: what is recorded when, and what is left when something fails."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from seabox.checkpoint.document import decode
from seabox.container import dumping, lifecycle
from seabox.container.container import Container
from seabox.container.dumping import CheckpointFailed
from seabox.container.waking import NoCheckpoint, RestoreFailed
from seabox.errors import ExitCodeUnknown, InvalidArgument, OCIRuntimeFailed, StateConflict, Unsupported
from seabox.kernel import process
from seabox.model.record import Claim, Intent, ProcessId, Status
from seabox.oci.runtime import Dump
from seabox.state.locks import Rank
from seabox.testing.rooms import FakeRooms

DEAD = ProcessId(2**22 - 1, 1, "no such boot")


def running(rooms: FakeRooms, **config: object) -> Container:
    ctr = rooms.container(**config)
    ctr.start()
    return ctr


def kinds(rooms: FakeRooms) -> list[str]:
    return [event.kind for event in rooms.store.events()]


def meanwhile(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch, act: Callable[[str, Dump], None]) -> None:
    """`act` happens while criu is at work, before it is done."""
    original = rooms.fake.checkpoint

    def checkpoint(id: str, dump: Dump) -> None:
        act(id, dump)
        original(id, dump)

    monkeypatch.setattr(rooms.fake, "checkpoint", checkpoint)


def test_criu_runs_under_a_claim_with_the_lock_free(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a reader who comes when the process is gone already is not told of a death."""
    ctr = running(rooms)
    seen: list[object] = []

    def look(id: str, dump: Dump) -> None:
        held = rooms.locks.try_hold(Rank.CONTAINER, id)
        assert held is not None
        held.release()
        claim = rooms.store.load(id).claim
        seen.append(claim and claim.intent)
        rooms.fake.finish(id, 137)
        seen.append(ctr.snapshot().state.exit_reason)

    meanwhile(rooms, monkeypatch, look)
    ctr.checkpoint()
    assert seen == [Intent.CHECKPOINT, "pending"]
    assert rooms.store.load(ctr.id).claim is None
    assert kinds(rooms) == ["create", "init", "start", "checkpoint", "cleanup"]
    assert ctr.wait() == 0


def test_a_signal_does_not_wait_for_what_was_restored_to_execute_something(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the kernel criu's processes look as if they were about to: see kernel.procfs.has_executed."""
    waited: list[ProcessId] = []
    monkeypatch.setattr(lifecycle, "await_program", waited.append)
    ctr = running(rooms)
    ctr.kill("WINCH")  # which ends nobody
    assert len(waited) == 1
    ctr.checkpoint()
    ctr.restore()
    ctr.kill("WINCH")
    assert len(waited) == 1


def test_the_program_is_put_to_sleep_and_not_the_runtime_that_is_about_to_execute_it(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start returns a moment before; criu would keep what the runtime is, with its descriptors. Not in its way."""
    done: list[str] = []
    monkeypatch.setattr(dumping, "await_program", lambda process: done.append("executed"))
    meanwhile(rooms, monkeypatch, lambda *_: done.append("checkpoint"))
    ctr = running(rooms)
    ctr.checkpoint()
    ctr.restore()
    ctr.checkpoint()
    assert done == ["executed", "checkpoint", "checkpoint"]


def test_the_configuration_is_that_of_the_moment(rooms: FakeRooms) -> None:
    """D39: what is recorded is read under the lock, however long this handle has been there."""
    ctr = running(rooms)
    Container(rooms, ctr.id).rename("later")
    ctr.checkpoint()
    with open(f"{dumping.place_of(rooms, ctr.id, dumping.CURRENT)}/{dumping.ABOUT}", "rb") as file:
        assert decode(file.read()).config.name == "later"


def test_times_are_stamped_only_where_they_are_true(rooms: FakeRooms) -> None:
    """D38: a container that goes on has not finished."""
    ctr = running(rooms)
    ctr.checkpoint(keep_running=True)
    state = ctr.snapshot().state
    assert (state.status, state.finished_at, state.checkpointed) == (Status.RUNNING, 0, False)
    assert state.started_at < state.checkpointed_at <= rooms.clock.now()
    ctr.checkpoint()
    state = ctr.snapshot().state
    assert (state.status, state.exit_code, state.checkpointed) == (Status.EXITED, 0, True)
    assert state.finished_at == state.checkpointed_at <= rooms.clock.now()
    ctr.restore()
    state = ctr.snapshot().state
    assert (state.status, state.finished_at, state.restored, state.run) == (Status.RUNNING, 0, True, 2)
    assert state.checkpointed_at < state.restored_at == state.started_at <= rooms.clock.now()


def test_what_the_runtime_is_asked_for(rooms: FakeRooms) -> None:
    """Every option; a container that goes on stands still until all is copied."""
    ctr = running(rooms)
    rooms.fake.calls.clear()
    ctr.checkpoint(pre_checkpoint=True)
    ctr.checkpoint(keep_running=True, with_previous=True, tcp_established=True, file_locks=True)
    first, second = rooms.fake.dumps
    assert (first.pre_dump, first.leave_running, first.parent) == (True, False, "")
    assert (second.pre_dump, second.leave_running, second.parent) == (False, True, "../previous/criu")
    assert (second.tcp_established, second.file_locks, second.criu) == (True, True, "/fake/criu")
    assert [call for call in rooms.fake.calls if call != "state"] == ["checkpoint", "pause", "checkpoint", "resume"]
    ctr.checkpoint(tcp_close=True, keep_running=True)
    with open(f"{rooms.config.run_dir(ctr.id)}/criu.conf") as file:
        assert "tcp-close" in file.read().split()


@pytest.mark.parametrize("keep_running", [False, True])
def test_a_refusal_leaves_it_running(rooms: FakeRooms, keep_running: bool) -> None:
    ctr = running(rooms)
    rooms.fake.refuse = {"checkpoint"}
    with pytest.raises(CheckpointFailed):
        ctr.checkpoint(keep_running=keep_running)
    rooms.fake.lacks = "criu is not what it was"
    with pytest.raises(Unsupported, match="not what it was"):
        ctr.checkpoint(keep_running=keep_running)
    rooms.fake.refuse = set()
    assert ctr.status == "running"
    state = rooms.fake.state(ctr.id)
    assert state is not None
    assert state.status == "running"
    assert kinds(rooms) == ["create", "init", "start"]
    assert rooms.store.load(ctr.id).claim is None
    assert not os.path.exists(dumping.place_of(rooms, ctr.id, dumping.NEW))


def test_a_refusal_leaves_it_stopped_with_its_checkpoint(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    ctr.checkpoint()
    before = ctr.snapshot().state
    rooms.fake.refuse = {"create"}
    with pytest.raises(RestoreFailed):
        ctr.restore()
    rooms.fake.refuse = set()
    rooms.storage.refuse = {"mount"}
    with pytest.raises(OSError, match="No space"):
        ctr.restore()
    rooms.storage.refuse = set()
    assert ctr.snapshot().state == before
    assert rooms.storage.mounted == set()
    assert "restore" not in kinds(rooms)
    ctr.restore()
    assert kinds(rooms)[-1] == "restore"
    with pytest.raises(StateConflict):
        ctr.restore()
    ctr.stop(timeout=0)
    with pytest.raises(NoCheckpoint):
        ctr.restore()


def test_one_that_ends_by_itself_meanwhile(rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ended with its own code, and is not taken for asleep."""
    ctr = running(rooms)

    def end(id: str, dump: Dump) -> None:
        rooms.fake.finish(id, 3)
        raise OCIRuntimeFailed("fake", "no such process")

    meanwhile(rooms, monkeypatch, end)
    with pytest.raises(CheckpointFailed):
        ctr.checkpoint()
    assert ctr.wait() == 3
    assert kinds(rooms)[3:4] == ["died"]
    assert not ctr.snapshot().state.checkpointed


@pytest.mark.parametrize("finished", [True, False])
def test_whoever_made_it_is_killed(rooms: FakeRooms, finished: bool) -> None:
    """The next call records what criu did: all of it, or a death that nobody can explain."""
    ctr = running(rooms)
    place = dumping.place_of(rooms, ctr.id, dumping.NEW)
    with ctr.locked() as locked:
        about = dumping.describe(locked, dumping.Checkpoint(created_at=0, by="", runtime="", config=locked.config))
    rooms.store.claim(ctr.id, Claim(Intent.CHECKPOINT, DEAD, 1))
    os.makedirs(f"{place}/{dumping.IMAGES}")
    for path, data in ((dumping.ABOUT, dumping.encode(about)), (f"{dumping.IMAGES}/inventory.img", b"")):
        with open(f"{place}/{path}", "wb") as file:
            file.write(data)
    with open(f"{place}/dump.log", "w") as log:
        log.write("(00.1) Dumping finished successfully\n" if finished else "(00.1) Dumping\n")
    rooms.fake.finish(ctr.id, 137)
    ctr.mend()
    assert not os.path.exists(place)
    if finished:
        assert (ctr.status, ctr.snapshot().state.checkpointed) == ("exited", True)
        ctr.restore()
        assert ctr.status == "running"
    else:
        assert (ctr.status, ctr.wait()) == ("stopped", 137)
        assert kinds(rooms)[-1] == "died"


def test_whoever_froze_it_is_killed(rooms: FakeRooms) -> None:
    """It goes on: nobody asked for a pause."""
    ctr = running(rooms)
    rooms.store.claim(ctr.id, Claim(Intent.CHECKPOINT, DEAD, 1))
    rooms.fake.pause(ctr.id)
    ctr.mend()
    assert ctr.status == "running"
    state = rooms.fake.state(ctr.id)
    assert state is not None
    assert state.status == "running"
    assert "pause" not in kinds(rooms)


def test_options_that_contradict_each_other(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    for options in (
        {"tcp_established": True, "tcp_close": True}, {"pre_checkpoint": True, "with_previous": True},
        {"ignore_rootfs": True}, {"ignore_volumes": True}, {"compression": "lz4"}, {"with_previous": True},
    ):  # fmt: skip
        with pytest.raises(InvalidArgument):
            ctr.checkpoint(**options)  # type: ignore[arg-type]
    assert kinds(rooms) == ["create", "init", "start"]
    assert rooms.fake.dumps == []


def test_an_unknown_end_is_not_a_checkpoint(rooms: FakeRooms) -> None:
    ctr = running(rooms)
    ctr.checkpoint(keep_running=True)
    rooms.fake.lose(ctr.id)
    rooms.fake.lose(ctr.id, init=True)
    with pytest.raises(ExitCodeUnknown):
        ctr.wait()
    assert not ctr.snapshot().state.checkpointed
    assert process.alive(process.myself())
