"""`init`."""

from __future__ import annotations

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, LATEST), "[options] CONTAINER [CONTAINER...]",
        "Set up containers in the OCI runtime without starting them", run, completion="containers",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Set up what was named."""
    with engine(args) as on:

        def init(name: str) -> None:
            on.containers.get(name).init()
            say(name)

        return for_each(chosen(args, on, fits=lambda seen: seen.state.status in ("configured", "exited")), init)
