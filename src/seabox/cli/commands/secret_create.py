"""`secret create`."""

from __future__ import annotations

import os
import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, CSV, PAIRS, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("driver", "d", STRING, "Who keeps the bytes: only file", completion=("file",)),
        Flag("driver-opts", "", CSV, "Option of the driver (KEY=VALUE)"),
        Flag("env", "", BOOL, "Take the value of the environment variable that is named in place of a file"),
        Flag("ignore", "", BOOL, "A secret that exists already will do, whatever it holds"),
        Flag("label", "l", PAIRS, "Label (KEY=VALUE)"),
        Flag("replace", "", BOOL, "Put it in the place of one that has the name already"),
    )
    return Command(
        path, flags, "[options] NAME FILE|-", "Create a secret", run, least=2, most=2,
        description="Create a secret of what is in a file, or of standard input: less than 512000 bytes",
        examples=("seabox secret create token ./token.txt", "printf %s \"$TOKEN\" | seabox secret create token -"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Create it and print its id."""
    from seabox.cli.creation import needed_values
    from seabox.model.literals import read_pair

    name, source = args.rest
    options = needed_values("driver-opts", [pair for text in args.texts("driver-opts") for pair in read_pair(text)])
    data = _of_variable(source) if args.on("env") else _read(source)
    with engine(args) as on:
        secret = on.secrets.create(
            name, data, driver=args.text("driver"), driver_options=options,
            labels={key: value or "" for key, value in args.pairs("label")}, replace=args.on("replace"),
            ignore=args.on("ignore"),
        )  # fmt: skip
        say(secret.id)
    return 0


def _of_variable(name: str) -> bytes:
    value = os.environ.get(name, "")
    if not value:
        raise InvalidArgument(f"cannot create store secret data: environment variable {name} is not set")
    return os.fsencode(value)


def _read(source: str) -> bytes:
    """What is in the file, or what is typed or piped in; of what is too large only so much that this can be seen."""
    from seabox.secrets.secrets import TOO_LARGE

    if source in ("-", "/dev/stdin"):
        if sys.stdin.isatty():
            raise InvalidArgument("if `-` is used, data must be passed into stdin")
        return sys.stdin.buffer.read(TOO_LARGE)
    try:
        with open(source, "rb") as file:
            return file.read(TOO_LARGE)
    except OSError as problem:
        raise InvalidArgument(f"open {source}: {(problem.strerror or 'unknown error').lower()}") from None
