"""Each operation: what it does, what it refuses, what is left when it fails."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any
from unittest.mock import patch

import pytest

from seabox.container import lifecycle
from seabox.container.container import Container
from seabox.container.ended import deal_with_end
from seabox.container.guard import Locked
from seabox.container.remove import StillRunning
from seabox.container.sync import see_death
from seabox.errors import (
    CommandNotFound,
    ExitCodeUnknown,
    InvalidArgument,
    NameInUse,
    NeverStarted,
    NoSuchContainer,
    OCIRuntimeFailed,
    RemovalFinished,
    StateConflict,
    TimedOut,
)
from seabox.kernel import process
from seabox.kernel.watch import Watch
from seabox.model.record import Claim, Intent, ProcessId, Status
from seabox.testing.rooms import FakeRooms


def kinds(rooms: FakeRooms) -> list[str]:
    return [event.kind for event in rooms.store.events()]


def status(rooms: FakeRooms, ctr: Container) -> Status:
    return rooms.store.load(ctr.id).state.status


def dead_process() -> ProcessId:
    """A process that is certainly gone."""
    return ProcessId(2**22 - 1, 1, "no such boot")


def test_create_makes_a_configured_container(rooms: FakeRooms) -> None:
    ctr = rooms.container("web")
    assert status(rooms, ctr) is Status.CONFIGURED
    assert ctr.status == "created"
    assert rooms.store.find("web") == ctr.id == rooms.store.find(ctr.id[:12])
    assert kinds(rooms) == ["create"]
    assert rooms.store.load(ctr.id).claim is None


def test_create_with_a_taken_name_leaves_nothing(rooms: FakeRooms) -> None:
    first = rooms.container("web")
    with pytest.raises(NameInUse):
        rooms.container("web")
    assert [record.facts.id for record in rooms.store.records()] == [first.id]
    assert rooms.storage.known == {first.id}


def test_create_that_fails_on_storage_leaves_nothing(rooms: FakeRooms) -> None:
    rooms.storage.refuse = {"create"}
    with pytest.raises(OSError, match="No space"):
        rooms.container("web")
    assert list(rooms.store.records()) == []
    with pytest.raises(NoSuchContainer):
        rooms.store.find("web")
    assert os.listdir(f"{rooms.config.root}/containers") == []


def test_start_creates_in_the_runtime_and_runs(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    assert rooms.fake.calls == ["create", "start"]
    assert ctr.status == "running"
    assert kinds(rooms) == ["create", "init", "start"]
    with pytest.raises(StateConflict) as refused:
        ctr.start()
    assert refused.value.status == "running"


def test_init_then_start(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.init()
    assert status(rooms, ctr) is Status.CREATED
    with pytest.raises(StateConflict):
        ctr.init()
    ctr.start()
    assert ctr.status == "running"


@pytest.mark.parametrize("fails", ["create", "start"])
def test_a_failed_start_leaves_the_container_as_it_was(rooms: FakeRooms, fails: str) -> None:
    ctr = rooms.container()
    rooms.fake.refuse = {fails}
    with pytest.raises(CommandNotFound if fails == "create" else OCIRuntimeFailed):
        ctr.start()
    record = rooms.store.load(ctr.id)
    assert record.state.status is Status.CONFIGURED
    assert record.claim is None
    assert rooms.storage.mounted == set()
    assert rooms.fake.state(ctr.id) is None
    rooms.fake.refuse = set()
    ctr.start()
    assert ctr.status == "running"


def test_natural_exit_is_recorded_with_its_code(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    rooms.fake.finish(ctr.id, 7)
    assert (ctr.status, ctr.wait()) == ("stopped", 7)  # seen without a lock, before anybody recorded it
    ctr.cleanup()
    assert status(rooms, ctr) is Status.EXITED
    assert ctr.wait() == 7
    assert kinds(rooms) == ["create", "init", "start", "died", "cleanup"]
    assert rooms.store.events()[3].exit_code == 7
    assert rooms.storage.mounted == set()


@pytest.mark.parametrize("then", ["cleaned", "removed"])
def test_a_reader_that_is_overtaken_by_whoever_records_the_end(rooms: FakeRooms, then: str) -> None:
    """The row is read, then another records the code and takes its file away, then the file is looked for."""
    ctr = rooms.container()
    ctr.start()
    rooms.fake.finish(ctr.id, 7)
    read = rooms.exits.read
    others: list[str] = []

    def overtaken(id: str) -> object:
        if not others:
            others.append(id)
            ctr.cleanup()
            if then == "removed":
                ctr.remove()
        return read(id)

    with patch.object(type(rooms), "read", lambda _, id: overtaken(id)):
        assert ctr.wait() == 7


def test_stop_sends_the_stop_signal_and_cleans_up(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    settled = threading.Thread(target=rooms.fake.settle, args=(ctr.id,))
    settled.start()
    assert ctr.stop() is True
    settled.join()
    assert status(rooms, ctr) is Status.EXITED
    assert ctr.wait() == 128 + signal.SIGTERM
    assert kinds(rooms)[-3:] == ["stop", "died", "cleanup"]
    assert rooms.store.load(ctr.id).state.stopped_by_user
    assert ctr.stop() is False


def test_stop_of_a_configured_container_is_refused(rooms: FakeRooms) -> None:
    with pytest.raises(StateConflict, match="can only stop created or running"):
        rooms.container().stop()


def test_kill_with_another_signal_is_no_wish_to_stop(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.kill(signal.SIGCONT)
    assert not rooms.store.load(ctr.id).state.stopped_by_user
    assert kinds(rooms)[-1] == "kill"
    with pytest.raises(StateConflict):
        rooms.container().kill()


def test_unpause_of_one_that_was_thawed_to_be_killed(rooms: FakeRooms) -> None:
    """Whoever kills a paused container thaws it, and waits for its end with the lock free."""
    ctr = rooms.container()
    ctr.start()
    ctr.pause()
    rooms.fake.resume(ctr.id)
    rooms.fake.refuse = {"resume"}  # as runc: it is not paused
    ctr.unpause()
    assert ctr.status == "running"


def test_pause_and_unpause(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    with pytest.raises(StateConflict):
        ctr.pause()
    ctr.start()
    ctr.pause()
    assert ctr.status == "paused"
    with pytest.raises(StateConflict):
        ctr.pause()
    ctr.unpause()
    assert ctr.status == "running"
    assert kinds(rooms)[-2:] == ["pause", "unpause"]


def test_remove(rooms: FakeRooms) -> None:
    ctr = rooms.container("web")
    ctr.start()
    with pytest.raises(StillRunning) as refused:
        ctr.remove()
    assert refused.value.exit_code == 2
    rooms.fake.finish(ctr.id, 3)
    ctr.remove()
    assert not ctr.exists()
    assert ctr.wait() == 3  # the code outlives the container
    assert kinds(rooms)[-2:] == ["died", "remove"]
    assert os.listdir(f"{rooms.config.runroot}/containers") == []
    assert rooms.storage.known == set()
    with pytest.raises(NoSuchContainer):
        ctr.start()
    assert os.listdir(f"{rooms.config.runroot}/containers") == []


def test_remove_by_force_of_a_running_container(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    settled = threading.Thread(target=rooms.fake.settle, args=(ctr.id,))
    settled.start()
    ctr.remove(force=True)
    settled.join()
    assert kinds(rooms)[-3:] == ["stop", "died", "remove"]
    assert ctr.wait() == 128 + signal.SIGTERM


def test_conmon_lost(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    rooms.fake.lose(ctr.id)
    assert ctr.status == "running"
    rooms.fake.lose(ctr.id, init=True)
    assert ctr.status == "stopped"
    with pytest.raises(ExitCodeUnknown) as unknown:
        ctr.wait()
    assert unknown.value.reason == "conmon_lost"
    ctr.cleanup()
    assert ctr.inspect()["State"]["ExitCode"] == -1
    assert "conmon_lost" in ctr.inspect()["State"]["Error"]


def test_wait_of_a_container_that_never_ran(rooms: FakeRooms) -> None:
    with pytest.raises(NeverStarted):
        rooms.container().wait()


def test_wait_gives_up_in_time(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    with pytest.raises(TimedOut):
        ctr.wait(timeout=0.05)


@pytest.mark.parametrize("condition", ["exited", "removed", "next-exit"])
def test_waiters_wake_up(rooms: FakeRooms, condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ctr = rooms.container()
    ctr.start()
    codes: list[int | None] = []
    entered = threading.Semaphore(0)
    wait = Watch.wait
    monkeypatch.setattr(Watch, "wait", lambda watch, timeout=None: (entered.release(), wait(watch, timeout))[1])
    waiters = [
        threading.Thread(target=lambda: codes.append(ctr.wait(condition, timeout=60))) for _ in range(3)
    ]
    for waiter in waiters:
        waiter.start()
    for _ in waiters:
        entered.acquire()
    rooms.fake.finish(ctr.id, 5)
    if condition == "removed":
        ctr.remove()
    for waiter in waiters:
        waiter.join()
    assert codes == [5, 5, 5]


def test_a_waiter_wakes_though_the_run_directory_came_while_it_looked(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody had used the container since the boot; the start makes the directory between two looks for it."""
    ctr = rooms.container()
    run_dir = rooms.config.run_dir(ctr.id)
    add_dir, wait = Watch.add_dir, Watch.wait
    late: list[threading.Thread] = []

    def add(watch: Watch, path: str) -> None:
        try:
            add_dir(watch, path)
        except FileNotFoundError:
            os.makedirs(run_dir)
            raise

    def start_and_wait(watch: Watch, timeout: float | None = None) -> object:
        if threading.current_thread() is threading.main_thread() and not late:
            late.append(threading.Thread(target=ctr.start))
            late[0].start()
        return wait(watch, timeout)

    monkeypatch.setattr(Watch, "add_dir", add)
    monkeypatch.setattr(Watch, "wait", start_and_wait)
    assert ctr.wait("running", timeout=60) is None
    late[0].join()


def test_batch_shares_one_lock_and_dies_with_its_block(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    with ctr.batch() as same:
        same.start()
        same.pause()
        same.unpause()
    with pytest.raises(RuntimeError):
        same.pause()
    assert ctr.status == "running"


def test_a_reboot_is_seen_in_the_row(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    state = rooms.store.load(ctr.id).state
    rooms.store.commit(ctr.id, state.replace(boot="an earlier boot"))
    assert ctr.status == "exited"
    with pytest.raises(ExitCodeUnknown) as unknown:
        ctr.wait()
    assert unknown.value.reason == "reboot"
    rooms.fake.delete(ctr.id)
    ctr.start()
    assert ctr.status == "running"
    assert "died" in kinds(rooms)


@pytest.mark.parametrize("intent", [Intent.CREATE, Intent.REMOVE])
def test_a_half_made_or_half_removed_container_is_gone_at_the_next_call(rooms: FakeRooms, intent: Intent) -> None:
    ctr = rooms.container("web")
    rooms.store.claim(ctr.id, Claim(intent, dead_process(), 1))
    with pytest.raises(RemovalFinished if intent is Intent.REMOVE else NoSuchContainer):
        ctr.start()
    assert rooms.storage.known == set()
    assert os.listdir(f"{rooms.config.runroot}/containers") == []
    rooms.container("web")


@pytest.mark.parametrize("asleep", [False, True], ids=["running", "paused"])
def test_a_removal_that_was_interrupted_before_the_end_tells_how_it_ended(
    rooms: FakeRooms, asleep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctr = rooms.container("web")
    ctr.start()
    init, send = rooms.store.load(ctr.id).state.process, process.send_signal

    def kill(target: ProcessId, signal: int) -> bool:
        if target != init:
            return send(target, signal)
        rooms.fake.finish(ctr.id, 128 + signal)
        return True

    monkeypatch.setattr(process, "send_signal", kill)
    if asleep:
        ctr.pause()
    rooms.store.claim(ctr.id, Claim(Intent.REMOVE, dead_process(), 1))
    with pytest.raises(RemovalFinished):
        ctr.start()
    assert kinds(rooms)[-3:] == ["stop", "died", "remove"]
    assert ctr.wait() == 137


def test_a_restart_that_another_call_took_over_does_not_start(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a removal by force may: what it waits for is the end of the run that it saw."""
    ctr = rooms.container()
    ctr.start()
    other = process.identify(os.getppid())
    assert other is not None
    taken = Claim(Intent.REMOVE, other, 1)

    def end(locked: Locked, *_: object) -> None:
        rooms.fake.finish(ctr.id, 0)
        with locked.released():
            rooms.store.claim(ctr.id, taken)
        see_death(locked)

    monkeypatch.setattr(lifecycle, "end", end)
    with pytest.raises(StateConflict, match="another call is at it"):
        ctr.restart()
    record = rooms.store.load(ctr.id)
    assert (record.state.status, record.claim) == (Status.STOPPED, taken)
    rooms.store.unclaim(ctr.id, taken)


def test_who_looks_at_a_container_between_its_files_and_its_record_leaves_nothing(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exit command that waited for the lock takes it anew, with its directory, while the removal goes on."""
    ctr = rooms.container("web")
    remove = rooms.store.remove

    def late(*words: Any) -> None:
        other = threading.Thread(target=deal_with_end, args=(ctr,))
        other.start()
        other.join(60)
        assert not other.is_alive()
        remove(*words)

    monkeypatch.setattr(rooms.store, "remove", late)
    ctr.remove()
    assert os.listdir(f"{rooms.config.runroot}/containers") == []


def test_a_name_left_by_a_dead_creation_is_free(rooms: FakeRooms) -> None:
    left = rooms.container("web")
    rooms.store.claim(left.id, Claim(Intent.CREATE, dead_process(), 1))
    fresh = rooms.container("web")
    assert fresh.id != left.id
    assert rooms.store.find("web") == fresh.id


def test_an_interrupted_start_is_undone_or_adopted(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.init()
    rooms.fake.start(ctr.id)  # the process died right here, before it could commit
    rooms.store.claim(ctr.id, Claim(Intent.START, dead_process(), 1))
    ctr.sync()
    assert status(rooms, ctr) is Status.RUNNING
    assert kinds(rooms)[-2:] == ["start", "sync"]
    assert rooms.store.load(ctr.id).claim is None


def test_an_operation_does_not_run_beside_anothers_claim(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    other = ProcessId(os.getppid(), 0, "")
    from seabox.kernel.process import identify

    parent = identify(os.getppid())
    assert parent is not None
    assert other.pid == parent.pid
    rooms.store.claim(ctr.id, Claim(Intent.CHECKPOINT, parent, 1))
    object.__setattr__(rooms.config, "lock_timeout", 0.05)
    from seabox.errors import Busy

    with pytest.raises(Busy, match=str(parent.pid)):
        ctr.pause()
    assert ctr.status == "running"


def test_waiting_for_one_of_several(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    with pytest.raises(TimedOut, match="running or exited"):
        ctr.wait(["running", "exited"], timeout=0.05)  # it may still be started
    ctr.start()
    assert ctr.wait(["exited", "running"]) is None
    rooms.fake.finish(ctr.id, 4)
    assert ctr.wait(["paused", "exited"]) == 4
    ctr.remove()
    assert ctr.wait(["running", "removed"]) == 4
    with pytest.raises(NoSuchContainer):
        ctr.wait(["running", "paused"])
    for bad in ([], ["exited", "asleep"]):
        with pytest.raises(InvalidArgument, match="unknown container state"):
            ctr.wait(bad)


def test_sync_records_what_somebody_else_did(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    for act, expected, event in ((rooms.fake.pause, "paused", "pause"), (rooms.fake.resume, "running", "unpause")):
        act(ctr.id)
        ctr.sync()
        assert ctr.status == expected
        assert kinds(rooms)[-2:] == [event, "sync"]
    ctr.sync()
    assert kinds(rooms)[-2:] == ["sync", "sync"]
