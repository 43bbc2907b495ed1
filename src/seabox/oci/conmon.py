"""conmon, the program that holds a container's stdio, log and exit code: how it is started and what it answers."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress
from functools import cache
from time import monotonic

from ..errors import OCIRuntimeFailed, TimedOut
from ..kernel.files import remove_file, write_atomic
from ..kernel.process import (
    arguments,
    clean_env,
    identify,
    kill_group,
    reap,
    send_signal,
    spawn,
    wait_gone,
)
from ..kernel.programs import run
from ..kernel.sockets import write_fifo
from ..kernel.watch import Watch
from .runtime import Launched
from .words import last_error, plain, refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.watch import Cancel
    from .runtime import Launch

CREATE_SECONDS = 240.0
_ROTATES_LOGS = (2, 2)  # the version from which conmon can keep the old log by itself
_DYING_SECONDS = 10.0
_FIRST_FD = 3  # of those that conmon gets from us


def command(program: str, runtime: str, runtime_args: Sequence[str], launch: Launch) -> list[str]:
    """conmon's command line for creating a container, or restoring one."""
    argv = [program, "--api-version", "1", "--cid", launch.id, "--cuuid", launch.id, "--name", launch.name]
    argv += ["--runtime", runtime, "--bundle", launch.bundle, "--exit-dir", launch.bundle, "--full-attach"]
    argv += ["--container-pidfile", launch.pidfile, "--conmon-pidfile", launch.conmon_pidfile]
    for argument in (*runtime_args, "--log-format=json", f"--log={launch.bundle}/oci.log"):
        argv.append(f"--runtime-arg={argument}")
    argv += ["--log-path", f"{launch.log_driver}:{launch.log_path}" if launch.log_path else launch.log_driver]
    if launch.log_size_max > 0:
        argv += ["--log-size-max", str(launch.log_size_max)]
        if launch.log_rotate:
            argv += ["--log-rotate", "--log-max-files", "1"]
    if launch.log_tag:
        argv += ["--log-tag", launch.log_tag]
    if launch.exit_command:
        argv += ["--exit-command", launch.exit_command[0]]
        argv += [f"--exit-command-arg={argument}" for argument in launch.exit_command[1:]]
    if launch.preserve_fds:
        argv.append(f"--runtime-opt=--preserve-fds={len(launch.preserve_fds)}")
    if launch.timeout:
        argv += ["--timeout", str(launch.timeout)]
    if launch.notify_socket:
        argv += ["--sdnotify-socket", launch.notify_socket]
    if launch.revival is not None:
        argv += ["--restore", launch.revival.images, *(f"--runtime-opt={each}" for each in launch.revival.options)]
    flags = {
        "--terminal": launch.tty,
        # A terminal takes input without it; with it, the first client to leave would end the input for all.
        "--stdin": launch.stdin and not launch.tty,
        "--leave-stdin-open": launch.stdin_stays_open,
        "--no-pivot": launch.no_pivot,
        "--no-new-keyring": launch.no_new_keyring,
    }
    return argv + [flag for flag, wanted in flags.items() if wanted]


def criu_environment(criu: str, runtime: str, folder: str) -> dict[str, str]:
    """The environment in which a runtime finds this criu first, and criu the criu.conf in the container's `folder`."""
    found = {"PATH": f"{os.path.dirname(criu)}:{clean_env()['PATH']}"}
    if os.path.basename(runtime) != "runc":  # which goes by the annotation, and two times would be too often
        found["CRIU_CONFIG_FILE"] = f"{folder}/criu.conf"
    return found


def create(
    program: str, runtime: str, runtime_args: Sequence[str], launch: Launch, timeout_seconds: float = CREATE_SECONDS
) -> Launched:
    """The container is created and conmon watches it. What an earlier run left in the bundle is removed first.

    On failure no conmon is left, but its exit command may have been started.

    Raises: CommandNotFound, CommandNotExecutable, OCIRuntimeFailed, TimedOut, OSError.
    """
    deadline = monotonic() + timeout_seconds
    for name in (launch.id, "oom", "attach", "ctl", "winsz", "oci.log", "restore.log"):
        remove_file(f"{launch.bundle}/{name}")
    remove_file(launch.pidfile)
    remove_file(launch.conmon_pidfile)
    sync = _FIRST_FD + len(launch.preserve_fds)
    found = criu_environment(launch.revival.criu, runtime, launch.bundle) if launch.revival is not None else {}
    env = clean_env({**found, **launch.env, "_OCI_SYNCPIPE": str(sync), "_OCI_STARTPIPE": str(sync + 1)})
    with ExitStack() as undo:
        said = os.memfd_create("conmon")  # a file: nobody has to read it for conmon to go on
        undo.callback(os.close, said)
        answer, answer_end = os.pipe()
        undo.callback(os.close, answer)
        start_end, start = os.pipe()
        undo.callback(os.close, start)
        stdin, stdout, stderr = launch.stdio or (None, None, said)
        try:
            child = spawn(
                command(program, runtime, runtime_args, launch),
                env=env,
                cwd=launch.bundle,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=dict(enumerate((*launch.preserve_fds, answer_end, start_end, *launch.keep), _FIRST_FD)),
                new_group=True,
            )
        finally:
            os.close(answer_end)
            os.close(start_end)
        try:
            if launch.place is not None:
                launch.place(child)
        except BaseException:
            kill_group(child)  # before the start pipe is closed, for that would let it go on
            raise
        patient = True
        try:
            with suppress(BrokenPipeError):  # it did not like its options: the answer will tell
                os.write(start, b"\0")
            cancel = launch.revival.cancel if launch.revival is not None else None
            pid, message = _answer(answer, deadline, launch.id, cancel)
            patient = False
            code = reap(child, max(0.0, deadline - monotonic()))
            process = identify(pid) if pid > 0 else None
            conmon = identify(read_pid(launch.conmon_pidfile))
            if process is not None and conmon is not None:
                return Launched(process, conmon)
            raise _failure(os.path.basename(runtime), launch, message, _text(said), pid, code)
        except BaseException:
            _abandon(child, launch, patient)
            raise


def _answer(fd: int, deadline: float, id: str, cancel: Cancel | None) -> tuple[int, str]:
    """The pid conmon reports (-1 = failed, 0 = it said nothing) and its message. Raises: TimedOut, Cancelled."""
    line = b""
    with Watch(cancel) as watch:
        watch.add_fd(fd)
        while not line.endswith(b"\n"):
            if not watch.wait(deadline - monotonic()):
                raise TimedOut(f"creating container {id}: no answer from conmon in time")
            if not (chunk := os.read(fd, 1 << 16)):
                break
            line += chunk
    return parse_answer(line)


def parse_answer(line: bytes) -> tuple[int, str]:
    """The number in a line from conmon (0 = it makes no sense, or there is none) and the message with it."""
    number = line.removeprefix(b'{"data": ').removesuffix(b"}\n")
    if number.isdigit():
        return int(number), ""
    if not line:
        return 0, ""
    import json

    try:
        answer = json.loads(line.decode(errors="replace"), strict=False)
        return int(answer["data"]), plain(str(answer.get("message", "")))
    except (ValueError, TypeError, KeyError):
        return 0, plain(line.decode(errors="replace"))


def _failure(runtime: str, launch: Launch, message: str, said: bytes, pid: int, code: int | None) -> OCIRuntimeFailed:
    if pid > 0:
        return OCIRuntimeFailed(runtime, "the container's process or its conmon was gone before it could be started")
    return failure(runtime, launch.bundle, message, said, code)


def failure(runtime: str, bundle: str, message: str, said: bytes, code: int | None) -> OCIRuntimeFailed:
    """What went wrong, in the runtime's words, else in those conmon sent, else in what it wrote to stderr."""
    try:
        with open(f"{bundle}/oci.log", "rb") as file:
            words = last_error(file.read(1 << 20))
    except FileNotFoundError:
        words = ""
    if words or message:
        return refusal(runtime, words or message)
    spoken = plain(said.decode(errors="replace"))
    return OCIRuntimeFailed("conmon", spoken or f"ended with code {code} and without a word")


def _text(fd: int) -> bytes:
    return os.pread(fd, 1 << 16, 0)


def read_pid(path: str) -> int:
    """The pid in a pid file; 0 if there is none."""
    try:
        with open(path) as file:
            return int(file.read(32))
    except (FileNotFoundError, ValueError):
        return 0


def _abandon(child: int, launch: Launch, patient: bool) -> None:
    """No conmon of this launch is left. With `patient` the runtime may be at work: it is asked to stop first."""
    if reap(child, _DYING_SECONDS) is None:
        kill_group(child)
    pid = read_pid(launch.conmon_pidfile)
    conmon = identify(pid) if pid else None
    if conmon is None or launch.id not in arguments(pid):
        return
    if patient:
        send_signal(conmon, signal.SIGTERM)
        if wait_gone(conmon, _DYING_SECONDS):
            return
    send_signal(conmon, signal.SIGKILL)
    wait_gone(conmon, _DYING_SECONDS)


def resize(bundle: str, height: int, width: int) -> bool:
    """The container's terminal has this size (characters); False if its conmon is gone."""
    return write_fifo(f"{bundle}/ctl", b"1 %d %d\n" % (height, width))


@cache
def version(program: str) -> tuple[int, ...]:
    """conmon's version, as (2, 1, 6); () if it does not say. Runs the program, so not for every container."""
    words = run([program, "--version"], env=clean_env(), timeout_seconds=10).out.split()
    try:
        return tuple(int(part) for part in words[2].split(b"."))
    except (IndexError, ValueError):
        return ()


def rotates_logs(program: str, known: str) -> bool:
    """Whether conmon keeps the old log by itself. Each conmon is asked once; the file `known` holds what it said."""
    try:
        found = os.stat(program)
        mark = f"{program} {found.st_ino} {found.st_mtime_ns} "
        with open(known) as file:
            told = file.read()
        if told.startswith(mark):
            return told.endswith("True")
    except FileNotFoundError:
        if not program:
            return False
    rotates = version(program) >= _ROTATES_LOGS
    write_atomic(known, f"{mark}{rotates}".encode(), durable=False)
    return rotates
