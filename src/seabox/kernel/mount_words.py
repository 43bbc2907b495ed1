"""Mounts described by words, as in the fourth column of fstab."""

from __future__ import annotations

import errno

from ..errors import TimedOut
from .effects import effect
from .mounts import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
    umount,
)
from .process import clean_env, end_spawned_for
from .programs import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM = "/usr/bin/mount"
_HELPERS = ("mount", "mount.nfs", "mount.nfs4", "mount.cifs")
_TIMEOUT = 60.0  # s that the program may take to reach a server
_MS_NOATIME, _MS_NODIRATIME, _MS_RELATIME, _MS_STRICTATIME = 0x400, 0x800, 0x200000, 0x1000000
_FLAGS = {
    "ro": MS_RDONLY, "nosuid": MS_NOSUID, "nodev": MS_NODEV, "noexec": MS_NOEXEC, "noatime": _MS_NOATIME,
    "nodiratime": _MS_NODIRATIME, "relatime": _MS_RELATIME, "strictatime": _MS_STRICTATIME, "bind": MS_BIND,
    "rbind": MS_BIND | MS_REC,
}  # fmt: skip
_DEFAULTS = frozenset(("", "rw", "suid", "dev", "exec", "defaults", "async", "atime", "auto", "noauto", "nouser"))
_BY_CALL = ("tmpfs", "ramfs", "none", "bind")  # what needs no program of its file system's
_NFS = ("nfs", "nfs4")


@effect("mount_words")
def mount_by_words(fstype: str, source: str, target: str, words: Sequence[str]) -> None:
    """`source` is mounted on `target`, private to this namespace. Blocks as long as a server takes to answer.

    Memory file systems and binds are done here, all others by mount(8), which knows their helpers.
    Raises: OSError with the kernel's or the program's words; nothing is mounted then.
    """
    flags = 0
    for word in words:
        flags |= _FLAGS.get(word, 0)
    if flags & MS_BIND or fstype in _BY_CALL:
        _by_call(fstype, source, target, flags, [w for w in words if w not in _FLAGS and w not in _DEFAULTS])
    else:
        _by_program(fstype, source, target, words)
    mount("none", target, flags=MS_PRIVATE)


def _by_call(fstype: str, source: str, target: str, flags: int, data: Sequence[str]) -> None:
    if not flags & MS_BIND:
        mount(source, target, fstype, flags, ",".join(data))
        return
    if data:
        raise OSError(errno.EINVAL, f"not an option of a bind mount: {data[0]}", target)
    how = flags & (MS_BIND | MS_REC)
    mount(source, target, flags=how)
    if flags != how:
        try:
            mount("none", target, flags=MS_BIND | MS_REMOUNT | (flags & ~MS_REC))
        except OSError:
            umount(target, detach=True)
            raise


def _by_program(fstype: str, source: str, target: str, words: Sequence[str]) -> None:
    how: tuple[str, ...] = ()
    if fstype in _NFS and any(word.startswith("addr=") for word in words):
        # The server's address as an option and ":/path" as the source is how docker's users write it, for docker calls
        # the kernel itself, which wants that; the helper would look for a server's name before the colon.
        how, words = ("--internal-only",), [_by_number(word, target) for word in words]
    options = ("-o", ",".join(words)) if words else ()
    kind = ("-t", fstype) if fstype else ()
    argv = (_PROGRAM, *how, *options, *kind, "--", source, target)
    try:
        done = run(argv, env=clean_env(), timeout_seconds=_TIMEOUT)
    except TimedOut:
        raise OSError(errno.ETIMEDOUT, f"the server of {source} did not answer within {_TIMEOUT:g} s", target) from None
    if done.code != 0:
        said = done.err.decode(errors="replace").strip().splitlines()
        raise OSError(errno.EIO, said[0] if said else f"mount ended with {done.code}", target)


def _by_number(word: str, target: str) -> str:
    """The option, a server's name in it replaced by its address: the kernel asks no name service."""
    key, _, host = word.partition("=")
    if key != "addr":
        return word
    import socket

    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise OSError(errno.EHOSTUNREACH, f"server {host}: {getattr(problem, 'strerror', problem)}", target) from None
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    return f"{key}={found[0][4][0]}"


@effect("kill")
def end_mounting(target: str) -> None:
    """No program that a dead process started goes on mounting something on `target`."""
    end_spawned_for(target, _HELPERS)


def is_option_of_bind(word: str) -> bool:
    """Whether a bind mount may have this option."""
    return word in _FLAGS or word in _DEFAULTS

