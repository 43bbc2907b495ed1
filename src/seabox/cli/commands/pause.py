"""`pause` and `unpause`."""

from __future__ import annotations

from seabox.cli.context import ALL, CIDFILE, FILTER, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    summary = "Let paused containers go on" if path.endswith("unpause") else "Freeze all processes of containers"
    return Command(
        path, (ALL, CIDFILE, FILTER, LATEST), "[options] CONTAINER [CONTAINER...]", summary, run,
        completion="containers",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Pause or unpause what was named."""
    pausing = not args.command.path.endswith("unpause")
    with engine(args) as on:

        def act(name: str) -> None:
            ctr = on.containers.get(name)
            if pausing:
                ctr.pause()
            else:
                ctr.unpause()
            say(name)

        wanted = "running" if pausing else "paused"
        return for_each(chosen(args, on, fits=lambda seen: seen.status == wanted), act)
