"""`cp`: from the host into a container, back, and from one container to another."""

from __future__ import annotations

import os
import stat
import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag
from seabox.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.container.copy import Outgoing

_PIECE = 1 << 20


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("archive", "a", BOOL, "Files copied into a container belong to its user", default=True),
        Flag("overwrite", "", BOOL, "Let files replace directories, and directories files"),
        Flag("pause", "", BOOL, "Accepted, without effect", default=True, hidden=True),
    )
    return Command(
        path, flags, "[options] [CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH", "Copy files to and from containers", run,
        least=2, most=2, completion="files",
        description="SRC_PATH/. means what is in a directory. - in place of a path on the host means a tar archive,\n"
        "by stdin or stdout. A path without a leading slash begins in the container's working directory.",
        examples=("seabox cp notes.txt web:/srv", "seabox cp web:/var/log/. logs", "seabox cp web:/etc - | tar t"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Copy it."""
    source, target = (_split(text) for text in args.rest)
    if source is None and target is None:
        raise InvalidArgument("must specify at least one container source or destination")
    with engine(args) as on:
        if target is None:
            assert source is not None
            _to_host(on.containers.get(source[0]), source[1], args.rest[1], args)
            return 0
        into = on.containers.get(target[0])
        if source is None:
            _from_host(args.rest[0], into, target[1], args)
            return 0
        handle = on.containers.get(source[0])
        _between(handle, source[1], into, target[1], args)
    return 0


def _between(handle: Container, path: str, into: Container, target: str, args: Arguments) -> None:
    with handle.copy_out(path) as found:
        facts = found.is_dir, found.name
    directory, name = _place(into, target, *facts)
    with handle.copy_out(path, name=name) as found:
        # one container that does not run cannot be read and written to at once
        pieces: Iterable[bytes] = list(found) if handle.id == into.id else found
        into.copy_in(directory, pieces, own=args.on("archive"), overwrite=args.on("overwrite"))


def _split(text: str) -> tuple[str, str] | None:
    """The container and the path that an argument names; None for a path on the host."""
    name, colon, path = text.partition(":")
    if not colon or not name or text[0] in "./":
        if not text:
            raise InvalidArgument("invalid arguments: a path must not be empty")
        return None
    if not path:
        raise InvalidArgument(f'invalid arguments: "{text}" names no path in the container')
    return name, path


def _is_content(path: str) -> bool:
    """Whether the path means what is in a directory, not the directory."""
    return path in (".", "..") or path.endswith(("/.", "/..")) or not path.rstrip("/")


def _to_host(handle: Container, path: str, target: str, args: Arguments) -> None:
    if target == "-":
        if sys.stdout.isatty():
            raise InvalidArgument("cannot write to terminal, use command-line redirection")
        with handle.copy_out(path) as found:
            for piece in found:
                sys.stdout.buffer.write(piece)
        return
    from seabox.container.extract import Destination, extract

    with handle.copy_out(path) as found:
        directory, found.name = _place_on_host(target, found)
        root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            extract(
                found, Destination(root, confined=True), owner=(os.geteuid(), os.getegid()),
                overwrite=args.on("overwrite"),
            )  # fmt: skip
        finally:
            os.close(root)


def _place_on_host(target: str, found: Outgoing) -> tuple[str, str]:
    """The directory that the copy goes to, and what it is called there."""
    try:
        kind = stat.S_IFMT(os.stat(target).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        parent, name = os.path.split(target)
        if name in ("", ".") or not os.path.isdir(parent or "."):
            raise NotFound(f'"{target}" could not be found on the host: no such file or directory') from None
        return parent or ".", name
    if kind == stat.S_IFDIR:
        return target, found.name
    if kind != stat.S_IFREG:
        raise InvalidArgument(f'invalid destination: "{target}" must be a directory or a regular file')
    if found.is_dir:
        raise InvalidArgument("destination must be a directory when copying a directory")
    parent, name = os.path.split(os.path.realpath(target))
    return parent, name


def _from_host(source: str, handle: Container, path: str, args: Arguments) -> None:
    own, overwrite = args.on("archive"), args.on("overwrite")
    if source == "-":
        _from_stdin(handle, path, own, overwrite)
        return
    try:
        handle_fd = os.open(source, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f'"{source}" could not be found on the host: no such file or directory') from None
    try:
        kind = stat.S_IFMT(os.fstat(handle_fd).st_mode)
        if kind not in (stat.S_IFDIR, stat.S_IFREG):
            raise InvalidArgument(f'invalid source: "{source}" must be a directory or a regular file')
        name = "." if _is_content(source) else os.path.basename(source.rstrip("/"))
        directory, name = _place(handle, path, kind == stat.S_IFDIR, name)
        from seabox.storage.pack import pack_content, pack_one

        pieces = pack_content(handle_fd) if name == "." else pack_one(handle_fd, name)
        handle.copy_in(directory, pieces, own=own, overwrite=overwrite)
    finally:
        os.close(handle_fd)


def _from_stdin(handle: Container, path: str, own: bool, overwrite: bool) -> None:
    if sys.stdin.isatty():
        raise InvalidArgument("cannot read from terminal, use command-line redirection")
    from seabox.container.copy import NoSuchPath

    wrong = InvalidArgument("destination must be a directory when copying from stdin")
    try:
        with handle.copy_out(path) as found:
            if not found.is_dir:
                raise wrong
    except NoSuchPath:
        raise wrong from None
    handle.copy_in(path, _archive_from(sys.stdin.fileno()), own=own, overwrite=overwrite)


def _archive_from(fd: int) -> Iterator[bytes]:
    """What comes by the descriptor, if it begins as an archive does."""
    from seabox.container.extract import uncompressed
    from seabox.images.tarstream import BadArchive

    broken = InvalidArgument("source must be a (compressed) tar archive when copying from stdin")
    pieces = uncompressed(iter(lambda: os.read(fd, _PIECE), b""))
    start = b""
    try:
        while len(start) < 512:
            start += next(pieces)
    except (StopIteration, BadArchive):
        raise broken from None
    given = start[148:156].strip(b"\0 ")
    empty = start.count(0, 0, 512) == 512
    if not empty and (not given.isdigit() or 256 + sum(start[:148]) + sum(start[156:512]) != int(given, 8)):
        raise broken
    yield start
    yield from pieces


def _place(handle: Container, path: str, of_directory: bool, name: str) -> tuple[str, str]:
    """The directory in the container that the copy goes to, and what it is called there."""
    from seabox.container.copy import NoSuchPath, followed

    if not path.endswith("/"):
        path = followed(handle, path)
    try:
        with handle.copy_out(path) as found:
            mode = found.mode
    except NoSuchPath:
        parent, last = os.path.split(path)
        if last in ("", "."):
            raise
        try:
            with handle.copy_out(parent or ".") as above:
                if not above.is_dir:
                    raise
        except NoSuchPath:
            raise NoSuchPath(path, handle.name) from None
        return parent or ".", last
    if stat.S_ISDIR(mode):
        return path, name
    if of_directory:
        raise InvalidArgument("destination must be a directory when copying a directory")
    parent, last = os.path.split(path)
    return parent or ".", last
