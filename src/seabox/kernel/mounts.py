"""Mounts: made, looked up and taken away, with what the kernel had to say about it in every error.

Overlays go through fsopen and one "lowerdir+" per layer (kernel 6.8), so that neither the number of layers nor the
length of their paths meets a limit; older kernels get mount(2) with names as short as an fd number.
"""

from __future__ import annotations

import ctypes
import errno
import os

from .effects import effect
from .libc import check, failure, libc
from .namespaces import CLONE_FS, CLONE_NEWNS, in_own_thread, setns, unshare
from .process import pidfd_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.record import ProcessId

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
MS_BIND, MS_REC, MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 0x1000, 0x4000, 0x20000, 0x40000, 0x80000, 0x100000

_MNT_DETACH, _UMOUNT_NOFOLLOW = 0x2, 0x8
_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT, _MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
_CLOEXEC = 0x1  # of fsopen and fsmount
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6  # fsconfig
_OPEN_TREE_CLONE, _AT_RECURSIVE = 0x1, 0x8000
_AT_EMPTY_PATH, _AT_SYMLINK_NOFOLLOW, _AT_NO_AUTOMOUNT, _AT_STATX_DONT_SYNC = 0x1000, 0x100, 0x800, 0x4000
_FROM_EMPTY_PATH, _TO_EMPTY_PATH = 0x4, 0x40  # move_mount
_ATTR_RDONLY = 0x1  # mount_setattr
_STATX_ATTR_MOUNT_ROOT = 0x2000
_STRING_LIMIT = 255  # bytes fsconfig takes for one string
_AT_FDCWD = -100


@effect("mount")
def mount(source: str, target: str, fstype: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2): the thing is mounted, or the flags are changed.

    Raises: OSError with the target's path.
    """
    _mount(source, target, fstype, flags, data)


def _mount(source: str, target: str, fstype: str = "", flags: int = 0, data: str = "") -> None:
    check(
        libc.mount(os.fsencode(source), os.fsencode(target), fstype.encode(), ctypes.c_ulong(flags), os.fsencode(data)),
        "mount",
        target,
    )


@effect("umount")
def umount(target: str, detach: bool = False) -> bool:
    """What was mounted last on `target` is gone; False if nothing was. A link is not followed.

    With `detach` it is out of sight at once and really gone when its last user is.

    Raises: OSError EBUSY while it is in use.
    """
    if libc.umount2(os.fsencode(target), _UMOUNT_NOFOLLOW | (_MNT_DETACH if detach else 0)) == 0:
        return True
    code = ctypes.get_errno()
    if code == errno.ENOENT or (code == errno.EINVAL and not is_mounted(target)):
        return False
    raise failure(code, "umount", target)


@effect("mount")
def bind(source: str | int, target: str | int, *, recursive: bool = True, read_only: bool = False) -> None:
    """`target` shows what `source` is, private to this namespace, read-only with all mounts below it if so wanted.

    Either may be an fd (O_PATH will do): then no path is looked up that somebody could change meanwhile.
    """
    tree, shown = _clone(source, recursive=recursive), _at(source)[2]
    try:
        attributes = (ctypes.c_uint64 * 4)(_ATTR_RDONLY if read_only else 0, 0, MS_PRIVATE, 0)
        scope = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
        check(
            libc.syscall(_MOUNT_SETATTR, tree, b"", ctypes.c_uint(scope), attributes, ctypes.c_size_t(32)),
            "mount_setattr",
            shown,
        )
        _attach(tree, target)
    finally:
        os.close(tree)


def _clone(source: str | int, *, recursive: bool) -> int:
    """A copy of what `source` is, mounted nowhere yet."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | (_AT_RECURSIVE if recursive else 0)
    at, path, shown = _at(source)
    if not path:
        flags |= _AT_EMPTY_PATH
    return check(libc.syscall(_OPEN_TREE, at, path, ctypes.c_uint(flags)), "open_tree", shown)


@effect("mount")
def bind_of(process: ProcessId, path: str, target: str) -> bool:
    """`target` shows what is mounted at `path` for the process, in whatever root it has; False if nothing is.

    Raises: OSError.
    """
    trees: list[int] = []

    def clone() -> None:
        pidfd = pidfd_open(process)
        if pidfd is None:
            return
        try:
            unshare(CLONE_FS)
            setns(pidfd, CLONE_NEWNS)
        finally:
            os.close(pidfd)
        if is_mounted(path):
            trees.append(_clone(path, recursive=False))

    in_own_thread(clone)
    for tree in trees:
        try:
            _attach(tree, target)
        finally:
            os.close(tree)
    return bool(trees)


def _at(place: str | int) -> tuple[int, bytes, str]:
    """The directory fd and the path of an *at call, and words for an error."""
    if isinstance(place, int):
        return place, b"", f"fd {place}"
    return _AT_FDCWD, os.fsencode(place), place


def _attach(tree: int, target: str | int) -> None:
    """move_mount, then private: a mount whose parent is shared comes out shared."""
    at, path, shown = _at(target)
    flags = _FROM_EMPTY_PATH | (0 if path else _TO_EMPTY_PATH)
    check(libc.syscall(_MOVE_MOUNT, tree, b"", at, path, ctypes.c_uint(flags)), "move_mount", shown)
    attributes = (ctypes.c_uint64 * 4)(0, 0, MS_PRIVATE, 0)
    check(
        libc.syscall(_MOUNT_SETATTR, tree, b"", ctypes.c_uint(_AT_EMPTY_PATH), attributes, ctypes.c_size_t(32)),
        "mount_setattr",
        shown,
    )


@effect("mount")
def set_propagation(target: str, propagation: int = MS_PRIVATE, *, recursive: bool = False) -> None:
    """Mounts made below `target` from now on propagate as MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE says."""
    _mount("none", target, flags=propagation | (MS_REC if recursive else 0))


@effect("mount")
def mount_tmpfs(
    target: str, size: int, mode: int = 0o755, flags: int = MS_NOSUID | MS_NODEV | MS_NOEXEC, source: str = "tmpfs"
) -> None:
    """An empty memory file system of `size` bytes is on `target`, its root having exactly `mode`."""
    _mount(source, target, "tmpfs", flags, f"size={size},mode={mode:o}")
    _mount("none", target, flags=MS_PRIVATE)


@effect("mount")
def mount_overlay(
    lowers: Sequence[str], upper: str, work: str, target: str, options: Sequence[tuple[str, str]] = ()
) -> None:
    """`target` shows the directories `lowers`, the top one first, under the writable `upper`; private.

    Without `upper` and `work` (""), and at least two lowers, it is read-only.

    Raises: OSError with the kernel's own words about what it did not like.
    """
    try:
        context = check(libc.syscall(_FSOPEN, b"overlay", ctypes.c_uint(_CLOEXEC)), "fsopen", target)
    except OSError as problem:
        if problem.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        _overlay_by_mount(lowers, upper, work, target, options)
        return
    try:
        settings = [*(("lowerdir+", lower) for lower in lowers), *options, ("source", "overlay")]
        if upper:
            settings += [("upperdir", upper), ("workdir", work)]
        try:
            for key, value in settings:
                _configure(context, key, value)
            _fsconfig(context, _CREATE, None, None, target)
        except OSError as problem:
            if problem.errno != errno.EINVAL:
                raise
            # Before 6.8 there is no lowerdir+, and before 6.5 any key is taken and refused at the end, or when all
            # are longer than a page. If it is something else, mount(2) does not like it either.
            try:
                _overlay_by_mount(lowers, upper, work, target, options)
            except OSError as other:
                raise problem if other.errno == errno.EINVAL else other  # noqa: B904  the words of one of them
            return
        tree = libc.syscall(_FSMOUNT, context, ctypes.c_uint(_CLOEXEC), ctypes.c_uint(0))
        if tree < 0:
            raise _refusal(context, "fsmount", target)
        try:
            _attach(tree, target)
        finally:
            os.close(tree)
    finally:
        os.close(context)


def _configure(context: int, key: str, value: str) -> None:
    """One setting; a path that is too long, or has characters overlay gives a meaning to, goes as an fd's name."""
    raw = os.fsencode(value)
    if not value.startswith("/") or (len(raw) <= _STRING_LIMIT and not set(value) & set("\\:,")):
        _fsconfig(context, _SET_STRING, key.encode(), raw, value)
        return
    fd = os.open(value, os.O_PATH | os.O_CLOEXEC)
    try:
        _fsconfig(context, _SET_STRING, key.encode(), b"/proc/self/fd/%d" % fd, value)
    finally:
        os.close(fd)


def _fsconfig(context: int, command: int, key: bytes | None, value: bytes | None, shown: str) -> None:
    if libc.syscall(_FSCONFIG, context, ctypes.c_uint(command), key, value, 0) < 0:
        raise _refusal(context, "fsconfig", shown)


def _refusal(context: int, call: str, shown: str) -> OSError:
    """The error of the last call, with the messages that wait in the context."""
    problem = failure(ctypes.get_errno(), call, shown)
    words = "; ".join(_messages(context))
    if words:
        problem.strerror = f"{problem.strerror}: {words}"
    return problem


def _messages(context: int) -> Iterator[str]:
    while True:
        try:
            yield os.read(context, 4096).decode(errors="replace").strip().partition(" ")[2]
        except OSError:
            return


def _overlay_by_mount(
    lowers: Sequence[str], upper: str, work: str, target: str, options: Sequence[tuple[str, str]]
) -> None:
    """The same through mount(2), whose options must fit in a page: in /proc/self/fd a directory's name is a number."""
    fds: dict[str, int] = {}

    def call() -> None:
        unshare(CLONE_FS)
        os.chdir("/proc/thread-self/fd")
        words = [f"lowerdir={':'.join(str(fds[lower]) for lower in lowers)}"]
        if upper:
            words += [f"upperdir={fds[upper]}", f"workdir={fds[work]}"]
        words += [f"{key}={value}" for key, value in options]
        _mount("overlay", f"{fds[target]}", "overlay", 0, ",".join(words))

    try:
        for path in {*lowers, target} | ({upper, work} if upper else set()):
            fds[path] = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        in_own_thread(call)
        _mount("none", target, flags=MS_PRIVATE)
    finally:
        for fd in fds.values():
            os.close(fd)


def is_mounted(target: str) -> bool:
    """Whether something is mounted on `target`. Asks no server: a dead FUSE or NFS mount cannot hold the caller."""
    answer = (ctypes.c_uint64 * 32)()  # struct statx; the second word is stx_attributes
    flags = _AT_SYMLINK_NOFOLLOW | _AT_NO_AUTOMOUNT | _AT_STATX_DONT_SYNC
    if libc.statx(_AT_FDCWD, os.fsencode(target), flags, ctypes.c_uint(0), answer) == 0:
        return bool(answer[1] & _STATX_ATTR_MOUNT_ROOT)
    code = ctypes.get_errno()
    if code in (errno.ENOENT, errno.ENOTDIR):
        return False
    if code in (errno.ENOTCONN, errno.ESTALE, errno.EIO):  # the root of a dead file system
        return True
    raise failure(code, "statx", target)


def mounts_under(prefix: str) -> list[str]:
    """The mount points at or below `prefix` in the order they were made, so that the reverse order unmounts them."""
    wanted = os.path.realpath(prefix).rstrip("/")
    with open("/proc/self/mountinfo", "rb") as file:
        targets = [_unescape(line.split(b" ", 5)[4]) for line in file]
    return [target for target in targets if target == wanted or target.startswith(f"{wanted}/")]


def _unescape(name: bytes) -> str:
    for code in (b"\\040", b"\\011", b"\\012", b"\\134"):
        name = name.replace(code, bytes((int(code[1:], 8),)))
    return os.fsdecode(name)
