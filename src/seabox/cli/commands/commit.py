"""`commit`."""

from __future__ import annotations

from contextlib import ExitStack

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.cli.transfers import QUIET, progress
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("author", "a", STRING, "Author of the image"),
        Flag("change", "c", LIST, "Line of a Containerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME..."),
        Flag("format", "f", STRING, "Kind of manifest", default="oci", completion=("docker", "oci")),
        Flag("iidfile", "", STRING, "Write the image's id to this file", metavar="file", completion="files"),
        Flag("include-volumes", "", BOOL, "Make volumes of the container's mounts"),
        Flag("message", "m", STRING, "Comment in the image's history"),
        Flag("pause", "p", BOOL, "Pause the container meanwhile"),
        QUIET,
        Flag("squash", "s", BOOL, "Make one layer of all files"),
    )
    return Command(
        path, flags, "[options] CONTAINER [IMAGE]", "Make an image of a container", run, least=1, most=2,
        completion="containers", examples=("seabox commit --change CMD=/bin/sh web web:patched",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Make it and print its id."""
    if args.text("format") not in ("oci", "docker"):
        raise InvalidArgument(f'unrecognized image format "{args.text("format")}"')
    with engine(args) as on, ExitStack() as undo:
        if args.on("pause"):
            ctr = on.containers.get(args.rest[0])
            if ctr.status == "running":
                ctr.pause()
                undo.callback(ctr.unpause)
        id = on.images.commit(
            args.rest[0], args.rest[1] if len(args.rest) > 1 else "", changes=args.texts("change"),
            message=args.text("message"), author=args.text("author"), squash=args.on("squash"),
            docker=args.text("format") == "docker", volumes=args.on("include-volumes"), progress=progress(args),
        )  # fmt: skip
    if args.text("iidfile"):
        from seabox.kernel.files import write_file

        write_file(args.text("iidfile"), id.encode(), 0o644)
    say(id)
    return 0
