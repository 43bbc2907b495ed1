"""Taking in an archive that a stranger may have written: every member is expected, or the archive is refused.

Nothing but regular files is made, under names of one word, in directories that are open; no link is ever followed.
"""

from __future__ import annotations

import os
import re

from ..kernel import files
from ..kernel.entries import Description, new_file
from .document import BadCheckpoint, decode_foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from ..model.checkpoint import Checkpoint

    class Member(Protocol):
        """One entry of an archive."""

        name: str
        kind: str
        size: int

    class Archive(Protocol):
        """An archive as it is read: the data of a member is there until the next is asked for."""

        def __iter__(self) -> Iterator[Member]: ...
        def data(self) -> Iterable[memoryview]: ...


_FILE, _DIRECTORY = "0", "5"
_MEGABYTE = 1 << 20
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,200}\Z")
_ABOUT = "checkpoint.json"
_SINGLE = {"spec.dump": 16 * _MEGABYTE, "ctr.log": 1 << 40, "dump.log": 1 << 30, "stats-dump": _MEGABYTE}
_FOLDERS = {"criu": 1 << 50, "artifacts": 1 << 30}
_ROOTFS = "rootfs-diff.tar"
_VOLUME = re.compile(r"volumes/([A-Za-z0-9][A-Za-z0-9._-]*)\.tar\Z")
_PODMAN = ("config.dump", "network.status", "checkpoint", "deleted.files", "bind.mounts")
_MOST = 1_000_000  # members


class Intake:
    """An archive that is being taken in: first what it is about, then all the rest of it, once."""

    def __init__(self, archive: Archive, path: str) -> None:
        self._archive, self._path = archive, path
        self._members = iter(archive)
        self.about = self._read_about()

    def _refuse(self, why: str) -> BadCheckpoint:
        return BadCheckpoint(f"{self._path}: {why}")

    def _read_about(self) -> Checkpoint:
        first = next(self._members, None)
        if first is None:
            raise self._refuse("an empty archive, not a checkpoint")
        name = first.name.removeprefix("./")
        if name != _ABOUT or first.kind != _FILE:
            raise self._refuse(self._foreign(name, first.kind))
        if first.size > 4 * _MEGABYTE:
            raise self._refuse(f"{_ABOUT} has {first.size} bytes, which is too much")
        data = b"".join(bytes(piece) for piece in self._archive.data())
        try:
            return decode_foreign(data)
        except BadCheckpoint as problem:
            raise self._refuse(str(problem)) from None

    def _foreign(self, name: str, kind: str) -> str:
        """What to say about an archive that does not begin as ours do."""
        names = [name]
        for member in self._members:
            names.append(member.name.removeprefix("./"))
            if len(names) > 1000 or names[-1].partition("/")[0] in _PODMAN:
                break
        if any(each.partition("/")[0] in _PODMAN for each in names):
            return (
                "a checkpoint made by podman: its processes have files open below podman's own mounts, so only podman "
                "can restore it; checkpoint the container with seabox instead"
            )
        return f"not a checkpoint of seabox: it does not begin with {_ABOUT}"

    def rest(
        self, place: str, static: str, layer: Callable[[Iterable[memoryview], int], None],
        volume: Callable[[str, Iterable[memoryview]], bool], room: int,
    ) -> None:  # fmt: skip
        """All other members are in their places: below `place` (images and what is about them), below `static`.

        `layer(pieces, size)` unpacks the container's own files, `volume(name, pieces)` those of a volume, if it is
        one of the container's. `room`: bytes; an archive that says it has more in
        one member is refused. Raises: BadCheckpoint, what reading the archive raises, OSError.
        """
        seen: set[str] = set()
        for count, member in enumerate(self._members):
            name = member.name.removeprefix("./").rstrip("/")
            if name in seen or count > _MOST:
                raise self._refuse(f"{name}: {'twice in the archive' if name in seen else 'too many members'}")
            seen.add(name)
            folder, _, word = name.rpartition("/")
            if member.kind == _DIRECTORY and name in (*_FOLDERS, "volumes"):
                continue
            limit = self._limit(folder, word, member)
            if member.size > min(limit, room):
                raise self._refuse(f"{name} has {member.size} bytes, which is too much")
            if name == _ROOTFS:
                layer(self._archive.data(), member.size)
                continue
            if match := _VOLUME.match(name):
                if not volume(match[1], self._archive.data()):
                    raise self._refuse(f"{name}: not a volume of the container")
                continue
            target = static if folder == "artifacts" or name == "ctr.log" else place
            target += f"/{folder}" if folder else ""
            files.make_dirs(target)
            self._make(target, word)

    def _limit(self, folder: str, word: str, member: Member) -> int:
        name = f"{folder}/{word}" if folder else word
        if member.kind != _FILE:
            raise self._refuse(f"{name}: neither a file nor a known directory")
        if name == _ROOTFS or _VOLUME.match(name):
            return 1 << 60
        if not folder and word in _SINGLE:
            return _SINGLE[word]
        if folder not in _FOLDERS:
            raise self._refuse(f"{name}: not a part of a checkpoint")
        fits = _WORD.match(word) if folder != "artifacts" else word not in ("", ".", "..") and "\0" not in word
        if not fits:
            raise self._refuse(f"{name}: not a name for a file in {folder}")
        return _FOLDERS[folder]

    def _make(self, folder: str, word: str) -> None:
        parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            new_file(parent, word, self._archive.data(), Description(0o600, None, None, None, {}))
        finally:
            os.close(parent)
