"""`login` and `logout`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.transfers import AUTHFILE, CERT_DIR, TLS_VERIFY, access
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.engine import Engine


def command(path: str) -> Command:
    """The command's table."""
    if path == "logout":
        return Command(
            path, (Flag("all", "a", BOOL, "Forget all credentials"), AUTHFILE), "[options] [REGISTRY]",
            "Forget the credentials of a registry", leave, most=1, examples=("seabox logout quay.io",),
        )  # fmt: skip
    flags = (
        AUTHFILE,
        CERT_DIR,
        Flag("get-login", "", BOOL, "Print the user that is logged in"),
        Flag("password", "p", STRING, "Password"),
        Flag("password-stdin", "", BOOL, "Read the password from stdin"),
        Flag("secret", "", STRING, "Take the password from this secret", completion="secrets"),
        TLS_VERIFY,
        Flag("username", "u", STRING, "User; with --secret, if none is said, called as that"),
        Flag("verbose", "v", BOOL, "Accepted, without effect"),
    )
    return Command(
        path, flags, "[options] [REGISTRY]", "Check and keep the credentials of a registry", run, most=1,
        examples=("seabox login -u me quay.io", "seabox login --get-login quay.io"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Log in, or say who is."""
    registry = _registry(args)
    with engine(args) as on:
        if args.on("get-login"):
            say(on.images.logged_in(registry, access(args)))
            return 0
        say(on.images.login(registry, *_credentials(args, on), access(args)))
    return 0


def _registry(args: Arguments) -> str:
    """The one that is named, or the first that is searched."""
    if args.rest:
        return args.rest[0]
    from seabox.config import registries_files
    from seabox.images.registries import Registries

    search = Registries(registries_files()).search()
    if not search:
        raise InvalidArgument("no registries found in registries.conf, a registry must be provided")
    return search[0]


def _credentials(args: Arguments, on: Engine) -> tuple[str, str]:
    user = args.text("username")
    if secret := args.text("secret"):
        if args.given("password") or args.on("password-stdin"):
            raise InvalidArgument("--secret can not be used with --password options")
        return user or secret, on.secrets.data(secret).decode(errors="surrogateescape")
    if args.on("password-stdin"):
        if args.given("password"):
            raise InvalidArgument("Can't specify both --password-stdin and --password")
        if not user:
            raise InvalidArgument("Must provide --username with --password-stdin")
        return user, sys.stdin.readline().rstrip("\n")
    if not user:
        user = _ask("Username: ")
    if args.given("password"):
        return user, args.text("password")
    if sys.stdin.isatty():
        from getpass import getpass

        return user, getpass("Password: ")
    return user, _ask("Password: ")


def _ask(words: str) -> str:
    sys.stdout.write(words)
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise InvalidArgument("no credentials were given")
    return answer.strip()


def leave(args: Arguments) -> int:
    """Log out."""
    if args.rest and args.on("all"):
        raise InvalidArgument("--all takes no arguments")
    registry = "" if args.on("all") else _registry(args)
    with engine(args) as on:
        say(on.images.logout(registry, access(args)))
    return 0
