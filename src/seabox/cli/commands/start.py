"""`start`."""

from __future__ import annotations

from seabox.cli.commands.attach import DETACH_KEYS, SIG_PROXY
from seabox.cli.context import ALL, FILTER, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument
from seabox.listing.container_filters import matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "", BOOL, ALL.help),  # -a means --attach here
        Flag("attach", "a", BOOL, "Join the container's standard streams and exit with its exit code"),
        DETACH_KEYS,
        FILTER,
        Flag("interactive", "i", BOOL, "Forward our standard input; implies --attach"),
        LATEST,
        SIG_PROXY,
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Start containers that were created before", run,
        completion="containers", examples=("seabox start web", "seabox start --attach --interactive shell"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Start what was named."""
    attached = args.on("attach") or args.on("interactive")
    if attached and (args.on("all") or len(args.rest) > 1):
        raise InvalidArgument("you cannot start and attach multiple containers at once")
    if args.given("sig-proxy") and args.on("sig-proxy") and not attached:
        raise InvalidArgument("you cannot use sig-proxy without --attach: invalid argument")
    with engine(args) as on:
        if args.on("all") and args.rest:
            raise InvalidArgument("either start all containers or the container(s) provided in the arguments")
        if not (args.rest or args.on("all") or args.on("latest") or args.texts("filter")):
            raise InvalidArgument("start requires at least one argument")
        names = _named(args, on) if args.rest else chosen(args, on, fits=_startable)
        if attached:
            if len(names) != 1:
                raise InvalidArgument("you cannot start and attach multiple containers at once")
            return _attached(args, on, names[0])

        def start(name: str) -> None:
            ctr = on.containers.get(name)
            if ctr.status != "running":
                ctr.start(recursive=True)
            say(name)

        return for_each(names, start)


def _named(args: Arguments, on: Engine) -> list[str]:
    """The containers that were named, of them those that --filter lets through."""
    if args.on("latest"):
        raise InvalidArgument("--latest and containers cannot be used together")
    if not args.texts("filter"):
        return args.rest
    accepted = matcher(on, args.texts("filter"))
    return [name for name in args.rest if accepted(on.containers.get(name).snapshot())]


def _startable(seen: Snapshot) -> bool:
    return seen.status in ("created", "exited", "stopped")


def _attached(args: Arguments, on: Engine, name: str) -> int:
    from seabox.cli.foreground import Streams, attend

    ctr = on.containers.get(name)
    about = ctr.inspect()
    streams = Streams(
        stdin=args.on("interactive") and about["Config"]["OpenStdin"],
        tty=about["Config"]["Tty"],
        keys=args.text("detach-keys") if args.given("detach-keys") else on.config.detach_keys,
        sig_proxy=args.on("sig-proxy"),
    )
    if about["State"]["Status"] == "running":
        return attend(on, ctr, streams, running=True)
    return attend(on, ctr, streams)
