"""`image sign`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.transfers import AUTHFILE, CERT_DIR, access
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "Accepted, without effect", hidden=True),
        AUTHFILE,
        CERT_DIR,
        Flag("directory", "d", STRING, "Where signatures are kept", metavar="path", completion="directories"),
        Flag("sign-by", "", STRING, "GPG key to sign with", metavar="name"),
    )
    return Command(
        path, flags, "[options] IMAGE [IMAGE...]", "Sign images of a registry", run, least=1, completion="images",
        examples=("seabox image sign --sign-by mine@example.org docker://quay.io/team/web:1",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Sign each; the signatures are files."""
    if not args.text("sign-by"):
        raise InvalidArgument("please provide an identity")
    folder = args.text("directory") or "/var/lib/containers/sigstore"
    with engine(args) as on:

        def sign(name: str) -> None:
            on.images.sign(name, args.text("sign-by"), folder, access=access(args))

        return for_each(args.rest, sign)
