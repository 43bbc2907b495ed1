"""`logs`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import LATEST, engine, for_each, latest_of
from seabox.cli.flags import BOOL, INT, STRING, Command, Flag
from seabox.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.logs.k8s_file import LogLine

_SHORT = 12  # of an id
_AHEAD = 1000  # lines that are read and not printed yet
_COLOURS = (36, 33, 35, 32, 34, 31)  # cyan, yellow, magenta, green, blue, red


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("color", "", BOOL, "Give the name or id before each line a colour of its container"),
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
        if args.on("follow") and on.config.events_backend == "file":
            _refuse_journald([on.containers.get(name) for name in names])
        if len(names) > 1 and args.on("follow"):
            return _follow_all(args, [on.containers.get(name) for name in names], since, until)

        def show(name: str) -> None:
            ctr = on.containers.get(name)
            printer = Printer(args, ctr, number=names.index(name), several=len(names) > 1)
            for line in _lines(args, ctr, since, until):
                printer.show(line)

        return for_each(names, show)


def _refuse_journald(ctrs: list[Container]) -> None:
    """As podman does where its events are in a file; nothing here depends on them. Raises: Unsupported."""
    for ctr in ctrs:
        if ctr.inspect()["HostConfig"]["LogConfig"]["Type"] == "journald":
            raise Unsupported(
                "using --follow with the journald --log-driver but without the journald --events-backend (file) "
                "is not supported"
            )


def _lines(args: Arguments, ctr: Container, since: int | None, until: int | None) -> Iterator[LogLine]:
    tail = args.number("tail")
    return ctr.logs(follow=args.on("follow"), tail=None if tail < 0 else tail, since=since, until=until)


def _follow_all(args: Arguments, ctrs: list[Container], since: int | None, until: int | None) -> int:
    """The lines of all, as they come, until the last has ended. Raises: what reading one of them raises."""
    import threading
    from queue import Queue

    lines: Queue[tuple[Printer, LogLine] | Exception | None] = Queue(_AHEAD)

    def read(printer: Printer, ctr: Container) -> None:
        try:
            for line in _lines(args, ctr, since, until):
                lines.put((printer, line))
            lines.put(None)
        except Exception as problem:
            lines.put(problem)

    for number, ctr in enumerate(ctrs):
        printer = Printer(args, ctr, number=number, several=True)
        threading.Thread(target=read, args=(printer, ctr), daemon=True).start()
    left = len(ctrs)
    while left:
        found = lines.get()
        if isinstance(found, Exception):
            raise found
        if found is None:
            left -= 1
        else:
            found[0].show(found[1])
    return 0


class Printer:
    """Prints the lines of one container, each with what is to stand before it."""

    __slots__ = ("_begun", "_flush", "_last", "_outputs", "_prefix", "_stamped")

    def __init__(self, args: Arguments, ctr: Container, *, number: int, several: bool) -> None:
        name = ctr.name if args.on("names") else ctr.id[:_SHORT] if several else ""
        if name and args.on("color"):
            name = f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{name}\x1b[0m"
        self._prefix = f"{name} " if name else ""
        self._stamped, self._flush = args.on("timestamps"), args.on("follow")
        self._outputs = {1: sys.stdout.buffer, 2: sys.stderr.buffer}
        self._begun = {1: False, 2: False}  # whether the last line of the stream still goes on
        self._last = 1

    def show(self, line: LogLine) -> None:
        """The line is printed."""
        from seabox.logs.times import format_time

        out = self._outputs[line.stream]
        if line.stream != self._last:  # both may be the same file: what came first is to stand first
            self._outputs[self._last].flush()
            self._last = line.stream
        if not self._begun[line.stream] and (self._prefix or self._stamped):
            out.write((self._prefix + (f"{format_time(line.at)} " if self._stamped else "")).encode())
        out.write(line.payload)
        self._begun[line.stream] = line.partial
        if self._flush or line.stream == 2:
            out.flush()
