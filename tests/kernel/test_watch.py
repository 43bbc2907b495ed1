from __future__ import annotations

import _thread
import errno
import os
import resource
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from descriptors import opened
from seabox.errors import Cancelled
from seabox.kernel import process, watch
from seabox.kernel.libc import libc
from seabox.kernel.watch import Cancel, Watch
from seabox.model.record import ProcessId


@pytest.fixture
def child() -> Iterator[ProcessId]:
    pid = process.spawn(["/bin/sleep", "100"], env={}, new_group=True)
    identity = process.identify(pid)
    assert identity is not None
    yield identity
    process.kill_group(pid)


@pytest.fixture
def other(child: ProcessId) -> Iterator[ProcessId]:
    pid = process.spawn(["/bin/sleep", "100"], env={}, new_group=True)
    identity = process.identify(pid)
    assert identity is not None
    yield identity
    process.kill_group(pid)


def test_a_process_fires_once_when_it_ends(child: ProcessId, other: ProcessId) -> None:
    with Watch() as waiter:
        assert waiter.add_process(child)
        assert waiter.add_process(other)
        assert waiter.wait(0.02) == set()
        process.send_signal(child, 9)
        assert waiter.wait(60) == {child}
        assert waiter.wait(0.02) == set()
    assert process.wait_gone(child, 60)
    with Watch() as waiter:
        assert not waiter.add_process(ProcessId(other.pid, other.start + 1, other.boot))


@pytest.mark.parametrize("change", ["create", "rename", "remove", "touch", "write"])
def test_a_directory_fires_at(change: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.touch()
    with Watch() as waiter:
        waiter.add_dir(str(tmp_path))
        assert waiter.wait(0.02) == set()
        match change:
            case "create":
                (tmp_path / "new").touch()
            case "rename":
                old.rename(tmp_path / "renamed")
            case "remove":
                old.unlink()
            case "touch":
                os.utime(old)
            case "write":
                old.write_text("x")
        assert waiter.wait(60) == {str(tmp_path)}
        assert waiter.wait(0.02) == set()


def test_a_directory_that_goes_fires_and_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Watch() as waiter:
        waiter.add_dir(str(folder))
        waiter.add_dir(str(tmp_path))
        folder.rmdir()
        fired: set[object] = set()
        while fired != {str(folder), str(tmp_path)}:
            news = waiter.wait(60)
            assert news
            fired |= news
        with pytest.raises(FileNotFoundError, match="inotify_add_watch"):
            waiter.add_dir(str(folder))


def test_a_file_fires_at_every_write(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with open(log, "wb", buffering=0) as file, Watch() as waiter:
        waiter.add_file(str(log))
        for _ in range(3):
            file.write(b"line")
            assert waiter.wait(60) == {str(log)}


def test_a_descriptor_fires_as_long_as_it_is_ready() -> None:
    ours, theirs = os.pipe()
    with Watch() as waiter:
        waiter.add_fd(ours)
        assert waiter.wait(0.02) == set()
        os.write(theirs, b"x")
        assert waiter.wait(60) == waiter.wait(60) == {ours}
    os.close(ours)
    os.close(theirs)


def test_cancel_ends_the_wait_of_another_thread_and_stays_fired(child: ProcessId) -> None:
    cancel = Cancel()
    with Watch(cancel) as waiter:
        waiter.add_process(child)
        threading.Timer(0.05, cancel.fire).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            waiter.wait(120)
        assert time.monotonic() - started < 60
        with pytest.raises(Cancelled):
            waiter.wait(0)


def test_the_timeout_is_neither_early_nor_late() -> None:
    with Watch() as waiter:
        for seconds in (0.0, 0.0104, 0.05):
            started = time.monotonic()
            assert waiter.wait(seconds) == set()
            assert seconds <= time.monotonic() - started < seconds + 20


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC])
def test_without_inotify_it_looks_again_and_again(
    code: int, tmp_path: Path, child: ProcessId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(result: int, call: str, *paths: str) -> int:
        raise OSError(code, call)

    monkeypatch.setattr(watch, "check", exhausted)
    monkeypatch.setattr(watch, "RECHECK_SECONDS", 0.05)
    with Watch() as waiter:
        waiter.add_dir(str(tmp_path))
        waiter.add_process(child)
        assert waiter.wait(60) == {str(tmp_path)}
        assert waiter.wait(0.01) == set()
        process.send_signal(child, 9)
        while child not in (fired := waiter.wait(60)):
            assert fired == {str(tmp_path)}
        with pytest.raises(FileNotFoundError):
            waiter.add_dir(str(tmp_path / "none"))


def test_real_exhaustion_falls_back(tmp_path: Path) -> None:
    """Of descriptors, which are this process's own: instances of inotify come and go with all that the user runs."""
    opened()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    fd = os.open(tmp_path, os.O_PATH)
    os.close(fd)
    with Watch() as waiter:
        resource.setrlimit(resource.RLIMIT_NOFILE, (fd, before[1]))  # the lowest number that is free
        try:
            assert libc.inotify_init1(os.O_CLOEXEC) < 0
            waiter.add_dir(str(tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert waiter.wait(60) == {str(tmp_path)}


def test_nothing_stays_open(tmp_path: Path, child: ProcessId) -> None:
    before = opened()
    cancel = Cancel()
    with Watch(cancel) as waiter:
        waiter.add_dir(str(tmp_path))
        waiter.add_process(child)
        waiter.add_fd(0, select.POLLHUP)
    del cancel, waiter
    assert opened() == before


def test_what_closes_its_descriptor_is_no_thread_of_the_interpreter(tmp_path: Path) -> None:
    """One of those that begins when the program has just ended crashes it (Python 3.11): `wait` was once seen to."""
    before, count = opened(), _thread._count()
    with Watch() as watch:
        watch.add_dir(str(tmp_path))
    assert _thread._count() == count
    assert opened() == before
