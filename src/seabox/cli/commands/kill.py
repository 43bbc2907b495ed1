"""`kill`."""

from __future__ import annotations

from seabox.cli.context import ALL, CIDFILE, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import STRING, Command, Flag
from seabox.errors import StateConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    signal = Flag("signal", "s", STRING, "Signal to send, by name or number", default="KILL", completion="signals")
    return Command(
        path, (ALL, CIDFILE, LATEST, signal), "[options] CONTAINER [CONTAINER...]",
        "Send a signal to the first process of running containers", run, completion="containers",
        examples=("seabox kill web", "seabox kill --signal HUP web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Send the signal."""
    from seabox.model.signals import signal_number

    number = signal_number(args.text("signal"))
    with engine(args) as on:

        def kill(name: str) -> None:
            on.containers.get(name).kill(number)
            say(name)

        forgive = (StateConflict,) if args.on("all") else ()
        names = chosen(args, on, fits=lambda seen: seen.status in ("running", "paused", "stopping"))
        return for_each(names, kill, forgive=forgive)
