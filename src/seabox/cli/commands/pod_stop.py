"""`pod stop`."""

from __future__ import annotations

from seabox.cli.commands.stop import patience
from seabox.cli.context import engine
from seabox.cli.flags import INT, Command, Flag
from seabox.cli.pods import ALL, IGNORE, LATEST, POD_ID_FILE, for_each_pod
from seabox.errors import NoSuchPod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

TIME = Flag("time", "t", INT, "Seconds to wait after the stop signals before SIGKILL", default=10, metavar="seconds")


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (ALL, IGNORE, LATEST, POD_ID_FILE, TIME), "[options] POD [POD...]", "Stop the containers of pods", run,
        completion="pods", examples=("seabox pod stop web", "seabox pod stop --time 0 web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Stop what was named."""
    timeout = patience(args)
    forgive = (NoSuchPod,) if args.on("ignore") else ()
    with engine(args) as on:
        return for_each_pod(args, on, lambda pod: pod.stop(timeout), forgive=forgive)
