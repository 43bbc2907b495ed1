"""`pod rm`, also called `pod remove`."""

from __future__ import annotations

from seabox.cli.commands.pod_stop import TIME
from seabox.cli.commands.stop import patience
from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag
from seabox.cli.pods import ALL, IGNORE, LATEST, POD_ID_FILE, for_each_pod
from seabox.errors import InvalidArgument, NoSuchPod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    force = Flag("force", "f", BOOL, "End running containers first; pods that do not exist are no error")
    return Command(
        path, (ALL, force, IGNORE, LATEST, POD_ID_FILE, TIME), "[options] POD [POD...]",
        "Remove pods with their containers", run, completion="pods",
        examples=("seabox pod rm web", "seabox pod rm --force --all"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove what was named."""
    force, timeout = args.on("force"), patience(args)
    if timeout is not None and not force:
        raise InvalidArgument("--force option must be specified to use the --time option")
    forgive = (NoSuchPod,) if force or args.on("ignore") else ()
    with engine(args) as on:
        code = for_each_pod(args, on, lambda pod: pod.remove(force=force, timeout=timeout), forgive=forgive)
        gone = not forgive and args.rest and not any(on.pods.exists(name) for name in args.rest)
        return 1 if code and gone else code
