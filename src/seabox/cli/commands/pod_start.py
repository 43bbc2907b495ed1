"""`pod start`, `pod restart`, `pod pause` and `pod unpause`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import Command
from seabox.cli.pods import ALL, LATEST, POD_ID_FILE, for_each_pod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.pods.pod import Pod

_SUMMARIES = {
    "start": "Start the containers of pods",
    "restart": "Stop the containers of pods if they run, and start them",
    "pause": "Freeze the containers of pods",
    "unpause": "Let the containers of paused pods go on",
}


def command(path: str) -> Command:
    """The command's table."""
    verb = path.rpartition(" ")[2]
    flags = (ALL, LATEST, *((POD_ID_FILE,) if verb == "start" else ()))
    return Command(
        path, flags, "[options] POD [POD...]", _SUMMARIES[verb], run, completion="pods",
        examples=(f"seabox {path} web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Do it with what was named."""
    verb = args.command.path.rpartition(" ")[2]

    def act(pod: Pod) -> object:
        if verb == "unpause" and all(seen.status != "paused" for seen in pod.snapshot().members):
            return False  # nothing to be said about it
        getattr(pod, verb)()
        return True

    with engine(args) as on:
        return for_each_pod(args, on, act)
