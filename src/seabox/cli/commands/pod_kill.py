"""`pod kill`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import STRING, Command, Flag
from seabox.cli.pods import ALL, LATEST, for_each_pod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    signal = Flag("signal", "s", STRING, "Signal to send, by name or number", default="KILL", completion="signals")
    return Command(
        path, (ALL, LATEST, signal), "[options] POD [POD...]", "Send a signal to all containers of pods", run,
        completion="pods", examples=("seabox pod kill --signal TERM web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Send the signal."""
    from seabox.model.signals import signal_number

    number = signal_number(args.text("signal"))
    with engine(args) as on:
        return for_each_pod(args, on, lambda pod: pod.kill(number))
