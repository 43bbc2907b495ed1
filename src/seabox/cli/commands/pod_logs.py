"""`pod logs`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, INT, STRING, Command, Flag
from seabox.cli.pods import LATEST, latest_pod
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_SHORT = 12  # of an id


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("color", "", BOOL, "Accepted, without effect"),
        Flag("container", "c", STRING, "Only this container of the pod", completion="containers"),
        Flag("follow", "f", BOOL, "Go on with what the containers write, until the last ends"),
        LATEST,
        Flag("names", "n", BOOL, "Put the container's name before each line, in place of its id"),
        Flag("since", "", STRING, "From this time on: a date, a unix time or a duration"),
        Flag("tail", "", INT, "Only the last so many lines of each container", default=-1),
        Flag("timestamps", "t", BOOL, "Put the time before each line"),
        Flag("until", "", STRING, "Up to this time"),
    )
    return Command(
        path, flags, "[options] POD", "Show what the containers of a pod wrote", run, completion="pods",
        examples=("seabox pod logs web", "seabox pod logs --container init --follow web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.logs.times import format_time, parse_when

    if args.rest and args.on("latest"):
        raise InvalidArgument("--latest and pods cannot be used together")
    if not args.rest and not args.on("latest"):
        raise InvalidArgument("specify at least one pod name or ID to log")
    if len(args.rest) > 1:
        raise InvalidArgument("logs does not support multiple pods")
    now = time.time_ns()
    since = parse_when(args.text("since"), now=now) if args.given("since") else None
    until = parse_when(args.text("until"), now=now, until=True) if args.given("until") else None
    tail, only, follow = args.number("tail"), args.text("container"), args.on("follow")
    outputs = {1: sys.stdout.buffer, 2: sys.stderr.buffer}
    begun: set[tuple[str, int]] = set()  # streams of containers whose last line still goes on
    with engine(args) as on:
        pod = on.pods.get(latest_pod(on) if args.on("latest") else args.rest[0])
        names = {seen.facts.id: seen.facts.name for seen in pod.snapshot().members}
        lines = pod.logs(only, follow=follow, tail=None if tail < 0 else tail, since=since, until=until)
        for id, line in lines:
            out, key = outputs[line.stream], (id, line.stream)
            if key not in begun:
                prefix = f"{names[id]} " if args.on("names") else "" if only else f"{id[:_SHORT]} "
                out.write((prefix + (f"{format_time(line.at)} " if args.on("timestamps") else "")).encode())
            out.write(line.payload)
            begun = begun | {key} if line.partial else begun - {key}
            if follow or line.stream == 2:
                out.flush()
    return 0
