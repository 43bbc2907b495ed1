"""`container cleanup`."""

from __future__ import annotations

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import StateConflict, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        LATEST,
        Flag("rm", "", BOOL, "Remove the containers too"),
        Flag("rmi", "", BOOL, "Remove their images too", hidden=True),
        Flag("exec", "", STRING, "Clean up an exec session", hidden=True),
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Give back what ended containers held", run,
        completion="containers",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Clean up what was named."""
    for name in ("rmi", "exec"):
        if args.given(name):
            raise Unsupported(f"--{name} is not supported yet")
    with engine(args) as on:

        def cleanup(name: str) -> None:
            ctr = on.containers.get(name)
            ctr.cleanup()
            if args.on("rm"):
                ctr.remove()
            say(name)

        forgive = (StateConflict,) if args.on("all") else ()
        return for_each(chosen(args, on), cleanup, forgive=forgive)
