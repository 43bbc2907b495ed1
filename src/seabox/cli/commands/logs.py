"""`logs`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import LATEST, engine, for_each, latest_of
from seabox.cli.flags import BOOL, INT, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.container.container import Container

_SHORT = 12  # of an id


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("color", "", BOOL, "Accepted, without effect"),
        Flag("follow", "f", BOOL, "Go on with what the container writes, until it ends"),
        LATEST,
        Flag("names", "n", BOOL, "Put the container's name before each line"),
        Flag("since", "", STRING, "From this time on: a date, a unix time or a duration"),
        Flag("tail", "", INT, "Only the last so many lines", default=-1),
        Flag("timestamps", "t", BOOL, "Put the time before each line"),
        Flag("until", "", STRING, "Up to this time"),
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Show what containers wrote", run, completion="containers",
        examples=("seabox logs --tail 10 web", "seabox logs --follow --timestamps web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.logs.times import parse_when

    now = time.time_ns()
    since = parse_when(args.text("since"), now=now) if args.given("since") else None
    until = parse_when(args.text("until"), now=now, until=True) if args.given("until") else None
    with engine(args) as on:
        names = args.rest
        if args.on("latest"):
            if names:
                raise InvalidArgument("--latest and containers cannot be used together")
            names = [latest_of(on)]
        if not names:
            raise InvalidArgument("specify at least one container name or ID to log")
        if len(names) > 1 and args.on("follow"):
            from seabox.errors import Unsupported

            raise Unsupported("--follow of several containers is not supported yet: follow each in its own terminal")

        def show(name: str) -> None:
            _show(args, on.containers.get(name), since, until, several=len(names) > 1)

        return for_each(names, show)


def _show(args: Arguments, ctr: Container, since: int | None, until: int | None, *, several: bool) -> None:
    from seabox.logs.times import format_time

    tail = args.number("tail")
    prefix = f"{ctr.name} " if args.on("names") else f"{ctr.id[:_SHORT]} " if several else ""
    stamped, follow = args.on("timestamps"), args.on("follow")
    outputs = {1: sys.stdout.buffer, 2: sys.stderr.buffer}
    begun = {1: False, 2: False}  # whether the last line of the stream still goes on
    for line in ctr.logs(follow=follow, tail=None if tail < 0 else tail, since=since, until=until):
        out = outputs[line.stream]
        if not begun[line.stream] and (prefix or stamped):
            out.write((prefix + (f"{format_time(line.at)} " if stamped else "")).encode())
        out.write(line.payload)
        begun[line.stream] = line.partial
        if follow or line.stream == 2:
            out.flush()
