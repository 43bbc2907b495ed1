"""`exec`."""

from __future__ import annotations

from seabox.cli.commands.attach import DETACH_KEYS
from seabox.cli.context import LATEST, engine, latest_of, read_id, say
from seabox.cli.flags import BOOL, LIST, PAIRS, STRING, UINT, Command, Flag
from seabox.errors import InvalidArgument, OCIRuntimeFailed, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.container.exec_session import ExecSession
    from seabox.engine import Engine
    from seabox.model.options import ExecOptions


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("cidfile", "", STRING, "Read the container's id from this file", metavar="file", completion="files"),
        Flag("detach", "d", BOOL, "Leave the command running and print the session's id"),
        DETACH_KEYS,
        Flag("env", "e", PAIRS, "Environment variable (KEY=VALUE; KEY alone: our own value)"),
        Flag("env-file", "", LIST, "Read environment variables from this file", metavar="file", completion="files"),
        Flag("interactive", "i", BOOL, "Forward our standard input"),
        LATEST,
        Flag("preserve-fds", "", UINT, "Pass on this many descriptors of ours beyond standard error"),
        Flag("privileged", "", BOOL, "All capabilities that we have"),
        Flag("tty", "t", BOOL, "The command's streams are a terminal"),
        Flag("user", "u", STRING, "User, by name or number (USER[:GROUP])"),
        Flag("workdir", "w", STRING, "Working directory"),
    )
    return Command(
        path, flags, "[options] CONTAINER COMMAND [ARG...]", "Run a command in a running container", run,
        interspersed=False, completion="containers",
        examples=("seabox exec -it web sh", "seabox exec -u 1000 -w /tmp web id"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Run it; in the foreground until it ends, its exit code being ours."""
    words = args.rest
    cidfile = args.text("cidfile")
    if cidfile and args.on("latest"):
        raise InvalidArgument("--latest and --cidfile cannot be used together")
    if not words and not args.on("latest") and not cidfile:
        raise InvalidArgument("exec requires the name or ID of a container or the --latest flag")
    words = words if args.on("latest") or cidfile else words[1:]
    if not words:
        raise InvalidArgument("must provide a non-empty command to start an exec session")
    options = _options(args)
    with engine(args) as on:
        named = read_id(cidfile) if cidfile else latest_of(on) if args.on("latest") else args.rest[0]
        ctr = on.containers.get(named)
        if not args.on("detach"):
            return _foreground(args, on, ctr, words, options)
        try:
            say(ctr.exec_detached(words, **options).id)
        except (OCIRuntimeFailed, Refused) as problem:
            from seabox.cli.complaint import ENGINE_FAILED, complain

            complain(problem)
            return ENGINE_FAILED  # the codes of commands are for those who wait for one
    return 0


def _options(args: Arguments) -> ExecOptions:
    from seabox.cli.descriptors import preserved
    from seabox.cli.environment import environment

    found: ExecOptions = {
        "env": environment(args),
        "preserve_fds": preserved(args.number("preserve-fds")),
        "privileged": args.on("privileged"),
        "tty": args.on("tty"),
    }
    if args.given("user"):
        found["user"] = args.text("user")
    if args.given("workdir"):
        found["workdir"] = args.text("workdir")
    return found


def _foreground(args: Arguments, on: Engine, ctr: Container, words: list[str], options: ExecOptions) -> int:
    from seabox.cli.foreground import Streams, attend_exec

    options["stdin"] = args.on("interactive")
    streams = Streams(
        stdin=args.on("interactive"),
        tty=args.on("tty"),
        keys=args.text("detach-keys") if args.given("detach-keys") else on.config.detach_keys,
        sig_proxy=True,
    )

    def start(size: tuple[int, int] | None) -> ExecSession:
        options["size"] = size
        return ctr.exec(words, begin=False, **options)

    return attend_exec(start, streams)
