"""`rm`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.commands.stop import TIME, patience
from seabox.cli.context import ALL, CIDFILE, FILTER, IGNORE, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer, RemovalFinished
from seabox.model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


class NothingToRemove(NoSuchContainer):
    """`rm` words it differently and has an exit code of its own for it."""

    exit_code = 1

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.args = (f'no container with ID or name "{name}" found: no such container',)


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        CIDFILE,
        Flag("filter", "", FILTER.kind, FILTER.help, metavar="filter"),  # -f means --force here
        IGNORE,
        LATEST,
        TIME,
        Flag("depend", "", BOOL, "Remove the containers that need the named ones too"),
        Flag("force", "f", BOOL, "End running containers first; those that do not exist are no error"),
        Flag("volumes", "v", BOOL, "Remove anonymous volumes too"),
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Remove containers", run, completion="containers",
        examples=("seabox rm web", "seabox rm --force --all"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove what was named."""
    timeout = patience(args)
    force = args.on("force")
    if timeout is not None and not force:
        raise InvalidArgument("--force option must be specified to use the --time option")
    with engine(args) as on:
        gone: set[str] = set()

        def remove(name: str) -> None:
            if name in gone:
                return  # named twice, or went with one it needed; by now the word may be the beginning of another id
            try:
                ctr = on.containers.get(name)
            except RemovalFinished:
                say(name)
                return
            except NoSuchContainer:
                raise NothingToRemove(name) from None
            infra = ctr.snapshot().facts.role == INFRA
            if infra and (args.on("depend") or (args.on("all") and (force or ctr.status != "running"))):
                from seabox.cli.pods import remove_with_pod

                for id in remove_with_pod(on, ctr.id, timeout=timeout):
                    gone.add(id)
                    say(id)
                return
            if args.on("depend"):
                for other in on.containers.dependants(ctr.id):
                    if other.id not in gone:
                        other.remove(force=True, timeout=timeout, volumes=args.on("volumes"))
                        gone.add(other.id)
                        say(other.id)
            gone_too = {name, ctr.id, ctr.id[:12]}
            with suppress(NoSuchContainer):  # somebody else removed it at the same time: it is gone, as was asked
                gone_too.add(ctr.name)
                ctr.remove(force=force, timeout=timeout, volumes=args.on("volumes"))
            gone.update(gone_too)
            say(name)

        names = chosen(args, on)
        if args.on("all"):
            names.reverse()  # what others need is older than they are
        forgive = (NothingToRemove,) if force or args.on("ignore") else ()
        return for_each(names, remove, forgive=forgive)

