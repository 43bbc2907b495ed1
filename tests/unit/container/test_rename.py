"""rename: the name, its copy on disk, the event; and what is refused."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from seabox.container.container import Container
from seabox.errors import InvalidArgument, NameInUse, NoSuchContainer
from seabox.kernel.watch import Watch
from seabox.model.record import Claim, Intent
from seabox.testing.rooms import FakeRooms
from seabox.testing.store import MemoryStore


def copy(rooms: FakeRooms, ctr: Container) -> str:
    with open(f"{rooms.config.static_dir(ctr.id)}/container.json") as file:
        name = json.load(file)["name"]
    assert isinstance(name, str)
    return name


def test_rename(rooms: FakeRooms) -> None:
    ctr = rooms.container("old")
    ctr.rename("new")
    assert (ctr.name, copy(rooms, ctr)) == ("new", "new")
    assert rooms.store.find("new") == ctr.id
    with pytest.raises(NoSuchContainer):
        rooms.store.find("old")
    event = rooms.store.events()[-1]
    assert (event.kind, event.name) == ("rename", "new")
    assert rooms.store.load(ctr.id).claim is None
    with ctr.locked() as locked:
        assert locked.config.name == "new"


def test_a_taken_name(rooms: FakeRooms) -> None:
    other = rooms.container("taken")
    ctr = rooms.container("old")
    with pytest.raises(NameInUse) as refused:
        ctr.rename("taken")
    assert refused.value.owner == other.id
    ctr.rename("old")  # which it is called: nothing happens
    assert (ctr.name, copy(rooms, ctr)) == ("old", "old")
    assert [event.kind for event in rooms.store.events()] == ["create", "create"]
    assert rooms.store.load(ctr.id).claim is None


@pytest.mark.parametrize("name", ["", "a/b", "-x", "a b", "x" * 254])
def test_a_bad_name(rooms: FakeRooms, name: str) -> None:
    ctr = rooms.container("old")
    with pytest.raises(InvalidArgument, match="names must match"):
        ctr.rename(name)
    assert ctr.name == "old"


def test_whoever_waits_for_a_claim_when_the_run_directory_goes(
    rooms: FakeRooms, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """As when what claimed it removes it: seen by trust R8."""
    ctr, gone = rooms.container("old"), threading.Event()

    def add_dir(watch: Watch, path: str) -> None:
        gone.set()
        raise FileNotFoundError(path)

    monkeypatch.setattr(Watch, "add_dir", add_dir)
    with ThreadPoolExecutor(1) as pool:
        with ctr.locked() as locked, locked.claimed(Intent.STOP), locked.released():
            renamed = pool.submit(ctr.rename, "new")
            assert gone.wait(60)
        renamed.result(60)
    assert ctr.name == "new"


def test_the_copy_is_caught_up_after_a_kill(rooms: FakeRooms) -> None:
    ctr = rooms.container("old")
    assert isinstance(rooms.store, MemoryStore)
    from seabox.model.record import ProcessId

    rooms.store.claim(ctr.id, Claim(Intent.UPDATE, ProcessId(2**22 - 1, 1, "no such boot"), 1))
    rooms.store.rename(ctr.id, "new")
    assert copy(rooms, ctr) == "old"
    ctr.mend()
    assert copy(rooms, ctr) == "new"
