"""What commands that reach registries share: their flags, and the progress they show."""

from __future__ import annotations

import os
import sys

from seabox.cli.flags import BOOL, STRING, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments
    from seabox.images.skopeo import Access

AUTHFILE = Flag("authfile", "", STRING, "Where credentials are kept", metavar="path", completion="files")
CERT_DIR = Flag("cert-dir", "", STRING, "Directory of certificates for the registry", metavar="path")
TLS_VERIFY = Flag("tls-verify", "", BOOL, "Want HTTPS and a certificate that holds", default=True)
CREDS = Flag("creds", "", STRING, "Credentials (USERNAME[:PASSWORD])")
QUIET = Flag("quiet", "q", BOOL, "Show no progress")
TRUST = Flag("disable-content-trust", "", BOOL, "Accepted, without effect", hidden=True)
REACH = (AUTHFILE, CERT_DIR, CREDS, TLS_VERIFY, TRUST)
PLATFORM = (
    Flag("arch", "", STRING, "Architecture in place of this machine's"),
    Flag("os", "", STRING, "Operating system in place of this machine's"),
    Flag("platform", "", STRING, "Platform (OS/ARCH[/VARIANT])"),
    Flag("variant", "", STRING, "Variant of the architecture"),
)


def access(args: Arguments) -> Access:
    """How the command line wants the registry reached."""
    from seabox.images.skopeo import Access

    known = {flag.name for flag in args.command.flags}
    if args.command.path != "login":
        check_authfile(args.text("authfile"))
    return Access(
        authfile=args.text("authfile"),
        cert_dir=args.text("cert-dir") if "cert-dir" in known else "",
        creds=args.text("creds") if "creds" in known else "",
        tls_verify=args.on("tls-verify") if "tls-verify" in known and args.given("tls-verify") else None,
    )


def check_authfile(path: str) -> None:
    """Nothing, if the file is there or none is named. Raises: InvalidArgument."""
    if path and not os.path.exists(path):
        raise InvalidArgument(f"credential file is not accessible: faccessat {path}: no such file or directory")


def check_platform(args: Arguments) -> None:
    """Nothing, if the command line says once for which platform an image is wanted. Raises: InvalidArgument."""
    if args.text("platform") and (args.text("arch") or args.text("os")):
        raise InvalidArgument("--platform option can not be specified with --arch or --os")


def progress(args: Arguments) -> Callable[[str], None] | None:
    """What shows lines of progress on stderr; None if the command line wants it quiet."""
    return None if args.on("quiet") else show


def show(line: str) -> None:
    """The line is on stderr."""
    from seabox.cli.output import write

    sys.stdout.flush()
    write(f"{line}\n", sys.stderr)
    sys.stderr.flush()
