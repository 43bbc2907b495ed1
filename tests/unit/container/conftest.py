"""The lifecycle over doubles: no root, no conmon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seabox.testing.rooms import FakeRooms


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[FakeRooms]:
    rooms = FakeRooms(str(tmp_path))
    yield rooms
    rooms.close()
