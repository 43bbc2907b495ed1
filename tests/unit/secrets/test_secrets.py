"""Secrets over a real database, without containers: their life, what may be asked for, and death at every point."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seabox.errors import Damaged, InvalidArgument, SeaboxError, Unsupported
from seabox.secrets.errors import AmbiguousSecret, NoSuchSecret, SecretExists
from seabox.secrets.secrets import Secrets
from seabox.state.locks import Locks, Rank, RankedLocks
from seabox.state.secrets import SQLiteSecrets
from seabox.state.sqlite import SQLiteStore
from seabox.testing.killpoints import fail_at, kill_at, record


class Place:
    """Secrets in a directory; `again` opens them as another process would."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.locks = folder / "root/secrets", folder / "run/locks"
        self.store = SQLiteStore(str(folder / "root/seabox.db"))
        locks = Locks(lambda rank, name: f"{self.locks}/{rank.name.lower()}-{name}/lock", 5.0)
        ours = RankedLocks(locks, Rank.SECRET, str(self.locks))
        self.secrets = Secrets(SQLiteSecrets(self.store), ours, str(self.folder))

    def files(self) -> list[str]:
        """What is in the directory."""
        return sorted(os.listdir(self.folder)) if self.folder.exists() else []

    def leftovers(self) -> list[str]:
        """What is there and belongs to no secret that can be seen."""
        known = {each.id for each in self.secrets.list()}
        rows = set(SQLiteSecrets(self.store).known())
        left = [name for name in self.files() if name not in known] + sorted(rows - known)
        return left + (os.listdir(self.locks) if self.locks.exists() else [])

    def events(self) -> list[tuple[str, str]]:
        """What happened: kind and id."""
        return [(event.kind, event.id) for event in self.store.events() if event.type == "secret"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.store.close()


def test_a_secrets_life(place: Place) -> None:
    made = place.secrets.create("token", b"\xff\0 bytes", labels={"a": "b"}, driver_options={"k": "v"})
    assert (len(made.id), made.labels, made.driver, made.driver_options) == (25, {"a": "b"}, "file", {"k": "v"})
    assert place.secrets.get("token") == place.secrets.get(made.id) == place.secrets.get(made.id[:4]) == made
    assert place.secrets.data("token") == b"\xff\0 bytes"
    assert place.secrets.list() == [made]
    assert place.secrets.exists("token")
    assert not place.secrets.exists("toke")
    assert place.secrets.remove("token") == made
    assert place.secrets.list() == []
    assert place.files() == place.leftovers() == []
    assert place.events() == [("create", made.id), ("remove", made.id)]
    for call in (place.secrets.get, place.secrets.data, place.secrets.remove):
        with pytest.raises(NoSuchSecret, match=r'^no secret with name or id "token": no such secret$'):
            call("token")


def test_only_root_can_read_what_is_on_disk(place: Place) -> None:
    made = place.secrets.create("token", "s3cr3t")
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((place.folder / made.id).stat().st_mode) == 0o600
    place.store.close()
    assert b"s3cr3t" not in b"".join(path.read_bytes() for path in place.folder.parent.glob("seabox.db*"))


def test_a_name_is_taken_once(place: Place) -> None:
    first = place.secrets.create("token", "one")
    with pytest.raises(SecretExists, match=r"^token: secret name in use$"):
        place.secrets.create("token", "two")
    assert place.secrets.create("token", "two", ignore=True) == first
    assert place.secrets.data("token") == b"one"
    second = place.secrets.create("token", "two", replace=True, labels={"x": ""})
    assert (second.id != first.id, second.created_at, second.labels) == (True, first.created_at, {"x": ""})
    assert second.updated_at > first.updated_at
    assert place.secrets.data("token") == b"two"
    assert not place.secrets.exists(first.id)
    assert place.files() == [second.id]
    assert place.events() == [("create", first.id), ("remove", first.id), ("create", second.id)]
    with pytest.raises(InvalidArgument, match="ignore and replace"):
        place.secrets.create("token", "two", replace=True, ignore=True)
    assert place.secrets.create("other", "x", replace=True).name == "other"


def test_all_are_removed(place: Place) -> None:
    made = [place.secrets.create(name, name) for name in ("b", "a", "c")]
    assert [each.name for each in place.secrets.remove_all()] == ["a", "b", "c"]
    assert place.leftovers() == []
    assert {id for kind, id in place.events() if kind == "remove"} == {each.id for each in made}
    assert place.secrets.remove_all() == []


def test_a_prefix_of_an_id_that_fits_several(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter((b"\xab" + bytes(15), b"\xab" + b"\1" * 15))
    monkeypatch.setattr("seabox.secrets.secrets.os.urandom", lambda size: next(ids))
    place.secrets.create("one", "1")
    place.secrets.create("two", "2")
    monkeypatch.undo()
    with pytest.raises(AmbiguousSecret, match=r"^more than one result secret with prefix ab: secret is ambiguous$"):
        place.secrets.get("ab")
    assert place.secrets.get("ab00").name == "one"


@pytest.mark.parametrize("name", ["", "a/b", "a=b", "a,b", "a\0b", "x" * 254, "?!", "-x", "..", ".", "a b", "ä", "a\n"])
def test_names_that_cannot_be(place: Place, name: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid secret name"):
        place.secrets.create(name, "x")
    assert place.leftovers() == []


@pytest.mark.parametrize(("size", "fits"), [(0, False), (1, True), (511_999, True), (512_000, False)])
def test_how_large_one_may_be(place: Place, size: int, fits: bool) -> None:
    if fits:
        place.secrets.create("x" * 253, bytes(size))
        assert len(place.secrets.data("x" * 253)) == size
        return
    with pytest.raises(InvalidArgument, match=r"^secret data must be larger than 0 and less than 512000 bytes$"):
        place.secrets.create("x", bytes(size))
    assert place.leftovers() == []


def test_other_things_that_cannot_be(place: Place) -> None:
    for driver in ("pass", "shell", "bogus"):
        with pytest.raises(Unsupported, match="use file"):
            place.secrets.create("x", "y", driver=driver)
    with pytest.raises(Unsupported, match="path"):
        place.secrets.create("x", "y", driver_options={"path": "/tmp"})
    for labels in ({"": "x"}, {"a\n": "x"}, {"a": "\0"}):
        with pytest.raises(InvalidArgument, match="invalid label"):
            place.secrets.create("x", "y", labels=labels)
    assert place.leftovers() == []


OPERATIONS: dict[str, Callable[[Secrets], object]] = {
    "create": lambda secrets: secrets.create("new", "new"),
    "replace": lambda secrets: secrets.create("old", "new", replace=True),
    "remove all": lambda secrets: secrets.remove_all(),
}


def _state(secrets: Secrets) -> dict[str, bytes]:
    return {each.name: secrets.data(each.id) for each in secrets.list()}


def _ready(place: Place) -> None:
    place.secrets.remove_all()
    place.secrets.create("old", "old")
    place.secrets.create("more", "more")
    place.store.close()  # nothing of it is open when the process forks


AFTER = {
    "create": {"old": b"old", "more": b"more", "new": b"new"}, "replace": {"old": b"new", "more": b"more"},
    "remove all": {},
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_at_every_point(place: Place, name: str) -> None:
    """It has happened or it has not, as the events say; and the next look leaves nothing of what was cut short."""
    act = OPERATIONS[name]
    before = {"old": b"old", "more": b"more"}
    _ready(place)
    points = record(lambda: act(place.secrets))
    killed = 0
    for point in points:
        _ready(place)
        seq = place.store.last_seq()
        place.store.close()
        killed += kill_at(lambda: act(place.secrets), point).killed
        found = _state(place.secrets)
        assert found in (before, AFTER[name]), point
        told = [event.kind for event in place.store.events(seq) if event.type == "secret"]
        assert bool(told) is (found != before), point
        assert place.leftovers() == [], point
    assert killed > 10  # a few were met only once: what the first process of all does to the database


@pytest.mark.parametrize("name", ["replace", "remove all"])
def test_a_call_that_fails_at_every_point(place: Place, name: str) -> None:
    act = OPERATIONS[name]
    _ready(place)
    for point in [each for each in record(lambda: act(place.secrets)) if each.edge == "before"]:
        _ready(place)
        assert fail_at(lambda: act(place.secrets), point, errno.ENOSPC).code in (0, 3), point
        assert _state(place.secrets) in ({"old": b"old", "more": b"more"}, AFTER[name]), point
        assert place.leftovers() == [], point


def test_a_damaged_row_hides_one_secret(place: Place, tmp_path: Path) -> None:
    made = {name: place.secrets.create(name, name) for name in ("a", "b", "c", "d", "e", "f")}
    place.store.close()
    with sqlite3.connect(tmp_path / "root/seabox.db") as db:
        db.execute("UPDATE secret SET config = 'x' WHERE name = 'a'")
        db.execute("UPDATE secret SET config = (SELECT config FROM secret WHERE name = 'd') WHERE name = 'b'")
        db.execute("UPDATE secret SET phase = 'reacy' WHERE name = 'c'")
        db.execute("UPDATE secret SET name = CAST(x'ff41' AS TEXT) WHERE name = 'e'")
        db.execute("UPDATE secret SET id = CAST(x'ff41' AS TEXT) WHERE name = 'f'")
    db.close()
    assert [each.name for each in place.secrets.list()] == ["d"]
    assert place.secrets.data("d") == b"d"
    for name in ("a", "b"):
        with pytest.raises(Damaged):
            place.secrets.get(name)
    damaged = {id for id, _ in place.secrets.damaged()}
    assert damaged == {made[name].id for name in ("a", "b", "c", "e")} | {"\udcffA"}
    assert place.secrets.strays() == [made["f"].id]
    assert set(place.files()) == {each.id for each in made.values()}
    for id, _ in place.secrets.damaged():
        place.secrets.discard(id)
    place.secrets.discard(made["f"].id)
    assert place.secrets.damaged() == place.leftovers() == []
    assert place.secrets.create("a", "again").name == "a"


def test_bytes_that_are_lost(place: Place) -> None:
    made = place.secrets.create("a", "a")
    (place.folder / made.id).unlink()
    with pytest.raises(Damaged, match=r"^the bytes of the secret a are lost$"):
        place.secrets.data("a")
    assert place.secrets.damaged() == [(made.id, "the bytes of the secret a are lost")]
    place.secrets.create("a", "b", replace=True)
    assert place.secrets.data("a") == b"b"


def test_a_row_whose_id_is_a_path_removes_nothing_else(place: Place, tmp_path: Path) -> None:
    place.secrets.create("a", "a")
    place.store.close()
    (tmp_path / "root/precious").write_text("x")
    with sqlite3.connect(tmp_path / "root/seabox.db") as db:
        db.execute("UPDATE secret SET id = '../precious', phase = 'removing'")
    db.close()
    assert place.secrets.list() == []
    assert (tmp_path / "root/precious").exists()
    assert SQLiteSecrets(place.store).known() == []


def test_files_that_belong_to_none(place: Place) -> None:
    made = place.secrets.create("a", "a")
    (place.folder / "stray").write_text("x")
    assert place.secrets.strays() == ["stray"]
    place.secrets.discard("stray")
    assert place.files() == [made.id]
    assert place.events() == [("create", made.id)]


def test_no_error_tells_the_bytes(place: Place) -> None:
    place.secrets.create("a", "c4n4ry")
    for call in (
        lambda: place.secrets.create("a", "c4n4ry"), lambda: place.secrets.create("a b", "c4n4ry"),
        lambda: place.secrets.create("b", "c4n4ry", driver="x"),
    ):  # fmt: skip
        with pytest.raises(SeaboxError) as refused:
            call()
        assert "c4n4ry" not in str(refused.value)
