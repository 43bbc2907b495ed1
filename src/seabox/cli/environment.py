"""Environment variables on the command line: --env and --env-file."""

from __future__ import annotations

import os

from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seabox.cli.parse import Arguments


def environment(args: Arguments) -> dict[str, str]:
    """Files first, then single variables; a key without a value takes ours, if we have it."""
    found: dict[str, str] = {}
    doing = 'parsing env file "{}": '
    given = [pair for path in args.texts("env-file") for pair in pairs_in(path, doing)] + args.pairs("env")
    for key, value in given:
        if value is not None:
            found[key] = value
        elif key.endswith("*"):
            found |= {name: own for name, own in os.environ.items() if name.startswith(key[:-1])}
        elif key in os.environ:
            found[key] = os.environ[key]
    return found


def pairs_in(path: str, doing: str = "") -> Iterator[tuple[str, str | None]]:
    """KEY=VALUE or KEY in each line that is neither empty nor a comment.

    Raises: InvalidArgument; `doing` with the path in it is said before it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError as problem:
        why = (problem.strerror or "unknown error").lower()
        raise InvalidArgument(f"{doing.format(path)}open {path}: {why}") from None
    except UnicodeDecodeError:
        raise InvalidArgument(f"{path} is not UTF-8 text") from None
    for line in lines:
        key, equals, value = line.lstrip().partition("=")
        if not key.strip() and equals:
            raise InvalidArgument(f'{path}: no variable name on line "{line}"')
        if key and not key.startswith("#"):
            yield key.rstrip() if not equals else key, value.rstrip("\r") if equals else None
