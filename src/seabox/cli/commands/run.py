"""`run`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.commands.attach import SIG_PROXY
from seabox.cli.complaint import ENGINE_FAILED
from seabox.cli.context import engine, say
from seabox.cli.creation_flags import FLAGS
from seabox.cli.flags import BOOL, UINT, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer, OCIRuntimeFailed, StateConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.engine import Engine

CANNOT_INVOKE = 126  # the runtime would not start it


def command(path: str) -> Command:
    """The command's table."""
    own = (
        Flag("detach", "d", BOOL, "Leave the container running and print its id"),
        Flag("preserve-fds", "", UINT, "Give the process this many of our descriptors after stderr"),
        Flag("rmi", "", BOOL, "As --rm, and remove the image too unless something else uses it"),
    )
    return Command(
        path, (*FLAGS, *own, SIG_PROXY), "[options] IMAGE [COMMAND [ARG...]]", "Create a container and start it", run,
        least=1, interspersed=False, completion="images",
        examples=("seabox run --rm -it busybox sh", "seabox run -d --name web busybox httpd -f"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Run it; in the foreground until it ends, its exit code being ours."""
    from seabox.cli.creation import create
    from seabox.cli.descriptors import preserved

    _check(args)
    with engine(args) as on:
        fds = preserved(args.number("preserve-fds"))
        ctr = create(args, on)
        try:
            if args.on("detach"):
                ctr.start(recursive=True, preserve_fds=fds)
                say(ctr.id)
                return 0
            return _foreground(args, on, ctr, fds)
        except BaseException as problem:
            if args.on("rm") or args.on("rmi"):
                _remove(ctr, force=isinstance(problem, Exception))
            if isinstance(problem, OCIRuntimeFailed) and problem.exit_code == ENGINE_FAILED:
                problem.exit_code = CANNOT_INVOKE
            raise


def _check(args: Arguments) -> None:
    if args.on("detach") and args.given("attach"):
        raise InvalidArgument("--detach and --attach cannot be set together")
    if args.on("rmi") and args.given("rm") and not args.on("rm"):
        raise InvalidArgument("the --rmi option does not work without --rm")


def _foreground(args: Arguments, on: Engine, ctr: Container, fds: list[int]) -> int:
    from seabox.cli.foreground import Streams, attend, warn_without_terminal

    wanted = {stream.lower() for stream in args.texts("attach")}
    every = not wanted
    if args.on("tty") and args.on("interactive"):
        warn_without_terminal()
    if wanted == {"stdin"}:
        say(ctr.id)
    streams = Streams(
        stdin=args.on("interactive") and (every or "stdin" in wanted),
        stdout=every or "stdout" in wanted,
        stderr=every or "stderr" in wanted,
        tty=args.on("tty"),
        keys=args.text("detach-keys") if args.given("detach-keys") else on.config.detach_keys,
        sig_proxy=args.on("sig-proxy"),
        preserve_fds=fds,
    )
    return attend(on, ctr, streams)


def _remove(ctr: Container, *, force: bool) -> None:
    """What --rm promised, also if the start failed, or nobody reads the container's output any more (`force`).

    One that runs after the user interrupted only us goes on, and is removed when it ends.
    """
    with suppress(NoSuchContainer, StateConflict, OCIRuntimeFailed):  # what made the start fail is what is told
        ctr.remove(force=force, timeout=0)
