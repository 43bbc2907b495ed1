"""Events are followed across commits, without loss, and a follower can be called off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seabox.errors import Cancelled
from seabox.events.follow import follow, past
from seabox.kernel.watch import Cancel
from seabox.model.record import ContainerState, EventKind
from seabox.state.sqlite import SQLiteStore
from seabox.state.store import Occurrence
from seabox.testing.rooms import FakeRooms


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[FakeRooms]:
    rooms = FakeRooms(str(tmp_path), store=SQLiteStore(str(tmp_path / "seabox.db")))
    yield rooms
    rooms.close()


def test_what_is_there_and_what_comes(rooms: FakeRooms, tmp_path: Path) -> None:
    ctr = rooms.container("web")
    going = follow(rooms.store, str(tmp_path / "seabox.db-wal"), 0)
    assert next(going).kind == "create"
    coming = threading.Thread(
        target=lambda: [rooms.store.commit(ctr.id, ContainerState(), [Occurrence(EventKind.SYNC)]) for _ in range(50)]
    )
    coming.start()
    seen = [next(going) for _ in range(50)]
    coming.join()
    assert [event.kind for event in seen] == ["sync"] * 50
    assert [event.seq for event in seen] == sorted({event.seq for event in seen})
    assert [event.seq for event in past(rooms.store, seen[-2].seq)] == [seen[-1].seq]


def test_a_follower_is_called_off(rooms: FakeRooms, tmp_path: Path) -> None:
    rooms.container("web")
    cancel = Cancel()
    going = follow(rooms.store, str(tmp_path / "seabox.db-wal"), 0, cancel=cancel)
    assert next(going).kind == "create"
    threading.Timer(0.05, cancel.fire).start()
    with pytest.raises(Cancelled):
        next(going)


def test_until_a_moment(rooms: FakeRooms, tmp_path: Path) -> None:
    rooms.container("web")
    assert [event.kind for event in follow(rooms.store, str(tmp_path / "seabox.db-wal"), 0, until=1)] == ["create"]
