"""Nothing in a volume, an image or an archive leads out of a volume: planted links, and links swapped in meanwhile."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

import seabox
from engine.volumes.test_volumes import said
from seabox.images.tarstream import BadArchive
from seabox.model.container import Mount

SECRET = "root's own"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the host that no container was given."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret").write_text(SECRET)
    return place


def archive(*members: tuple[str, bytes, str]) -> bytes:
    """A tar archive of (name, type, link or content)."""
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w") as tar:
        for name, kind, text in members:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.mode = 0o755
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname = text
                tar.addfile(entry)
            else:
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
    return to.getvalue()


def content(exported: bytes) -> dict[str, bytes]:
    """The files of an archive, links as what they say."""
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        return {
            each.name: (file.read() if each.isreg() and (file := tar.extractfile(each)) else each.linkname.encode())
            for each in tar
        }


@contextmanager
def swapping(name: Path, outside: Path) -> Iterator[None]:
    """While the block runs, `name` is now a directory, now a link to `outside`."""
    done = threading.Event()
    kept = name.with_name(name.name + ".kept")

    def back() -> None:
        if kept.exists() and name.exists():  # it was made anew by what comes meanwhile
            shutil.rmtree(name)
        kept.rename(name)

    def swap() -> None:
        while not done.is_set():
            for step in (lambda: name.rename(kept), lambda: name.symlink_to(outside), name.unlink, back):
                with suppress(OSError):  # what is being unpacked may have the name meanwhile
                    step()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("runtime", ["runc"], indirect=True)
class TestArchives:
    """Import and export need no runtime: one will do."""

    def test_there_and_back(self, engine: seabox.Engine) -> None:
        engine.volumes.create("a")
        engine.volumes.create("b")
        engine.volumes.import_tar("a", io.BytesIO(archive(("x", tarfile.REGTYPE, "1"), ("l", tarfile.SYMTYPE, "x"))))
        to = io.BytesIO()
        engine.volumes.export("a", to)
        engine.volumes.import_tar("b", [to.getvalue()])
        assert os.readlink(f"{engine.volumes.get('b').mountpoint}/l") == "x"
        assert content(to.getvalue()) == {"x": b"1", "l": b"x"}

    def test_an_export_holds_links_and_not_what_they_point_to(self, engine: seabox.Engine, outside: Path) -> None:
        place = Path(engine.volumes.create("a").mountpoint)
        (place / "link").symlink_to(outside)
        (place / "file").symlink_to(outside / "secret")
        to = io.BytesIO()
        engine.volumes.export("a", to)
        assert SECRET.encode() not in to.getvalue()
        assert content(to.getvalue()).keys() == {"link", "file"}

    @pytest.mark.parametrize("hostile", ["through a link", "a hard link", "dot dot", "absolute", "planted before"])
    def test_an_import_does_not_lead_out(self, engine: seabox.Engine, outside: Path, hostile: str) -> None:
        place = Path(engine.volumes.create("a").mountpoint)
        members = {
            "through a link": [("l", tarfile.SYMTYPE, str(outside)), ("l/new", tarfile.REGTYPE, "x")],
            "a hard link": [
                ("l", tarfile.SYMTYPE, str(outside)), ("h", tarfile.LNKTYPE, "l/secret"), ("h", tarfile.REGTYPE, "x")
            ],
            "dot dot": [("../../new", tarfile.REGTYPE, "x")],
            "absolute": [(f"{outside}/new", tarfile.REGTYPE, "x")],
            "planted before": [("planted/secret", tarfile.REGTYPE, "x")],
        }[hostile]  # fmt: skip
        if hostile == "planted before":
            (place / "planted").symlink_to(outside)
        # an absolute name begins in the volume, like any other
        with nullcontext() if hostile == "absolute" else pytest.raises(BadArchive):
            engine.volumes.import_tar("a", [archive(*members)])
        assert os.listdir(outside) == ["secret"]
        assert (outside / "secret").read_text() == SECRET

    def test_a_directory_swapped_for_a_link_during_import_and_export(
        self, engine: seabox.Engine, outside: Path
    ) -> None:
        place = Path(engine.volumes.create("a").mountpoint)
        (place / "d").mkdir()
        (place / "d" / "mine").write_text("x")
        data = archive(*((f"d/new{n}", tarfile.REGTYPE, "x") for n in range(20)))
        with swapping(place / "d", outside):
            for _ in range(100):
                to = io.BytesIO()
                try:
                    engine.volumes.export("a", to)
                    engine.volumes.import_tar("a", [data])
                except (OSError, BadArchive):
                    pass
                assert SECRET.encode() not in to.getvalue()
        assert os.listdir(outside) == ["secret"]

    def test_chown_gives_the_link_and_not_what_it_points_to(self, engine: seabox.Engine, outside: Path) -> None:
        (Path(engine.volumes.create("a").mountpoint) / "link").symlink_to(outside / "secret")
        assert said(engine, "stat -c %u /v/link", volumes=["a:/v:U"], user="7:7") == "7"
        assert (outside / "secret").stat().st_uid == 0


def with_links(root: Path, outside: Path) -> Path:
    """A root whose /data is a link to its own /etc, for who is in it, and whose /out would lead to the host."""
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "own").write_text("of the image")
    (root / "data").symlink_to("/etc")
    (root / "out").symlink_to(f"../../../../../../../../../..{outside}")
    return root


@pytest.mark.parametrize("runtime", ["runc"], indirect=True)
def test_copy_up_resolves_links_inside_of_the_root(engine: seabox.Engine, tmp_path: Path, outside: Path) -> None:
    root = with_links(tmp_path / "rootfs", outside)
    ctr = engine.containers.create(rootfs=str(root), command=["/none"], volumes=["in:/data", "out:/out"])
    with pytest.raises(seabox.errors.SeaboxError):  # there is no program; the volumes are used all the same
        ctr.start()
    copied = Path(engine.volumes.get("in").mountpoint)
    assert (copied / "own").read_text() == "of the image"
    assert not (copied / "passwd").exists()
    assert os.listdir(engine.volumes.get("out").mountpoint) == []


@pytest.mark.parametrize("runtime", ["runc"], indirect=True)
def test_a_directory_swapped_for_a_link_during_copy_up(engine: seabox.Engine, tmp_path: Path, outside: Path) -> None:
    """A root that two containers share: one of them turns a directory above the volume's place into a link."""
    root = tmp_path / "rootfs"
    (root / "a" / "data").mkdir(parents=True)
    (root / "a" / "data" / "mine").write_text("x")
    (outside / "data").mkdir()
    (outside / "data" / "secret").write_text(SECRET)
    uses = engine._rooms.volume_uses
    copied = tried = 0
    with swapping(root / "a", outside):
        while tried < 60 or not copied:  # the directory is seldom there for as long as a copy takes
            assert tried < 3000
            volume = engine.volumes.create(f"v{tried}")
            tried += 1
            mount = Mount(type="volume", source=volume.name, destination="/a/data")
            with suppress(OSError):
                uses.provide("f" * 64, mount, str(root), (0, 0), nullcontext)
            found = os.listdir(volume.mountpoint)
            assert set(found) <= {"mine"}
            copied += len(found)
