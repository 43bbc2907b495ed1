"""Namespaces: entering, leaving, and pinning one to a file so that it lives without a process."""

from __future__ import annotations

import _thread
import os

from .effects import effect
from .libc import check, libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2

CLONE_FS = 0x200  # the working directory and umask
CLONE_NEWNS = 0x20000
CLONE_NEWCGROUP = 0x2000000
CLONE_NEWUTS = 0x4000000
CLONE_NEWIPC = 0x8000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000


def unshare(flags: int) -> None:
    """The calling thread has its own of everything named by the CLONE_* `flags`.

    Raises: OSError (EPERM, EINVAL).
    """
    check(libc.unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    """The calling thread is in the namespace `fd` (or, for a pidfd, in those of the process that `kind` names).

    Raises: OSError (EPERM, EINVAL).
    """
    check(libc.setns(fd, kind), "setns")


def in_own_thread(call: Callable[[], None]) -> None:
    """`call` has run in a thread that ended with it, so that what it unshared or entered touched nobody else.

    Raises: what `call` raised.
    """
    problems: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            call()
        except BaseException as problem:
            problems.append(problem)
        finally:
            done.release()

    _thread.start_new_thread(run, ())
    done.acquire()
    if problems:
        raise problems[0]


@effect("netns")
def make_network_namespace(path: str) -> None:
    """A new network namespace is mounted on the new file `path` and lives until that is unmounted and removed.

    Raises: FileExistsError if there is such a file. After any error nothing is left.
    """

    def pin() -> None:
        unshare(CLONE_NEWNET)
        check(libc.mount(b"/proc/thread-self/ns/net", os.fsencode(path), None, _MS_BIND, None), "mount", path)

    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    try:
        in_own_thread(pin)
    except BaseException:
        os.unlink(path)
        raise


@effect("netns")
def remove_mount_point(path: str) -> None:
    """No file is at `path`, and nothing is mounted on it any more, not even below a mount that hides its directory.

    `ip netns add` and podman hide theirs: they mount /run/netns on itself, with all namespaces that are pinned there.
    The kernel lets go of every mount on a file that is removed where it is no mount point.

    Raises: OSError.
    """

    def remove() -> None:
        unshare(CLONE_NEWNS)
        check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount", "/")
        shown = os.fsencode(path)
        while True:
            while libc.umount2(shown, _MNT_DETACH) == 0:
                pass
            try:
                os.unlink(path)
                return
            except FileNotFoundError:
                return
            except OSError:
                if libc.umount2(os.path.dirname(shown), _MNT_DETACH) != 0:
                    raise

    in_own_thread(remove)


@effect("sysctl")
def write_sysctls(path: str, settings: Mapping[str, str]) -> None:
    """In the network namespace of the file `path` these kernel parameters ("net.ipv4.ip_forward") have these values.

    Raises: OSError.
    """

    def write() -> None:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(fd, CLONE_NEWNET)
        finally:
            os.close(fd)
        for name, value in settings.items():
            parameter = os.open(f"/proc/sys/{name.replace('.', '/')}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(parameter, value.encode())
            finally:
                os.close(parameter)

    in_own_thread(write)
