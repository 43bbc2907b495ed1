"""Processes worth keeping: each shows by what it writes that it goes on where it was."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import seabox
from seabox.container.container import Container

COUNTER = ("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done")
PYTHON = "/usr/bin/python3"
_MODULES = "import socket, time, os, sys, select, mmap, fcntl"  # one of them is a library of its own


def counting(
    engine: seabox.Engine, name: str, command: tuple[str, ...] = COUNTER, **options: Any
) -> Container:
    """A container that counts aloud and has begun to."""
    options.setdefault("network", "none")
    ctr = engine.containers.run("busybox", command, name=name, **options)
    beyond(ctr, 2)
    return ctr


def count(ctr: Container) -> int:
    """The last number that the container has said."""
    return numbers(ctr)[-1]


def numbers(ctr: Container) -> list[int]:
    """All that the container has said."""
    return [int(line.payload) for line in ctr.logs() if line.stream == 1]


def beyond(ctr: Container, number: int) -> int:
    """The first number beyond this one that the container says; it must not end before. Blocks."""
    for line in ctr.logs(follow=True):
        if line.stream == 1 and int(line.payload) > number:
            return int(line.payload)
    raise AssertionError(f"it ended at {count(ctr)}, {ctr.snapshot().state!r}")


def has_gone_on(ctr: Container, since: int) -> bool:
    """Whether it says further numbers, and each follows upon the one before, from the first to the last."""
    beyond(ctr, since + 2)
    said = numbers(ctr)
    return said == list(range(1, len(said) + 1))


def read(ctr: Container, path: str) -> bytes:
    """What a file in the running container holds."""
    done = ctr.exec_run(["cat", path])
    assert done.code == 0, done.stderr
    return bytes(done.stdout)


def make_python_image(path: Path) -> None:
    """The archive of a root file system with the host's own python, what it needs to start, and busybox."""
    listing = f"{_MODULES}; print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"
    loaded = subprocess.run([PYTHON, "-S", "-E", "-c", listing], capture_output=True, text=True, check=True)
    found = {PYTHON, *loaded.stdout.split()}
    for program in [each for each in found if each == PYTHON or each.endswith(".so")]:
        needs = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        found |= {word for word in needs.split() if word.startswith("/")}
    libraries = {f"{Path(name).parent}/lib-dynload".lstrip("/") for name in found if name.endswith("/os.py")}
    with tarfile.open(path, "w") as tar:
        for name in ("proc", "sys", "dev", "tmp", "etc", "bin", *sorted(libraries)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name in sorted(found):
            add(tar, Path(name), name)
        add(tar, Path("/bin/busybox"), "/bin/busybox")
        for name in ("sh", "cat", "echo"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)


def add(tar: tarfile.TarFile, source: Path, name: str) -> None:
    """The file, whatever links lead to it, is in the archive under this name."""
    entry = tar.gettarinfo(str(source.resolve()), name.lstrip("/"))
    with source.open("rb") as file:
        tar.addfile(entry, file)
