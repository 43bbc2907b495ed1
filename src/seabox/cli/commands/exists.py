"""`container exists`, `image exists`, `pod exists` and `secret exists`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    what = path.partition(" ")[0]
    flags = (Flag("external", "", BOOL, "Accepted, without effect"),) if what == "container" else ()
    summary = f"Say by the exit code whether {'an' if what == 'image' else 'a'} {what} exists"
    usage = f"[options] {what.upper()}" if flags else what.upper()
    return Command(path, flags, usage, summary, run, least=1, most=1, completion=f"{what}s")


def run(args: Arguments) -> int:
    """0 if it exists, 1 if not; nothing is printed."""
    with engine(args) as on:
        what = args.command.path.partition(" ")[0]
        if what == "secret":
            exists = on.secrets.exists
        else:
            exists = {"container": on.containers.exists, "image": on.images.exists, "pod": on.pods.exists}[what]
        return 0 if exists(args.rest[0]) else 1
