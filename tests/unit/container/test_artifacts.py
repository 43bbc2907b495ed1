"""Artifacts: a mapping of bytes whose names cannot lead anywhere else."""

from __future__ import annotations

import os
import threading

import pytest

from seabox.container.artifacts import NoSuchArtifact
from seabox.errors import InvalidArgument, NoSuchContainer, NotFound
from seabox.testing.rooms import FakeRooms

BAD = ["", ".", "..", "a/b", "/etc/passwd", "../config.json", "a\0b", "x" * 256, "é" * 128, "\ud800"]


def test_a_mutable_mapping(rooms: FakeRooms) -> None:
    artifacts = rooms.container().artifacts
    assert (len(artifacts), list(artifacts)) == (0, [])
    artifacts["notes"] = b"one"
    artifacts["x" * 255] = b""
    artifacts["notes"] = bytearray(b"two")
    assert dict(artifacts) == {"notes": b"two", "x" * 255: b""}
    assert "notes" in artifacts
    del artifacts["notes"]
    assert "notes" not in artifacts
    assert artifacts.pop("notes", b"default") == b"default"


def test_files_are_private(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.artifacts["notes"] = b"text"
    folder = f"{rooms.config.static_dir(ctr.id)}/artifacts"
    assert os.stat(folder).st_mode & 0o7777 == 0o700
    assert os.stat(f"{folder}/notes").st_mode & 0o7777 == 0o600
    assert os.listdir(folder) == ["notes"]


@pytest.mark.parametrize("name", BAD)
def test_bad_names_are_refused_before_anything_is_done(rooms: FakeRooms, name: str) -> None:
    ctr = rooms.container()
    artifacts = ctr.artifacts
    with pytest.raises(InvalidArgument):
        artifacts[name] = b"text"
    with pytest.raises(InvalidArgument):
        artifacts[name]
    with pytest.raises(InvalidArgument):
        del artifacts[name]
    assert os.listdir(rooms.config.static_dir(ctr.id)) == ["container.json"]


def test_a_missing_one(rooms: FakeRooms) -> None:
    artifacts = rooms.container().artifacts
    for act in (artifacts.__getitem__, artifacts.__delitem__):
        with pytest.raises(KeyError) as missing:
            act("notes")
        assert isinstance(missing.value, NotFound)
        assert isinstance(missing.value, NoSuchArtifact)
        assert str(missing.value).endswith("has no artifact 'notes': no such artifact")


def test_they_go_with_the_container(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    artifacts = ctr.artifacts
    artifacts["notes"] = b"text"
    ctr.remove()
    for act in (lambda: artifacts["notes"], lambda: len(artifacts), lambda: artifacts.update(notes=b"")):
        with pytest.raises(NoSuchContainer):
            act()


def test_a_link_in_the_place_of_one_is_not_followed(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.artifacts["notes"] = b"text"
    path = f"{rooms.config.static_dir(ctr.id)}/artifacts/link"
    os.symlink("/etc/passwd", path)
    with pytest.raises(OSError, match="symbolic links"):
        ctr.artifacts["link"]
    ctr.artifacts["link"] = b"own"
    assert ctr.artifacts["link"] == b"own"


def test_a_reader_sees_a_whole_one(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    versions = [bytes([n]) * 100_000 for n in range(4)]
    ctr.artifacts["notes"] = versions[0]
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            for version in versions:
                ctr.artifacts["notes"] = version

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(200):
            assert ctr.artifacts["notes"] in versions
    finally:
        over.set()
        writing.join()
