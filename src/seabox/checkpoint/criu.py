"""criu, as far as the runtime does not speak for us: a configuration file, the log, what an image directory tells."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress

from ..kernel import files
from . import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_ERROR = re.compile(r"^\([\d.]+\)\s*(?:\d+:\s*)?Error\s*(?:\([^)]*\))?:\s*(.*)$")
_EMPTY = re.compile(r"\w+ FAILED|\d+ exited|cg: cgroupd: recv|rlimit: ")  # errors that follow from others, or are none
_TAIL = 16 << 10  # bytes of a log that are looked at
_SHOWN = 3  # errors
_DONE = b"Dumping finished successfully"
_MAGICS = 8  # bytes at the beginning of an image, that say what it is
_ENTRY = 1 << 20  # bytes, more than an entry of an image has
_CACHE = "/run/criu.kdat.tmp"  # what criu finds out about the kernel, while it is written: a matter of microseconds
_UNFINISHED = 60.0  # s
GHOST_LIMIT = 1 << 40  # bytes of a deleted file that is still open: all of it belongs to the process


def configuration(
    *, tcp_close: bool, joined: Mapping[str, str] | None = None, lent: Mapping[str, str] | None = None,
    without_v2: bool = False, v2_cgroup: str = "",
) -> bytes:  # fmt: skip
    """The text of criu's configuration file: the options for which the runtimes have no words of their own.

    `joined`: files of namespaces, by kind, that restored processes share with others. `lent`: what is to be mounted,
    by destination, where in the images something from outside was. `without_v2`: the processes are at the top of an
    idle version 2 tree; nothing of that is theirs. `v2_cgroup`: where they are restored to, in place of the cgroup that
    they, or those whose copies they are, were in.
    """
    lines = [f"ghost-limit {GHOST_LIMIT}", "link-remap"]
    lines += [f"join-ns {kind}:{file}" for kind, file in (joined or {}).items()]
    lines += [f"external mnt[{place}]:{source}" for place, source in (lent or {}).items()]
    if tcp_close:
        lines.append("tcp-close")
    if without_v2:  # criu copies all cgroups below what it takes for the root, and there are none below a file
        lines.append("cgroup-root :/cgroup.procs")
    if v2_cgroup:
        lines.append(f"cgroup-root :{v2_cgroup}")
    return "".join(f"{line}\n" for line in lines).encode()


def forget_unfinished_cache(path: str = _CACHE) -> None:
    """What a killed criu left of its cache is gone.

    As long as it is there no criu can write one: each tries anew all that the kernel may be able to do, which takes
    seconds on a busy host, and fails where one of these trials does.
    """
    with suppress(OSError):
        if time.time() - os.stat(path).st_mtime > _UNFINISHED:
            files.remove_file(path)


def of_others(images: str, joined: Container[str], hostname: str) -> dict[str, bytes]:
    """The images, by path, with their new content, that criu must not restore as they are: it would put back, into
    namespaces that others use meanwhile, what was in them once. `joined`: "ipc", "uts".
    """
    changed: dict[str, bytes] = {}
    for name in os.listdir(images):
        kind = name.partition("-")[0]
        path = f"{images}/{name}"
        if kind == "ipcns" and "ipc" in joined and "-var-" not in name:
            changed[path] = _head(path)  # no queues, semaphores or segments: they are still there
        elif kind == "utsns" and "uts" in joined:
            words = b"".join(
                bytes((number << 3 | 2, len(word))) + word for number, word in ((1, hostname.encode()), (2, b"(none)"))
            )
            changed[path] = _head(path) + len(words).to_bytes(4, "little") + words
    return changed


def root_mode(images: str) -> int | None:
    """The permissions that `/` had for the processes whose images these are; None if that is not to be found.

    criu restores nothing where they are others.
    """
    try:
        with open(f"{images}/files.img", "rb") as file:
            file.seek(_MAGICS)
            while len(size := file.read(4)) == 4:
                length = int.from_bytes(size, "little")
                if length > _ENTRY:
                    break
                regular = dict(stats.fields(file.read(length))).get(3)
                if isinstance(regular, bytes):
                    found = dict(stats.fields(regular))
                    mode = found.get(10)
                    if found.get(6) == b"/" and isinstance(mode, int) and stat.S_ISDIR(mode):
                        return stat.S_IMODE(mode)
    except FileNotFoundError:
        pass
    return None


def _head(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_MAGICS)


def tail(path: str) -> str:
    """The end of a log, "" if there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def errors(log: str) -> str:
    """The last errors that a log tells of, in one line; "" if it tells of none."""
    found = [match[1].strip() for match in map(_ERROR.match, log.splitlines()) if match]
    return "; ".join([each for each in found if not _EMPTY.match(each)][-_SHOWN:])


def is_complete(place: str) -> bool:
    """Whether the dump whose log is in the directory `place` was finished, whoever waited for it."""
    return _DONE in tail(f"{place}/dump.log").encode()
