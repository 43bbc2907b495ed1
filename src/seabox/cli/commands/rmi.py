"""`rmi`, also called `image rm`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InUse, InvalidArgument, NoSuchImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


class NothingToRemove(NoSuchImage):
    """`rmi` has an exit code of its own for it."""

    exit_code = 1


class Needed(InUse):
    """Likewise for an image that is still needed."""

    exit_code = 2


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "All images"),
        Flag("force", "f", BOOL, "Remove containers made of it too, and all its names"),
        Flag("ignore", "i", BOOL, "Images that do not exist are no error"),
        Flag("no-prune", "", BOOL, "Accepted, without effect", hidden=True),
    )
    return Command(
        path, flags, "[options] IMAGE [IMAGE...]", "Remove images", run, completion="images",
        examples=("seabox rmi web", "seabox rmi --all --force"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Remove each and say what that did."""
    every, force = args.on("all"), args.on("force")
    if bool(args.rest) is every:
        raise InvalidArgument("when using the --all switch, you may not pass any images names or IDs" if every
                              else "image name or ID must be specified")  # fmt: skip
    with engine(args) as on:

        def remove(name: str) -> None:
            try:
                done = on.images.remove(name, force=force or every)
            except NoSuchImage:
                raise NothingToRemove(name) from None
            except InUse as problem:
                raise Needed(str(problem)) from None
            for untagged in done.untagged:
                say(f"Untagged: {untagged}")
            if done.deleted:
                say(f"Deleted: {done.deleted}")

        names = args.rest or [image.id for image in on.images.list()]
        return for_each(names, remove, forgive=(NothingToRemove,) if args.on("ignore") or force else ())
