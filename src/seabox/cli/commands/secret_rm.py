"""`secret rm`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All secrets"),
        Flag("ignore", "i", BOOL, "Secrets that do not exist are no error"),
    )
    return Command(
        path, flags, "[options] SECRET [SECRET...]", "Remove secrets", run, completion="secrets",
        description="Remove secrets. Containers that were made with them keep their copies",
        examples=("seabox secret rm token", "seabox secret rm --all"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove what was named and print the ids."""
    from seabox.secrets.errors import NoSuchSecret

    if bool(args.rest) == args.on("all"):
        raise InvalidArgument("`seabox secret rm` requires one argument, or the --all flag")
    with engine(args) as on:
        if args.on("all"):
            for secret in on.secrets.remove_all():
                say(secret.id)
            return 0
        forgiven = (NoSuchSecret,) if args.on("ignore") else ()
        return for_each(args.rest, lambda name: say(on.secrets.remove(name).id), forgive=forgiven)
