"""`network rm`, also called `network remove`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, INT, Command, Flag
from seabox.errors import NoSuchContainer, NoSuchPod
from seabox.model.record import INFRA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.engine import Engine


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("force", "f", BOOL, "Remove the containers that use it as well; one that does not exist is no error"),
        Flag("time", "t", INT, "Seconds to wait before containers are killed", default=10),
    )
    return Command(
        path, flags, "[options] NETWORK [NETWORK...]", "Remove networks", run, least=1, completion="networks"
    )


def run(args: Arguments) -> int:
    """Remove what was named."""
    from seabox.network.errors import NoSuchNetwork, NothingToRemove

    with engine(args) as on:

        def remove(name: str) -> None:
            try:
                if args.on("force"):
                    clear(on, name, args.number("time") if args.given("time") else None)
                on.networks.remove(name)
            except NoSuchNetwork:
                raise NothingToRemove(name) from None
            say(name)

        return for_each(args.rest, remove, forgive=(NothingToRemove,) if args.on("force") else ())


def clear(on: Engine, name: str, timeout: int | None) -> None:
    """No container takes part in the network: all that did are removed. The default network keeps its own."""
    from seabox.network.networks import DEFAULT

    if on.networks.get(name).name == DEFAULT:
        return
    for id in on.networks.users(name):
        with suppress(NoSuchContainer, NoSuchPod):
            if on.containers.get(id).snapshot().facts.role == INFRA:
                from seabox.cli.pods import remove_with_pod

                remove_with_pod(on, id, timeout=timeout)
                continue
            on.containers.get(id).remove(force=True, timeout=timeout)
