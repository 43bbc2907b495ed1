"""`push`."""

from __future__ import annotations

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.transfers import QUIET, REACH, access, progress
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_FORMS = {"": "", "oci": "oci", "v2s2": "v2s2", "docker": "v2s2", "v2s1": "v2s1"}


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        *REACH,
        QUIET,
        Flag("compress", "", BOOL, "Compress layers that are pushed to a directory", hidden=True),
        Flag("compression-format", "", STRING, "Compress layers so", completion=("gzip", "zstd")),
        Flag("digestfile", "", STRING, "Write the digest to this file", metavar="file", completion="files"),
        Flag("format", "f", STRING, "Kind of manifest: oci, v2s2 or v2s1"),
        Flag("remove-signatures", "", BOOL, "Leave signatures out"),
        Flag("sign-by", "", STRING, "Sign with this GPG key", metavar="key"),
    )
    return Command(
        path, flags, "[options] IMAGE [DESTINATION]", "Bring an image to a registry", run, least=1, most=2,
        completion="images", examples=("seabox push web registry.example.com/team/web:1",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Bring it there."""
    form = args.text("format")
    if form not in _FORMS:
        raise InvalidArgument(f'unknown format "{form}". Choose one of the supported formats: oci, v2s1, or v2s2')
    options = ["--format", _FORMS[form]] if form else []
    if args.text("compression-format"):
        options += ["--dest-compress-format", args.text("compression-format")]
    if args.text("sign-by"):
        options += ["--sign-by", args.text("sign-by")]
    if args.on("remove-signatures"):
        options.append("--remove-signatures")
    with engine(args) as on:
        target = args.rest[1] if len(args.rest) > 1 else ""
        digest = on.images.push(
            args.rest[0], target, access=access(args), progress=progress(args), options=options
        )  # fmt: skip
    if args.text("digestfile"):
        from seabox.kernel.files import write_file

        write_file(args.text("digestfile"), digest.encode(), 0o644)
    return 0
