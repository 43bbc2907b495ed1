"""`container artifact`: its four verbs."""

from __future__ import annotations

import sys

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import Command
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from seabox.cli.parse import Arguments

_COUNTS = {"ls": (0, 0), "add": (1, 2), "get": (1, 2), "rm": (1, None)}  # of words after the container's name


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (), "ls|add|get|rm CONTAINER [ARTIFACT...]", "Keep small files with a container, outside its root", run,
        least=2, completion=tuple(_COUNTS),
        description="ls CONTAINER                 lists the names of its artifacts\n"
        "add CONTAINER NAME [FILE]    keeps what is in the file, or comes by stdin\n"
        "get CONTAINER NAME [FILE]    writes it to the file, or to stdout\n"
        "rm CONTAINER NAME...         forgets it",
        examples=("seabox container artifact add web notes notes.txt", "seabox container artifact get web notes"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Carry the verb out."""
    verb, name, *rest = args.rest
    if verb not in _COUNTS:
        raise InvalidArgument(f'unknown verb "{verb}": one of {", ".join(_COUNTS)}')
    least, most = _COUNTS[verb]
    if len(rest) < least or (most is not None and len(rest) > most):
        raise InvalidArgument(f"wrong number of arguments: {args.command.full_path} {args.command.usage}")
    with engine(args) as on:
        artifacts = on.containers.get(name).artifacts
        if verb == "ls":
            for artifact in artifacts:
                say(artifact)
        elif verb == "add":
            artifacts[rest[0]] = _read(rest[1] if len(rest) > 1 else "-")
        elif verb == "get":
            _write(rest[1] if len(rest) > 1 else "-", artifacts[rest[0]])
        else:
            return for_each(rest, lambda artifact: _forget(artifacts, artifact))
    return 0


def _forget(artifacts: MutableMapping[str, bytes], name: str) -> None:
    del artifacts[name]


def _read(path: str) -> bytes:
    if path == "-":
        if sys.stdin.isatty():
            raise InvalidArgument("cannot read from terminal, use command-line redirection or name a file")
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, data: bytes) -> None:
    if path == "-":
        sys.stdout.buffer.write(data)
        return
    from seabox.kernel.files import write_atomic

    write_atomic(path, data)
