"""`tag` and `untag`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    if path.endswith("untag"):
        return Command(
            path, (), "IMAGE [NAME...]", "Take names off an image, all if none is given", untag, least=1,
            completion="images", examples=("seabox untag web quay.io/me/web:1",),
        )  # fmt: skip
    return Command(
        path, (), "IMAGE NAME [NAME...]", "Give an image further names", run, least=2, completion="images",
        examples=("seabox tag web quay.io/me/web:1",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Give it the names."""
    with engine(args) as on:
        on.images.tag(*args.rest)
    return 0


def untag(args: Arguments) -> int:
    """Take them off."""
    with engine(args) as on:
        on.images.untag(*args.rest)
    return 0
