"""Who the container's process is: names looked up in the container's own passwd and group files, and nowhere else."""

from __future__ import annotations

import errno

from ..errors import Refused
from ..kernel.files import read_in_root
from .identity import MAX_ID, OUT_OF_RANGE, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_FILE = 1 << 20  # bytes


class Identity:
    """A user in numbers. `groups` begins with the primary one; `listed` says whether passwd knows the uid."""

    __slots__ = ("gid", "groups", "home", "listed", "uid")

    def __init__(self, uid: int, gid: int, groups: tuple[int, ...], home: str, listed: bool) -> None:
        self.uid, self.gid, self.groups, self.home, self.listed = uid, gid, groups, home, listed


def look_up(rootfs: str, user: str, groups: Iterable[str] = (), further: Iterable[str] = ()) -> Identity:
    """The identity `user[:group]` has in the container with this root; "" is root. `groups` are added to its own.
    `further` lines of passwd count after those of the container.

    A number needs no entry. Without a group the primary one of passwd counts, and every group that lists the user.

    Raises: Refused with podman's words for a name that does not exist, or files that cannot be trusted.
    """
    name, _, group = (user or "0").partition(":")
    name = name or "0"
    entry = _find_user(rootfs, name, further)
    if entry is None and not is_number(name):
        raise Refused(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = entry[1:] if entry else (_in_range(name), 0, "/")
    known = _groups(rootfs)
    if group:
        gid, own = _find_group(known, group), []
    else:
        own = [number for _, number, members in known if entry and entry[0] in members]
    added = [_find_group(known, text) for text in groups]
    return Identity(uid, gid, tuple(dict.fromkeys((gid, *own, *added))), home or "/", entry is not None)


def read_passwd(rootfs: str) -> bytes | None:
    """The container's passwd file, None if it has none. Raises: Refused."""
    return _read(rootfs, "/etc/passwd")


def _read(rootfs: str, path: str) -> bytes | None:
    try:
        return read_in_root(rootfs, path, _MAX_FILE)
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise Refused(f"cannot use {path} of the container: {problem.strerror}") from None


def _rows(data: bytes | None, columns: int) -> list[list[str]]:
    rows = (line.split(":") for line in (data or b"").decode("utf-8", "replace").splitlines())
    return [row for row in rows if len(row) >= columns and row[0]]


def _find_user(rootfs: str, name: str, further: Iterable[str]) -> tuple[str, int, int, str] | None:
    """Name, uid, gid and home of the first entry that fits; a number only ever means a uid."""
    for row in (*_rows(read_passwd(rootfs), 4), *_rows("\n".join(further).encode(), 4)):
        if not (_valid(row[2]) and _valid(row[3])):
            continue
        if int(row[2]) == int(name) if is_number(name) else row[0] == name:
            home = row[5] if len(row) > 5 else ""
            return row[0], int(row[2]), int(row[3]), home if home.isprintable() else ""
    return None


def _groups(rootfs: str) -> list[tuple[str, int, list[str]]]:
    return [
        (row[0], int(row[2]), row[3].split(",") if len(row) > 3 else [])
        for row in _rows(_read(rootfs, "/etc/group"), 3)
        if _valid(row[2])
    ]


def _find_group(known: list[tuple[str, int, list[str]]], name: str) -> int:
    if is_number(name):
        return _in_range(name)
    for group, gid, _ in known:
        if group == name:
            return gid
    raise Refused(f"unable to find group {name}: no matching entries in group file")


def _valid(text: str) -> bool:
    return is_number(text) and len(text) < 11 and int(text) <= MAX_ID


def _in_range(text: str) -> int:
    if not _valid(text):
        raise Refused(OUT_OF_RANGE)
    return int(text)
