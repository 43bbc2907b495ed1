"""`import`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.flags import LIST, STRING, Command, Flag
from seabox.cli.transfers import QUIET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("arch", "", STRING, "Architecture in place of this machine's"),
        Flag("change", "c", LIST, "Line of a Containerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME..."),
        Flag("message", "m", STRING, "Comment in the image's history"),
        Flag("os", "", STRING, "Operating system in place of this machine's"),
        QUIET,
        Flag("variant", "", STRING, "Variant of the architecture"),
    )
    return Command(
        path, flags, "[options] PATH [NAME]", "Make an image of a file system in a tar archive", run, least=1, most=2,
        completion="files", examples=("seabox import --change CMD=/bin/sh root.tar tool",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Make it and print its id."""
    with engine(args) as on:
        id = on.images.import_tar(
            "/dev/stdin" if args.rest[0] == "-" else args.rest[0], args.rest[1] if len(args.rest) > 1 else "",
            changes=args.texts("change"), message=args.text("message"), arch=args.text("arch"), os=args.text("os"),
            variant=args.text("variant"),
        )  # fmt: skip
    say(f"sha256:{id}")
    return 0
