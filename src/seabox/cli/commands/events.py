"""`events`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine, settings
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument
from seabox.listing.events import attributes, fields, json_fields, matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine
    from seabox.model.record import Event

_SECOND = 10**9
_SHORT = 12


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "f", LIST, "Only events that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, or json", metavar="format"),
        Flag("no-trunc", "", BOOL, "Show whole ids", default=True),
        Flag("since", "", STRING, "From this time on: a date, a unix time, a duration, or #NUMBER of an event"),
        Flag("stream", "", BOOL, "Go on with new events as they happen", default=True),
        Flag("until", "", STRING, "Up to this time"),
    )
    return Command(
        path, flags, "[options]", "Show what happened to containers", run, most=0,
        examples=("seabox events --since 1h --stream=false", "seabox events --filter event=died"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them, as they happen if that was asked for."""
    backend = settings(args).events_backend
    if backend == "none":
        raise InvalidArgument('cannot read events with the "none" backend')
    fits = matcher(args.texts("filter"))
    now = time.time_ns()
    first, since, until = _range(args, now)
    show = _printer(args)
    with engine(args) as on:
        if not args.given("since") and args.on("stream"):
            first = _newest(on)  # only what is still to come
        stream = args.on("stream")
        for event in on.events(first, follow=stream, until=until):
            if until is not None and event.at > until:
                break
            if (since is None or event.at >= since) and fits(event):
                show(event)
                if stream:
                    sys.stdout.flush()
    return 0


def _range(args: Arguments, now: int) -> tuple[int, int | None, int | None]:
    """The number of the event to begin after, the first and the last moment."""
    from seabox.logs.times import parse_when

    first, since, until = 0, None, None
    text = args.text("since")
    if text.startswith("#") and text[1:].isdecimal():
        first = int(text[1:])
    elif text:
        since = parse_when(text, now=now)
    if args.given("until"):
        until = parse_when(args.text("until"), now=now, until=True)
    return first, since, until


def _newest(on: Engine) -> int:
    last = 0
    for event in on.events():
        last = event.seq
    return last


def _printer(args: Arguments) -> Callable[[Event], None]:
    from seabox.cli.golang import json_text
    from seabox.cli.output import is_json, render, write

    form = args.text("format")
    whole = args.on("no-trunc")
    if not form:
        return lambda event: write(line(event, whole) + "\n", sys.stdout)
    if is_json(form):
        return lambda event: write(json_text(json_fields(event)) + "\n", sys.stdout)
    return lambda event: write(render(form, fields(event), "events"), sys.stdout)


def line(event: Event, whole: bool = True) -> str:
    """The event as podman prints it."""
    local = time.localtime(event.at // _SECOND)
    when = time.strftime("%Y-%m-%d %H:%M:%S", local) + f".{event.at % _SECOND:09d} " + time.strftime("%z %Z", local)
    extra = "".join(f", {key}={value}" for key, value in sorted(attributes(event).items()))
    id = event.id if whole else event.id[:_SHORT]
    if event.type == "network":
        return f"{when} network {event.kind} {id} (name={event.name}{extra})"
    if event.type == "pod":
        return f"{when} pod {event.kind} {id} (image=, name={event.name}{extra})"
    if event.type != "container":
        return " ".join(filter(None, (when, event.type, event.kind, id, event.name))) + (
            f" ({extra.removeprefix(', ')})" if extra else ""
        )
    return f"{when} container {event.kind} {id} (image={event.image}, name={event.name}{extra})"
