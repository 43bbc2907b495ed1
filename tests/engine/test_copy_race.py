"""Somebody exchanges a directory and a link to the host, as fast as the kernel lets them, while files are copied."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import seabox
from engine.home import SLEEPER, init_of
from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.kernel.views import process_root

ROUNDS = 400
SECRET = b"CANARY-OF-THE-HOST"
_EXCHANGE = 2


@contextmanager
def exchanging(folder: int, one: bytes, other: bytes) -> Iterator[None]:
    """Inside the block a process of its own keeps exchanging the two names in the directory."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        while os.getppid() != 1:
            libc.renameat2(folder, one, folder, other, _EXCHANGE)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def prepared(engine: seabox.Engine, tmp_path: Path) -> tuple[Container, Path, int]:
    """A running container with a directory /t/a and a link /t/b to a directory of the host, and an fd of its /t."""
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "secret").write_bytes(SECRET)
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    done = ctr.exec_run(["sh", "-c", f"mkdir -p /t/a; echo inside > /t/a/secret; ln -s {canary} /t/b"])
    assert done.code == 0
    root = process_root(init_of(ctr))
    try:
        return ctr, canary, os.open("t", os.O_RDONLY | os.O_DIRECTORY, dir_fd=root)
    finally:
        os.close(root)


def test_in_and_out(engine: seabox.Engine, tmp_path: Path) -> None:
    ctr, canary, folder = prepared(engine, tmp_path)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("made", "secret"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
    went_in = came_out = 0
    try:
        with exchanging(folder, b"a", b"b"):
            for number in range(ROUNDS):
                with suppress(SeaboxError, OSError):
                    ctr.copy_in("/t/a", packed.getvalue())
                    went_in += 1
                with suppress(SeaboxError, OSError):
                    data = b"".join(ctr.copy_out(("/t/a", "/t/a/secret", "/t")[number % 3]))
                    came_out += 1
                    assert SECRET not in data
    finally:
        os.close(folder)
    assert went_in
    assert came_out
    assert os.listdir(canary) == ["secret"]
    assert (canary / "secret").read_bytes() == SECRET


def test_export(engine: seabox.Engine, tmp_path: Path) -> None:
    ctr, _, folder = prepared(engine, tmp_path)
    try:
        with exchanging(folder, b"a", b"b"):
            for _ in range(ROUNDS // 20):
                out = io.BytesIO()
                with suppress(OSError):
                    ctr.export(out)
                assert SECRET not in out.getvalue()
    finally:
        os.close(folder)
