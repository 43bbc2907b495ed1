"""What a container requires: read, judged, and started in an order."""

from __future__ import annotations

import threading

import pytest

from seabox.container.dependencies import DependenciesFailed
from seabox.errors import StateConflict
from seabox.testing.rooms import FakeRooms


def test_the_leaves_go_first_and_no_lock_is_held_between(rooms: FakeRooms) -> None:
    leaf = rooms.container("leaf")
    middle = rooms.container("middle", requires=(leaf.id,))
    top = rooms.container("top", requires=(middle.id, leaf.id))
    with pytest.raises(StateConflict) as refused:
        top.start()
    assert leaf.id in str(refused.value)
    top.start(recursive=True)
    assert [event.name for event in rooms.store.events() if event.kind == "start"] == ["leaf", "middle", "top"]


def test_a_completed_one_is_waited_for_without_its_lock(rooms: FakeRooms) -> None:
    setup = rooms.container("setup")
    web = rooms.container("web", requires=(setup.id,), conditions={setup.id: "completed"})
    starter = threading.Thread(target=web.start, kwargs={"recursive": True})
    starter.start()
    setup.wait("running", timeout=60)
    setup.sync()  # its lock is free
    rooms.fake.finish(setup.id, 0)
    starter.join(60)
    assert not starter.is_alive()
    assert web.status == "running"


def test_one_that_failed_is_named_with_its_cause(rooms: FakeRooms) -> None:
    setup = rooms.container("setup")
    web = rooms.container("web", requires=(setup.id,))
    rooms.fake.refuse = {"start"}
    with pytest.raises(DependenciesFailed) as failed:
        web.start(recursive=True)
    assert list(failed.value.causes) == [setup.id]
    assert "start was refused" in str(failed.value)
    assert web.status == "created"
