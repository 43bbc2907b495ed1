"""`port`."""

from __future__ import annotations

from seabox.cli.context import ALL, LATEST, engine, latest_of, say
from seabox.cli.flags import Command
from seabox.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, LATEST), "[options] CONTAINER [PORT[/PROTOCOL]]", "Show the published ports of a container", run,
        most=2, completion="containers", examples=("seabox port web", "seabox port web 80/tcp"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them: all, or where one of the container's ports is found."""
    words = args.rest
    with engine(args) as on:
        if args.on("all"):
            if words:
                raise InvalidArgument("no arguments are needed with --all")
            for seen in on.containers.list():
                for inside, outside in published(on, seen.facts.id):
                    say(f"{seen.facts.id[:12]}\t{inside} -> {outside}")
            return 0
        if args.on("latest"):
            words = [latest_of(on), *words]
        if not words or len(words) > 2:
            raise InvalidArgument("you must supply a running container name or id")
        wanted = ""
        if len(words) == 2:
            number, _, protocol = words[1].partition("/")
            if not number.isdecimal():
                raise InvalidArgument(f"invalid port number {number!a}")
            wanted = f"{number}/{protocol or 'tcp'}"
        found = [pair for pair in published(on, words[0]) if wanted in ("", pair[0])]
        if wanted and not found:
            raise NotFound(f'failed to find published port "{wanted}"')
        for inside, outside in found:
            say(outside if wanted else f"{inside} -> {outside}")
    return 0


def published(on: Engine, name: str) -> Iterator[tuple[str, str]]:
    """The ports of the container, or of that whose network it shares, and where they are found on the host."""
    about = on.containers.get(name).inspect()
    how, _, owner = about["HostConfig"]["NetworkMode"].partition(":")
    if how == "container":
        yield from published(on, owner)
        return
    bindings = about["NetworkSettings"]["Ports"]
    for inside, places in bindings.items():
        for place in places:
            address = place["HostIp"] or "0.0.0.0"
            yield inside, f"{f'[{address}]' if ':' in address else address}:{place['HostPort']}"
