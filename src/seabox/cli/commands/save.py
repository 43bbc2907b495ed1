"""`save`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.transfers import QUIET
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_FORMS = ("docker-archive", "docker-dir", "oci-archive", "oci-dir")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("compress", "", BOOL, "Compress layers that are not, in a directory"),
        Flag("format", "", STRING, "Form of the archive", default="docker-archive", completion=_FORMS),
        Flag("multi-image-archive", "m", BOOL, "Accepted: all arguments are images in any case"),
        Flag("output", "o", STRING, "File or directory in place of stdout", metavar="path", completion="files"),
        QUIET,
        Flag("uncompressed", "", BOOL, "Accepted, without effect: layers stay as they are", hidden=True),
    )
    return Command(
        path, flags, "[options] IMAGE [IMAGE...]", "Put images into an archive", run, least=1, completion="images",
        examples=("seabox save --output web.tar web", "seabox save --format oci-archive -o all.tar web db"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Write it."""
    path = args.text("output")
    form = args.text("format")
    if args.on("compress") and not form.endswith("-dir"):
        raise InvalidArgument("--compress can only be set when --format is either 'oci-dir' or 'docker-dir'")
    if not path and form.endswith("-dir"):
        raise InvalidArgument(f"--output is needed with the format {form}")
    if not path and sys.stdout.isatty():
        raise InvalidArgument("cannot write to terminal, use command-line redirection or the --output flag")
    with engine(args) as on:
        sys.stdout.flush()
        on.images.save(args.rest, path or sys.stdout.fileno(), form, compress=args.on("compress"))
    return 0
