"""Images and overlaid directories as mounts of a container."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

import seabox
from seabox.errors import ImageInUse, NoSuchImage
from seabox.model.container import Mount


def test_an_image_is_mounted(engine: seabox.Engine) -> None:
    engine.images.embed("busybox")
    engine.images.tag("busybox", "shown")
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "cat /ro/linuxrc >/dev/null && touch /rw/new && ls /rw && ! touch /ro/new"],
        mounts=[
            Mount(type="image", source="shown", destination="/ro"),
            Mount(type="image", source="shown", destination="/rw", options=("rw",)),
        ],
    )  # fmt: skip
    for _ in range(2):  # what was written is gone with each run
        with ctr.start_and_attach() as session:
            assert b"new" in session.read_all().stdout
        assert ctr.wait() == 0
        ctr.cleanup()
    ctr.remove()
    with pytest.raises(NoSuchImage):
        engine.containers.create("busybox", ["true"], mounts=[Mount(type="image", source="no", destination="/x")])


def test_a_mounted_image_is_in_use(engine: seabox.Engine, tmp_path: Path) -> None:
    engine.images.embed("busybox")
    place = tmp_path / "other.tar"
    with tarfile.open(place, "w"):
        pass
    other = engine.images.import_tar(str(place), "other")
    ctr = engine.containers.create("busybox", ["true"], mounts=[Mount(type="image", source="other", destination="/x")])
    with pytest.raises(ImageInUse):
        engine.images.remove("other")
    assert engine.images.users(other) == [ctr.id]
    ctr.remove()
    engine.images.remove("other")


def test_what_is_written_to_an_overlaid_directory_goes_elsewhere(engine: seabox.Engine, tmp_path: Path) -> None:
    engine.images.embed("busybox")
    source = tmp_path / "source"
    source.mkdir()
    (source / "f").write_text("theirs\n")
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "cat /x/f; echo ours >/x/f; cat /x/f"], volumes=[f"{source}:/x:O"]
    )
    for _ in range(2):
        with ctr.start_and_attach() as session:
            assert session.read_all().stdout == b"theirs\nours\n"
        ctr.wait()
    assert (source / "f").read_text() == "theirs\n"
    ctr.remove()
