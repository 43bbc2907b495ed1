"""export: the whole root, without the lock, atomically, and not a byte from outside."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, Home, kinds, last
from seabox.container.container import Container
from seabox.errors import NoSuchContainer
from seabox.kernel.mounts import mounts_under


class Slow(io.BytesIO):
    """A stream whose reader has stopped, until `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.begun.set()
        assert self.go_on.wait(60)
        return super().write(data)


def names(data: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return set(archive.getnames())


def written(engine: seabox.Engine) -> Container:
    """A container that has ended and left a file."""
    script = "echo made > /made; mkfifo /pipe; ln /made /again"
    ctr = engine.containers.create("busybox", ["sh", "-c", script], network="none")
    with ctr.start_and_attach() as session:
        session.read_all()
    ctr.wait()
    ctr.cleanup()
    return ctr


def test_to_a_path(engine: seabox.Engine, home: Home, tmp_path: Path) -> None:
    ctr = written(engine)
    since, target = last(engine), tmp_path / "out.tar"
    ctr.export(target)
    with tarfile.open(target) as archive:
        assert archive.getmember("bin/busybox").isfile()
        assert {archive.getmember("made").isfile(), archive.getmember("again").isfile()} == {True, False}
        assert archive.getmember("pipe").isfifo()
    assert target.stat().st_mode & 0o7777 == 0o600
    assert kinds(engine, since) == ["export"]
    assert mounts_under(home.root) == []


def test_of_a_running_container_to_a_stream(engine: seabox.Engine, tmp_path: Path) -> None:
    (tmp_path / "bound").write_text("not of the container")
    ctr = engine.containers.run("busybox", SLEEPER, network="none", volumes=[f"{tmp_path}:/volume"])
    out = io.BytesIO()
    ctr.export(out)
    assert "volume" in names(out.getvalue())
    assert "volume/bound" not in names(out.getvalue())
    assert ctr.status == "running"


def test_the_lock_is_free_meanwhile(engine: seabox.Engine, home: Home) -> None:
    ctr = written(engine)
    out = Slow()
    work = threading.Thread(target=ctr.export, args=(out,))
    work.start()
    try:
        assert out.begun.wait(60)
        assert ctr.stop() is False  # it goes through
        assert ctr.inspect()["State"]["Status"] == "exited"
        again = threading.Thread(target=ctr.start)
        again.start()  # waits for the export, which needs the root as it is
        out.go_on.set()
        again.join(60)
    finally:
        out.go_on.set()
        work.join(60)
    assert "made" in names(out.getvalue())
    ctr.wait()


def test_a_removal_by_force_goes_through_and_fails_it(engine: seabox.Engine, home: Home, tmp_path: Path) -> None:
    ctr = written(engine)
    out, failed = Slow(), []

    def export() -> None:
        try:
            ctr.export(out)
        except NoSuchContainer as problem:
            failed.append(problem)

    work = threading.Thread(target=export)
    work.start()
    try:
        assert out.begun.wait(60)
        ctr.remove(force=True)
    finally:
        out.go_on.set()
        work.join(60)
    assert len(failed) == 1
    assert not os.path.exists(engine.config.run_dir(ctr.id))


def test_a_failure_leaves_nothing(engine: seabox.Engine, home: Home, tmp_path: Path) -> None:
    ctr = written(engine)
    since = last(engine)
    with pytest.raises(FileNotFoundError):
        ctr.export(tmp_path / "no/such/dir.tar")

    class Broken(io.BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        ctr.export(Broken())
    assert kinds(engine, since) == []
    assert mounts_under(home.root) == []
    assert ctr.status == "exited"


def test_links_swapped_while_it_runs(engine: seabox.Engine, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "secret").write_bytes(b"CANARY-OF-THE-HOST")
    script = (
        f"mkdir /a; echo inside > /a/secret; ln -s {canary} /b; echo ready; "
        "while :; do mv /a /c; mv /b /a; mv /c /b; mv /b /c; mv /a /b; mv /c /a; done"
    )
    ctr = engine.containers.create("busybox", ["sh", "-c", script], network="none", stop_timeout=0)
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    for _ in range(20):
        out = io.BytesIO()
        with suppress(OSError):  # a directory was moved away while it was read: said, not guessed
            ctr.export(out)
        assert b"CANARY-OF-THE-HOST" not in out.getvalue()
    ctr.stop()
