"""Processes: told apart for certain, signalled safely, spawned with nothing inherited by accident, always reaped."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal as signals
from contextlib import ExitStack, suppress

from ..errors import InvalidArgument
from ..model.record import ProcessId
from .effects import effect
from .libc import failure, libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SETPGROUP, _SETSIGDEF, _SETSIGMASK, _SETSID = 0x02, 0x04, 0x08, 0x80
_LONGEST = 2**31 - 1  # ms that poll takes
_EXECUTING_MS = 20  # that a process gets to be seen with the arguments of its new program
_SHELLS = ("sh", "bash", "dash")
_LOADERS = ("ld-", "ld64.")
_BEFORE_A_PROGRAM = 6  # words that a loader may be given first
_OPAQUE = 1024  # larger than any C library's posix_spawn_file_actions_t, posix_spawnattr_t, sigset_t

_boot = ""
_me = ProcessId(0, 0, "")


def boot_id() -> str:
    """The kernel's name for the time since it booted."""
    global _boot
    if not _boot:
        with open("/proc/sys/kernel/random/boot_id") as file:
            _boot = file.read().strip()
    return _boot


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time in clock ticks, ("", 0) if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return fields[0].decode(), int(fields[19])


def start_time(pid: int) -> int:
    """When the process started, in clock ticks since boot; 0 if there is none."""
    return _stat(pid)[1]


def identify(pid: int) -> ProcessId | None:
    """The process that has this pid now (possibly a zombie), None if there is none."""
    start = start_time(pid)
    return ProcessId(pid, start, boot_id()) if start else None


def parent(process: ProcessId) -> int:
    """The pid of the process's parent, 0 if the process is gone."""
    try:
        with open(f"/proc/{process.pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[1]) if int(fields[19]) == process.start else 0


def arguments(pid: int) -> list[str]:
    """The process's command line; empty if there is none."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    except (FileNotFoundError, ProcessLookupError):
        return []


def spawned_for(word: str, programs: Collection[str]) -> list[ProcessId]:
    """Every process whose program has one of these names and which has `word` among its arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and (process := identify(int(name))) is not None:
            argv = arguments(process.pid) or _arguments_soon(process.pid)
            if word in argv and _is_one(argv, programs):
                found.append(process)
    return found


def _is_one(argv: list[str], programs: Collection[str]) -> bool:
    """Whether what was executed has one of these names: a program, a script, or one with a loader of its own."""
    names = [os.path.basename(word) for word in argv[:_BEFORE_A_PROGRAM]]
    if names[0] in programs:
        return True
    if names[0] in _SHELLS:
        return len(names) > 1 and names[1] in programs
    return names[0].startswith(_LOADERS) and any(name in programs for name in names[1:])


def _arguments_soon(pid: int) -> list[str]:
    """As `arguments`, of a process that shows none: between two programs it has none for a moment."""
    for _ in range(_EXECUTING_MS):
        try:
            os.readlink(f"/proc/{pid}/exe")  # the kernel's own have none, and the dead
        except OSError:
            return []
        if argv := arguments(pid):
            return argv
        select.poll().poll(1)
    return []


def end_spawned_for(word: str, programs: Collection[str], patience_seconds: float = 5.0) -> None:
    """No process that `spawned_for` would find is left, but one that the kernel cannot end. Blocks.

    Whom one of them started while we looked is found at the next look, so there is one until nobody new is found.
    """
    killed: set[tuple[int, int]] = set()
    while fresh := [each for each in spawned_for(word, programs) if (each.pid, each.start) not in killed]:
        for each in fresh:
            killed.add((each.pid, each.start))
            if send_signal(each, signals.SIGKILL):
                wait_gone(each, patience_seconds)


def end_working_in(directory: str, word: str, patience_seconds: float = 5.0) -> None:
    """No process whose working directory this is and which has `word` among its arguments is left. Blocks."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or word not in arguments(int(name)):
            continue
        with suppress(OSError):
            found = identify(int(name)) if os.readlink(f"/proc/{name}/cwd") == directory else None
            if found is not None and send_signal(found, signals.SIGKILL):
                wait_gone(found, patience_seconds)


def myself() -> ProcessId:
    """This process, also after a fork."""
    global _me
    pid = os.getpid()
    if _me.pid != pid:
        _me = ProcessId(pid, start_time(pid), boot_id())
    return _me


def alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs; a zombie does not."""
    if process.boot != boot_id():
        return False
    state, start = _stat(process.pid)
    return start == process.start and state not in ("", "Z", "X", "x")


def stopped(pid: int) -> bool:
    """Whether a signal has stopped the process."""
    return _stat(pid)[0] in ("T", "t")


def pidfd_open(process: ProcessId) -> int | None:
    """A pidfd of exactly this process (readable once it has ended), None if it is gone.

    Raises: OSError (EMFILE...).
    """
    if process.boot != boot_id() or (pidfd := pidfd_of(process.pid)) is None:
        return None
    if start_time(process.pid) != process.start:
        os.close(pidfd)
        return None
    return pidfd


def pidfd_of(pid: int) -> int | None:
    """A pidfd of the process that has this number now, None if none has. Raises: OSError (EMFILE...)."""
    try:
        return os.pidfd_open(pid)
    except OSError as problem:
        # the number of a thread, or of a group or session whose leader is gone: EINVAL; ENOENT since Linux 6.16
        if problem.errno in (errno.ESRCH, errno.EINVAL, errno.ENOENT):
            return None
        raise


@effect("kill")
def send_signal(process: ProcessId, signal: int) -> bool:
    """`signal` was sent to exactly this process; False if it is gone.

    Raises: OSError (EPERM, EINVAL).
    """
    pidfd = pidfd_open(process)
    if pidfd is None:
        return False
    try:
        signals.pidfd_send_signal(pidfd, signal)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


@effect("kill")
def kill_session(process: ProcessId) -> None:
    """The process and all others of its process group are killed. No effect if it is gone."""
    pidfd = pidfd_open(process)
    if pidfd is None:
        return
    try:  # its number is its own as long as it is not reaped
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signals.SIGKILL)
            signals.pidfd_send_signal(pidfd, signals.SIGKILL)
    finally:
        os.close(pidfd)


def wait_gone(process: ProcessId, timeout_seconds: float | None) -> bool:
    """Wait until the process has ended; False if it still runs after the time. Need not be a child. Blocks."""
    pidfd = pidfd_open(process)
    if pidfd is None:
        return True
    try:
        return poll_one(pidfd, select.POLLIN, timeout_seconds)
    finally:
        os.close(pidfd)


def poll_one(fd: int, events: int, timeout_seconds: float | None) -> bool:
    """Wait until one of `events` (or an error or hang-up) is there; False if the time ran out first. Blocks."""
    poller = select.poll()
    poller.register(fd, events)
    return bool(poller.poll(milliseconds(timeout_seconds)))


def milliseconds(seconds: float | None) -> int | None:
    """A poll timeout that never ends early; None = for ever."""
    return None if seconds is None else min(max(0, int(seconds * 1000 + 0.999)), _LONGEST)


def clean_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment a child gets: PATH, and what is passed here; nothing of this process's own."""
    return {"PATH": PATH, **(extra or {})}


@effect("spawn")
def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str = "/",
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    pass_fds: Mapping[int, int] | None = None,
    new_group: bool = False,
    new_session: bool = False,
) -> int:
    """A child runs the program argv[0] (an absolute path); the caller must `reap` the pid that is returned.

    The child has exactly the descriptors 0, 1, 2 (None = /dev/null) and the keys of `pass_fds`, whose values are
    ours; no signal is blocked or ignored in it.

    Raises: OSError (the program is missing or not executable, no `cwd`, out of memory...), InvalidArgument (a NUL).
    """
    sources = {0: stdin, 1: stdout, 2: stderr, **(pass_fds or {})}
    last = max(sources)
    with ExitStack() as undo:
        actions = ctypes.create_string_buffer(_OPAQUE)
        _spawn_check(libc.posix_spawn_file_actions_init(actions), argv)
        undo.callback(libc.posix_spawn_file_actions_destroy, actions)
        attributes = ctypes.create_string_buffer(_OPAQUE)
        _spawn_check(libc.posix_spawnattr_init(attributes), argv)
        undo.callback(libc.posix_spawnattr_destroy, attributes)

        # Copies above every target: no dup2 overwrites a later source, none is dup2(n, n), which keeps CLOEXEC.
        copies: dict[int, int] = {}
        for target, source in sources.items():
            if source is not None and source <= last:
                copies[target] = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, last + 1)
                undo.callback(os.close, copies[target])
        for target, source in sources.items():
            if source is None:
                result = libc.posix_spawn_file_actions_addopen(actions, target, b"/dev/null", os.O_RDWR, 0)
            else:
                result = libc.posix_spawn_file_actions_adddup2(actions, copies.get(target, source), target)
            _spawn_check(result, argv)
        for fd in range(3, last):
            if fd not in sources:
                _spawn_check(libc.posix_spawn_file_actions_addclose(actions, fd), argv)
        _spawn_check(libc.posix_spawn_file_actions_addclosefrom_np(actions, last + 1), argv)
        _spawn_check(libc.posix_spawn_file_actions_addchdir_np(actions, _c_string(cwd)), argv)

        signal_set = ctypes.create_string_buffer(_OPAQUE)
        libc.sigemptyset(signal_set)
        _spawn_check(libc.posix_spawnattr_setsigmask(attributes, signal_set), argv)
        libc.sigfillset(signal_set)
        _spawn_check(libc.posix_spawnattr_setsigdefault(attributes, signal_set), argv)
        flags = _SETSIGDEF | _SETSIGMASK | (_SETPGROUP if new_group else 0) | (_SETSID if new_session else 0)
        _spawn_check(libc.posix_spawnattr_setflags(attributes, flags), argv)

        pid = ctypes.c_int()
        arguments, environment = _c_strings(argv), _c_strings([f"{key}={value}" for key, value in env.items()])
        code = libc.posix_spawn(ctypes.byref(pid), arguments[0], actions, attributes, arguments, environment)
        if code and not os.path.isdir(cwd):
            raise failure(code, "chdir", cwd)
        _spawn_check(code, argv)
        return pid.value


def _spawn_check(code: int, argv: Sequence[str]) -> None:
    if code:
        raise failure(code, "posix_spawn", argv[0])


def _c_string(text: str) -> bytes:
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise InvalidArgument(f"{text!r} contains a NUL character, which no program can be given")
    return encoded


def _c_strings(texts: Sequence[str]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(texts) + 1))(*map(_c_string, texts), None)


def reap(pid: int, timeout_seconds: float | None = None) -> int | None:
    """The exit code of our child (128+n if signal n ended it), None if it still runs after the time. Blocks.

    -1 if nobody can know it: something else in this process reaps, or ignores, all children.
    """
    if (pidfd := pidfd_of(pid)) is None:
        return -1
    try:
        return exit_code(pid) if poll_one(pidfd, select.POLLIN, timeout_seconds) else None
    finally:
        os.close(pidfd)


def exit_code(pid: int) -> int:
    """The exit code of our child, which has ended, or will at once; it is reaped. As `reap`."""
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return -1
    return code if code >= 0 else 128 - code


@effect("kill")
def end_group(pid: int, patience_seconds: float) -> int:
    """As kill_group, but the group is asked to end first, and given the time to. Blocks for no longer."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signals.SIGTERM)
    code = reap(pid, patience_seconds)
    return kill_group(pid) if code is None else code


@effect("kill")
def kill_group(pid: int) -> int:
    """The child that leads the process group `pid`, and the group, are killed; returns the child's exit code.

    Only for a child spawned with new_group or new_session and not reaped yet: until then the number is ours.
    """
    try:
        os.killpg(pid, signals.SIGKILL)
    except ProcessLookupError:
        return -1
    return exit_code(pid)
