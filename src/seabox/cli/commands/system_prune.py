"""`system prune`."""

from __future__ import annotations

import sys
from contextlib import suppress

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, Command, Flag
from seabox.errors import Conflict, NoSuchContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_QUESTION = """WARNING! This command removes:
	- all stopped containers
	- all networks not used by at least one container
	- all {}images{}
Are you sure you want to continue? [y/N] """


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All images that no container uses, not only those without a name"),
        Flag("build", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("external", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("filter", "", LIST, "Only what this condition fits (label=, label!=, until=)", metavar="filter"),
        Flag("force", "f", BOOL, "Do not ask"),
    )
    return Command(
        path, flags, "[options]", "Remove containers, networks and images that nothing uses", run, most=0,
        examples=("seabox system prune", "seabox system prune --all --force"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Ask, remove them, and print what they were."""
    from seabox.listing.container_filters import matcher as containers
    from seabox.listing.image_filters import matcher as images
    from seabox.listing.network_filters import matcher as networks
    from seabox.model.human import size

    texts = args.texts("filter")
    with engine(args) as on:
        fits, may_go, accepted = containers(on, texts), networks(texts), images(on, texts)
        if not args.on("force"):
            words = (
                ("", " without at least one container associated with them") if args.on("all") else ("dangling ", "")
            )
            sys.stdout.write(_QUESTION.format(*words))
            sys.stdout.flush()
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                return 0
        before = sum(each.size for each in on.usage())
        idle = [seen for seen in on.containers.list() if seen.status in ("created", "exited", "stopped") and fits(seen)]
        gone = []
        for seen in reversed(idle):  # what others need is older than they are
            with suppress(NoSuchContainer, Conflict):  # gone, started or mounted meanwhile
                on.containers.get(seen.facts.id).remove()
                gone.append(seen.facts.id)
        _print("Pods", [] if texts else on.pods.prune())
        _print("Containers", gone)
        _print("Networks", [network.name for network in on.networks.prune(may_go)])
        keep = [image.id for image in on.images.list() if texts and not accepted(image)]
        _print("Images", on.images.prune(all=args.on("all"), keep=keep))
        say(f"Total reclaimed space: {size(max(0, before - sum(each.size for each in on.usage())))}")
    return 0


def _print(kind: str, names: list[str]) -> None:
    if names:
        say("\n".join((f"Deleted {kind}", *names)))
