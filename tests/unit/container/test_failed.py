"""What is on record of a container that could not be started, and what those who wait for it are told."""

from __future__ import annotations

import pytest

from seabox.container.wait import next_run
from seabox.errors import CommandNotExecutable, CommandNotFound, NoSuchContainer, OCIRuntimeFailed
from seabox.testing.rooms import FakeRooms


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (CommandNotFound("runc", "no such file"), 127), (CommandNotExecutable("runc", "denied"), 126),
        (OCIRuntimeFailed("runc", "full"), 128), (OSError("full"), 128),
    ],
)  # fmt: skip
def test_its_code(rooms: FakeRooms, problem: Exception, code: int) -> None:
    ctr = rooms.container()
    run = next_run(ctr.snapshot())
    ctr.give_up(problem)
    seen = ctr.snapshot()
    assert (seen.status, seen.state.exit_code, seen.state.error) == ("created", code, str(problem))
    assert ctr.wait("next-exit", run=run) == code
    ctr.start()
    assert (ctr.snapshot().state.exit_code, ctr.snapshot().state.error) == (None, "")
    assert ctr.snapshot().state.run == run + 1


def test_one_that_was_to_go_at_its_end_is_gone(rooms: FakeRooms) -> None:
    ctr = rooms.container(auto_remove=True)
    run = next_run(ctr.snapshot())
    ctr.give_up(CommandNotFound("runc", "no such file"))
    assert not ctr.exists()
    assert [ctr.wait(each, run=run) for each in ("next-exit", "removed")] == [127, 127]
    with pytest.raises(NoSuchContainer):
        ctr.wait("next-exit", run=run + 1)


def test_one_that_was_attached_to_waits_no_more(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.init()
    run = next_run(ctr.snapshot())
    rooms.fake.refuse = {"start"}
    with pytest.raises(OCIRuntimeFailed) as refused:
        ctr.start()
    ctr.give_up(refused.value)
    assert (ctr.snapshot().word, ctr.wait("next-exit", run=run)) == ("created", 128)
    assert rooms.fake.state(ctr.id) is None


def test_one_that_runs_is_left_alone(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.give_up(OSError("full"))
    assert (ctr.status, ctr.snapshot().state.error) == ("running", "")
