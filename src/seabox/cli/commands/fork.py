"""`container fork`."""

from __future__ import annotations

from seabox.cli.commands.checkpoint import ESTABLISHED
from seabox.cli.context import engine, say
from seabox.cli.flags import INT, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("count", "", INT, "How many containers", default=1),
        Flag("name", "n", STRING, "Name of the new container; with --count, followed by -1, -2..."),
        ESTABLISHED,
    )
    return Command(
        path, flags, "[options] CONTAINER", "Make running containers that go on from the memory and files of another",
        run, least=1, most=1, completion="containers",
        examples=("seabox container fork --count 4 --name worker warmed-up",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Fork it and print the new ids."""
    with engine(args) as on:
        made = on.containers.get(args.rest[0]).fork(
            args.number("count"), args.text("name") or None, tcp_established=args.on("tcp-established")
        )
        for ctr in made:
            say(ctr.id)
    return 0
