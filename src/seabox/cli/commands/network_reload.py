"""`network reload`."""

from __future__ import annotations

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, LATEST), "[options] [CONTAINER...]", "Make the firewall rules of running containers anew", run,
        completion="containers",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Reload what was named."""
    with engine(args) as on:

        def reload(name: str) -> None:
            ctr = on.containers.get(name)
            ctr.reload_network()
            say(ctr.id)

        return for_each(chosen(args, on, fits=lambda seen: seen.status == "running"), reload)
