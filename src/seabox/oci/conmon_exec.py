"""Running one more process in a container, under a conmon of its own."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress
from time import monotonic

from ..errors import TimedOut
from ..kernel import process as processes
from ..kernel.process import clean_env, poll_one, spawn
from ..kernel.watch import Watch
from .attachsock import AttachSocket
from .conmon import CREATE_SECONDS, failure, parse_answer, read_pid
from .outcome import Outcome
from .runtime import Executed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.record import ProcessId
    from .runtime import ExecLaunch

_DYING_SECONDS = 10.0
_POLLIN = 1


def command(program: str, runtime: str, runtime_args: Sequence[str], launch: ExecLaunch) -> list[str]:
    """conmon's command line for an exec session."""
    bundle = launch.bundle
    argv = [program, "--api-version", "1", "--cid", launch.container, "--cuuid", launch.session]
    argv += ["--runtime", runtime, "--bundle", bundle, "--exit-dir", bundle, "--full-attach"]
    argv += ["--container-pidfile", f"{bundle}/pid", "--conmon-pidfile", f"{bundle}/conmon.pid"]
    for argument in (*runtime_args, "--log-format=json", f"--log={bundle}/oci.log"):
        argv.append(f"--runtime-arg={argument}")
    argv += ["--log-path", "none", "--exec", "--exec-process-spec", f"{bundle}/process.json"]
    if launch.preserve_fds:
        argv.append(f"--runtime-opt=--preserve-fds={len(launch.preserve_fds)}")
    if launch.timeout:
        argv += ["--timeout", str(launch.timeout)]
    # As for a container: with --stdin the first client to leave a terminal would end the input for all.
    flags = {"--exec-attach": launch.attach, "--terminal": launch.tty, "--stdin": launch.stdin and not launch.tty}
    return argv + [flag for flag, wanted in flags.items() if wanted]


def execute(
    program: str, runtime: str, runtime_args: Sequence[str], launch: ExecLaunch, timeout_seconds: float = CREATE_SECONDS
) -> Executed:
    """The process runs and conmon watches it; with `attach` we were connected before it did. Blocks until then.

    On failure neither is left.

    Raises: CommandNotFound, CommandNotExecutable, OCIRuntimeFailed, TimedOut, OSError.
    """
    deadline = monotonic() + timeout_seconds
    first = 3 + len(launch.preserve_fds)
    env = {"_OCI_SYNCPIPE": str(first), "_OCI_STARTPIPE": str(first + 1)}
    if launch.attach:
        env["_OCI_ATTACHPIPE"] = str(first + 2)
    with ExitStack() as undo, ExitStack() as kept:
        said = os.memfd_create("conmon")  # a file: nobody has to read it for conmon to go on
        undo.callback(os.close, said)
        answer, answer_end = os.pipe()
        kept.callback(os.close, answer)
        start_end, start = os.pipe()
        undo.callback(os.close, start)
        ready, ready_end = os.pipe()
        undo.callback(os.close, ready)
        theirs = (answer_end, start_end, ready_end)
        passed = (*launch.preserve_fds, *(theirs if launch.attach else theirs[:2]))
        try:
            child = spawn(
                command(program, runtime, runtime_args, launch),
                env=clean_env(env),
                cwd=launch.bundle,
                stderr=said,
                pass_fds={3 + number: fd for number, fd in enumerate(passed)},
                new_group=True,
            )
        finally:
            for fd in theirs:
                os.close(fd)
        began = False
        try:
            connection = None
            with suppress(BrokenPipeError):  # it did not like its options: the answer will tell
                os.write(start, b"\0")
                if launch.attach and _line(ready, deadline, launch):
                    connection = AttachSocket.connect(launch.bundle)
                    kept.callback(connection.close)
                    os.write(start, b"\0")
            began = True
            line, newline, rest = _line(answer, deadline, launch).partition(b"\n")
            pid, message = parse_answer(line + newline)
            code = processes.reap(child, max(0.0, deadline - monotonic()))
            if pid <= 0:
                raise failure(os.path.basename(runtime), launch.bundle, message, os.pread(said, 1 << 16, 0), code)
            conmon = _conmon(launch)
            process = child_of(conmon, pid) if conmon is not None else None
            if connection is None:
                return Executed(pid, process, conmon)
            kept.pop_all()
            return Executed(pid, process, conmon, connection, Outcome(answer, rest))
        except BaseException:
            if processes.reap(child, _DYING_SECONDS) is None:
                processes.kill_group(child)
            if (conmon := _conmon(launch)) is not None:
                abandon(conmon, launch.bundle, began)
            raise


def _line(fd: int, deadline: float, launch: ExecLaunch) -> bytes:
    """The next line, and what came with it; without a newline at the end."""
    data = b""
    while b"\n" not in data:
        if not poll_one(fd, _POLLIN, deadline - monotonic()):
            raise TimedOut(f"executing in container {launch.container}: no answer from conmon in time")
        if not (chunk := os.read(fd, 1 << 16)):
            break
        data += chunk
    return data


def _conmon(launch: ExecLaunch) -> ProcessId | None:
    """The session's conmon if it still runs; its child has written the pid file by the time it is reaped."""
    conmon = processes.identify(read_pid(f"{launch.bundle}/conmon.pid"))
    return conmon if conmon is not None and launch.session in processes.arguments(conmon.pid) else None


def child_of(conmon: ProcessId, pid: int) -> ProcessId | None:
    """The process with this pid, if it is the one that conmon watches; another may have taken the number."""
    process = processes.identify(pid) if pid else None
    return process if process is not None and processes.parent(process) == conmon.pid else None


def abandon(conmon: ProcessId, bundle: str, began: bool = True) -> None:
    """Neither the session's process nor its conmon is left. Blocks up to some seconds.

    If conmon `began`, the runtime gets time to finish: killed half-way it could leave a process that nobody knows.
    """
    if not (began and os.path.isdir(bundle)):
        processes.send_signal(conmon, signal.SIGKILL)
        processes.wait_gone(conmon, _DYING_SECONDS)
        return
    with Watch() as watch:
        with suppress(FileNotFoundError):
            watch.add_dir(bundle)
        alive = watch.add_process(conmon)
        deadline = monotonic() + _DYING_SECONDS
        while alive and not (pid := read_pid(f"{bundle}/pid")) and (left := deadline - monotonic()) > 0:
            alive = conmon not in watch.wait(left)
        process = child_of(conmon, pid) if alive else None
    if process is not None:
        processes.send_signal(process, signal.SIGKILL)
    else:
        processes.send_signal(conmon, signal.SIGTERM)  # it passes that on to the runtime
    if not processes.wait_gone(conmon, _DYING_SECONDS):
        processes.send_signal(conmon, signal.SIGKILL)
        processes.wait_gone(conmon, _DYING_SECONDS)
