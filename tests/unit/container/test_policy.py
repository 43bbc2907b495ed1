"""When a container is started again, decided without one."""

from __future__ import annotations

import pytest

from seabox.container import policy
from seabox.container.again import start_due
from seabox.container.container import Container
from seabox.container.ended import deal_with_end
from seabox.errors import OCIRuntimeFailed, StateConflict
from seabox.model.record import ContainerFacts, ContainerState, Status
from seabox.testing.rooms import FakeRooms

S, MS = 10**9, 10**6


def facts(restart: str = "always", retries: int = 0) -> ContainerFacts:
    return ContainerFacts("a" * 64, "c", 1, "i", "", "sh", "", "/r", False, 15, 10, restart, restart_retries=retries)


def dead(code: int | None = 1, ran: int = 0, **more: object) -> ContainerState:
    """A container that ended at 1000 s after `ran` ns."""
    return ContainerState(
        status=Status.STOPPED, started_at=1000 * S - ran, finished_at=1000 * S, exit_code=code, **more  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("policy_word", "retries", "state", "again"),
    [
        ("no", 0, dead(), False),
        ("always", 0, dead(0), True),
        ("unless-stopped", 0, dead(0), True),
        ("on-failure", 0, dead(0), False),
        ("on-failure", 0, dead(1), True),
        ("on-failure", 0, dead(None, exit_reason="conmon_lost"), True),
        ("on-failure", 3, dead(1, restart_count=2), True),
        ("on-failure", 3, dead(1, restart_count=3), False),
        ("always", 0, dead(stopped_by_user=True), False),
        ("always", 0, dead(None, exit_reason="reboot"), False),
        ("always", 0, dead(None, exit_reason="pending"), False),
    ],
)
def test_who_is_started_again(policy_word: str, retries: int, state: ContainerState, again: bool) -> None:
    planned = policy.planned(facts(policy_word, retries), state, 1000 * S)
    assert (planned.next_start_at > 0) is again


def test_the_pauses_double_up_to_a_minute() -> None:
    state, pauses = dead(), []
    for _ in range(12):
        state = policy.planned(facts(), state, 1000 * S)
        pauses.append(state.backoff // MS)
        assert state.backoff <= state.next_start_at - 1000 * S <= state.backoff * 1.1
    assert pauses == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]


def test_a_start_that_is_due_is_the_supervisors_but_for_the_first() -> None:
    """Found where he had been killed, and the next operation came just when he would have made it."""
    first = policy.planned(facts(), dead(), 1000 * S)
    assert not policy.needs_supervisor(facts(), first, first.next_start_at)
    second = policy.planned(facts(), first, 1000 * S)
    assert policy.needs_supervisor(facts(), second, second.next_start_at)


def test_a_run_of_ten_seconds_begins_them_anew() -> None:
    assert policy.planned(facts(), dead(ran=9 * S, backoff=400 * MS), 1000 * S).backoff == 800 * MS
    assert policy.planned(facts(), dead(ran=10 * S, backoff=400 * MS), 1000 * S).backoff == 100 * MS


def test_an_end_that_was_seen_late_makes_no_pause() -> None:
    planned = policy.planned(facts(), dead(backoff=400 * MS), 5000 * S)
    assert planned.next_start_at < 5000 * S


def test_a_start_that_fails_counts() -> None:
    state = policy.postponed(facts("on-failure", 2), dead(backoff=100 * MS), 1000 * S, "no")
    assert (state.restart_count, state.backoff, state.error) == (1, 200 * MS, "no")
    assert policy.postponed(facts("on-failure", 2), state, 1000 * S, "no").next_start_at == 0


def test_whoever_deals_with_the_end_starts_it_at_once(rooms: FakeRooms) -> None:
    ctr = rooms.container(restart_policy="always")
    ctr.start()
    rooms.fake.finish(ctr.id, 3)
    deal_with_end(Container(rooms, ctr.id))
    state = ctr.snapshot().state
    assert (state.status, state.restart_count, state.run) == (Status.RUNNING, 1, 2)
    assert [event.kind for event in rooms.store.events()][-4:] == ["died", "init", "start", "restart"]
    assert rooms.supervised == 0


def _in_a_pause(rooms: FakeRooms) -> Container:
    ctr = rooms.container(restart_policy="always")
    ctr.start()
    for _ in range(2):
        rooms.fake.finish(ctr.id, 3)
        deal_with_end(Container(rooms, ctr.id))
    return ctr


def test_a_longer_pause_is_the_supervisors_affair(rooms: FakeRooms) -> None:
    """Nothing of the run is left meanwhile, and that is no clean-up for its user."""
    ctr = _in_a_pause(rooms)
    state = ctr.snapshot().state
    assert (state.status, state.backoff) == (Status.EXITED, 200 * MS)
    assert rooms.storage.mounted == set()
    assert rooms.supervised > 0
    assert [at for at, id in rooms.store.starts() if id == ctr.id] == [state.next_start_at]
    assert [event.kind for event in rooms.store.events()][-1] == "died"
    start_due(rooms, ctr)
    assert ctr.status == "exited"  # it is not time yet
    rooms.store.commit(ctr.id, state.replace(next_start_at=1))
    start_due(rooms, ctr)
    assert ctr.status == "running"
    assert rooms.store.starts() == []


def test_a_start_by_the_policy_that_fails_is_put_off(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    rooms.store.commit(ctr.id, ctr.snapshot().state.replace(next_start_at=1))
    rooms.fake.refuse = {"start"}
    start_due(rooms, ctr)
    state = ctr.snapshot().state
    assert (state.status, state.restart_count, state.backoff) == (Status.EXITED, 2, 400 * MS)
    assert "start was refused" in state.error
    assert state.next_start_at > rooms.clock.now()


def test_a_stop_in_the_pause_wins(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    assert ctr.stop() is True
    assert rooms.store.starts() == []
    assert ctr.snapshot().state.stopped_by_user
    assert [event.kind for event in rooms.store.events()][-1] == "stop"
    assert ctr.stop() is False
    with pytest.raises(StateConflict):
        ctr.kill()


def test_a_start_in_the_pause_begins_anew(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    ctr.start()
    state = ctr.snapshot().state
    assert (state.restart_count, state.backoff, state.next_start_at) == (0, 0, 0)


def test_a_failed_start_by_the_user_leaves_the_policy_alone(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    rooms.fake.refuse = {"start"}
    with pytest.raises(OCIRuntimeFailed):
        ctr.start()
    assert ctr.status == "exited"
    assert rooms.store.starts() != []


def test_whoever_works_on_it_sees_that_a_supervisor_runs(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    later = rooms.clock.now() + 60 * S
    rooms.store.commit(ctr.id, ctr.snapshot().state.replace(next_start_at=later))
    before = rooms.supervised
    ctr.sync()
    assert rooms.supervised == before + 1


def test_the_state_after_a_reboot_has_no_plans(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    rooms.store.commit(ctr.id, ctr.snapshot().state.replace(boot="the boot before"))
    ctr.sync()
    state = rooms.store.load(ctr.id).state
    assert (state.next_start_at, state.backoff, state.restart_count) == (0, 0, 0)


def test_a_policy_that_was_taken_away_in_the_pause(rooms: FakeRooms) -> None:
    ctr = _in_a_pause(rooms)
    ctr.update(restart="no")
    rooms.store.commit(ctr.id, ctr.snapshot().state.replace(next_start_at=1))
    start_due(rooms, ctr)
    assert ctr.status == "exited"
    assert rooms.store.starts() == []
