"""`attach`."""

from __future__ import annotations

from seabox.cli.context import LATEST, chosen, engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument, StateConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

DETACH_KEYS = Flag("detach-keys", "", STRING, "Keys that end the session and leave the container running")
SIG_PROXY = Flag("sig-proxy", "", BOOL, "Send the signals we get to the container", default=True)


def command(path: str) -> Command:
    """The command's table."""
    flags = (DETACH_KEYS, LATEST, Flag("no-stdin", "", BOOL, "Leave our standard input alone"), SIG_PROXY)
    return Command(
        path, flags, "[options] CONTAINER", "Join the standard streams of a running container", run, most=1,
        completion="containers", examples=("seabox attach web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Join them until the container ends; its exit code."""
    from seabox.cli.foreground import Streams, attend

    with engine(args) as on:
        names = chosen(args, on)
        if len(names) != 1:
            raise InvalidArgument("attach requires the name or id of one running container or the latest flag")
        ctr = on.containers.get(names[0])
        about = ctr.inspect()
        if about["State"]["Status"] not in ("running", "created"):
            raise StateConflict(
                ctr.id, about["State"]["Status"], ("running",), "you can only attach to running containers"
            )
        streams = Streams(
            stdin=about["Config"]["OpenStdin"] and not args.on("no-stdin"),
            tty=about["Config"]["Tty"],
            keys=args.text("detach-keys") if args.given("detach-keys") else on.config.detach_keys,
            sig_proxy=args.on("sig-proxy"),
        )
        return attend(on, ctr, streams, running=True)
