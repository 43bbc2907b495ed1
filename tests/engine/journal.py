"""A journald of the tests' own, seen in the mount namespace of the calling thread and nowhere else on the machine."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seabox.kernel import files, mounts

PROGRAM = "/lib/systemd/systemd-journald"
_SETTINGS = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nRateLimitBurst=0\nForwardToWall=no\n"
_ROOM = 256 << 20  # bytes


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """journald takes what is sent to it and keeps it for the block alone; `folder` is for files of its own."""
    with nowhere(folder), started(folder) as daemon:
        yield daemon


@contextmanager
def nowhere(folder: Path) -> Iterator[None]:
    """No journald runs, and no journal is to be found: the machine has another id, and its places are empty."""
    with ExitStack() as undo:
        for place in ("/run/systemd", "/run/log"):
            files.make_dirs(place, 0o755)
            mounts.mount_tmpfs(place, _ROOM)
            undo.callback(mounts.umount, place, detach=True)
        own = folder / "machine-id"
        own.write_text(f"{'5eab0' * 6}42\n")
        mounts.bind(str(own), "/etc/machine-id")
        undo.callback(mounts.umount, "/etc/machine-id", detach=True)
        yield


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of journald that is ready, in places made by `nowhere`; it ends with the block."""
    for place in ("/run/systemd/journal", "/run/systemd/journald.conf.d"):
        os.makedirs(place, exist_ok=True)
    Path("/run/systemd/journald.conf.d/test.conf").write_text(_SETTINGS)
    told = str(folder / "ready")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(told)
        ready.settimeout(60)
        daemon = subprocess.Popen([PROGRAM], env={"NOTIFY_SOCKET": told}, stderr=subprocess.DEVNULL)
        try:
            while b"READY=1" not in ready.recv(4096).split(b"\n"):
                pass
            yield daemon
        finally:
            daemon.terminate()
            daemon.wait(60)
            os.unlink(told)
