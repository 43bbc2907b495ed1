"""Parts of volumes and images: a directory or file of one that is mounted in place of all of it."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

import seabox
from engine.home import Home
from seabox.container.copy import NoSuchPath
from seabox.errors import InvalidArgument, Refused
from seabox.model.container import Mount


def said(ctr: seabox.Container) -> str:
    """What it writes; it is removed after."""
    with ctr.start_and_attach() as session:
        done = session.read_all()
    assert done.stderr == b"", done.stderr
    ctr.remove()
    return done.stdout.decode().strip()


@pytest.fixture
def data(engine: seabox.Engine, tmp_path: Path) -> Path:
    """The files of a volume `data`: sub/dir/file, and links out of it."""
    place = Path(engine.volumes.create("data").mountpoint)
    (place / "sub/dir").mkdir(parents=True)
    (place / "sub/dir/file").write_text("data\n")
    (place / "away").symlink_to("/etc")
    (place / "up").symlink_to("../../../../../../../../../etc")
    (place / "here").symlink_to("/sub")
    os.mkfifo(place / "fifo")
    return place


def part(subpath: str, *options: str) -> Mount:
    return Mount(type="volume", source="data", destination="/d", subpath=subpath, options=options)


def test_a_directory_and_a_file(engine: seabox.Engine, home: Home, data: Path) -> None:
    """A part is all that is seen, also by who copies from one that does not run; nothing stays mounted."""
    script = "ls /d; cat /f; echo more > /d/more"
    one = Mount(type="volume", source="data", destination="/f", subpath="sub/dir/file")
    ctr = engine.containers.create("busybox", ["sh", "-c", script], mounts=[part("./sub//dir"), one])
    assert [mount["SubPath"] for mount in ctr.inspect()["Mounts"]] == ["sub/dir", "sub/dir/file"]
    assert said(ctr) == "file\ndata"
    assert (data / "sub/dir/more").read_text() == "more\n"
    rest = engine.containers.create("busybox", ["true"], mounts=[part("here/dir")])
    with rest.copy_out("/d/more") as pieces, tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as found:
        assert found.getnames() == ["more"]
    read_only = engine.containers.create("busybox", ["sh", "-c", "echo x 2>/dev/null > /d/x || echo no"],
                                         mounts=[part("sub", "ro")])  # fmt: skip
    assert said(read_only) == "no"


def test_an_image(engine: seabox.Engine) -> None:
    mount = Mount(type="image", source="busybox", destination="/i", subpath="etc")
    ctr = engine.containers.create("busybox", ["ls", "/i"], mounts=[mount])
    assert "passwd" in said(ctr).split()


@pytest.mark.parametrize("subpath", ["away", "up", "none", "sub/dir/file/x", "fifo"])
def test_what_is_no_part(engine: seabox.Engine, data: Path, subpath: str) -> None:
    """What is not there, or leads out: the host has an /etc, the volume none."""
    ctr = engine.containers.create("busybox", ["ls", "/d"], mounts=[part(subpath)])
    with pytest.raises(Refused, match=f"cannot mount {subpath}, a part of"):
        ctr.start()
    assert ctr.status == "created"


@pytest.mark.parametrize("subpath", ["/etc", "../etc", "a/../../etc"])
def test_what_cannot_be_one(engine: seabox.Engine, subpath: str) -> None:
    with pytest.raises(InvalidArgument, match="must be a relative path"):
        engine.containers.create("busybox", ["true"], mounts=[part(subpath)])


def test_links_lead_nowhere_while_one_copies(engine: seabox.Engine, data: Path) -> None:
    """A part that has become a link out of the volume is none for who looks into a container that does not run."""
    ctr = engine.containers.create("busybox", ["true"], mounts=[part("away")])
    with pytest.raises(NoSuchPath):
        ctr.copy_out("/d/passwd")
