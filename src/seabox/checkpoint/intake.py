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
    from collections.abc import Callable, Iterable, Iterator, Mapping
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


_FILE, _DIRECTORY, _LINK = "0", "5", "2"
_MEGABYTE = 1 << 20
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,200}\Z")
_ABOUT = "checkpoint.json"
_ROOTFS = "rootfs-diff.tar"
_VOLUME = re.compile(r"volumes/([A-Za-z0-9][A-Za-z0-9._-]*)\.tar\Z")
_PODMAN = ("config.dump", "network.status", "checkpoint", "deleted.files", "bind.mounts")
_MOST = 1_000_000  # members
IMAGES = "criu"
DELETED, SHM = "deleted.files", "devshm-checkpoint.tar"  # of podman: what was deleted (JSON), what is in /dev/shm


class MadeByPodman(BadCheckpoint):
    """The archive is one of podman's."""


class Layout:
    """What one kind of archive may hold. `single`: the most bytes of each file; `folders`: of each file in them.

    `images` is the folder of criu's images, `ignored` what is known from elsewhere.
    """

    __slots__ = ("folders", "ignored", "images", "single")

    def __init__(
        self, single: Mapping[str, int], images: str, ignored: Iterable[str] = (), *, secrets: bool = False
    ) -> None:
        self.single, self.images, self.ignored = single, images, frozenset(ignored)
        self.folders = {images: 1 << 50, "artifacts": 1 << 30} | ({"secrets": _MEGABYTE} if secrets else {})


_SINGLE = {"spec.dump": 16 * _MEGABYTE, "ctr.log": 1 << 40, "dump.log": 1 << 30, "stats-dump": _MEGABYTE}
OURS = Layout(_SINGLE, IMAGES, secrets=True)
PODMANS = Layout(
    _SINGLE | {"config.dump": 16 * _MEGABYTE, "network.status": _MEGABYTE, DELETED: 16 * _MEGABYTE, SHM: 1 << 50},
    "checkpoint", ("config.dump", "network.status"),
)  # fmt: skip


class Intake:
    """An archive that is being taken in: what it is about is known, all the rest of it is read once."""

    def __init__(self, archive: Archive, path: str, about: Checkpoint, layout: Layout = OURS) -> None:
        self._archive, self._path, self.about, self.layout = archive, path, about, layout
        self._members = iter(archive)

    @classmethod
    def ours(cls, archive: Archive, path: str) -> Intake:
        """An archive that begins as ours do. Raises: BadCheckpoint; MadeByPodman, when it is one of those."""
        members = iter(archive)
        about = _read_about(archive, members, path)
        found = cls(archive, path, about)
        found._members = members
        return found

    def _refuse(self, why: str) -> BadCheckpoint:
        return BadCheckpoint(f"{self._path}: {why}")

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
            if member.kind == _DIRECTORY and name in (*self.layout.folders, "volumes"):
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
            if name in self.layout.ignored:
                continue
            target = static if folder in ("artifacts", "secrets") or name == "ctr.log" else place
            if folder:
                target += f"/{IMAGES if folder == self.layout.images else folder}"
            files.make_dirs(target)
            self._make(target, word)

    def _limit(self, folder: str, word: str, member: Member) -> int:
        name = f"{folder}/{word}" if folder else word
        if name.partition("/")[0] == "pre-checkpoint" or (name == "checkpoint/parent" and member.kind == _LINK):
            raise self._refuse("a pre-checkpoint of podman, or one that builds upon it: make one without it")
        if member.kind != _FILE:
            raise self._refuse(f"{name}: neither a file nor a known directory")
        if name == _ROOTFS or _VOLUME.match(name):
            return 1 << 60
        if not folder and word in self.layout.single:
            return self.layout.single[word]
        if folder not in self.layout.folders:
            raise self._refuse(f"{name}: not a part of a checkpoint")
        fits = _WORD.match(word) if folder != "artifacts" else word not in ("", ".", "..") and "\0" not in word
        if not fits:
            raise self._refuse(f"{name}: not a name for a file in {folder}")
        return self.layout.folders[folder]

    def _make(self, folder: str, word: str) -> None:
        parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            new_file(parent, word, self._archive.data(), Description(0o600, None, None, None, {}))
        finally:
            os.close(parent)


def _read_about(archive: Archive, members: Iterator[Member], path: str) -> Checkpoint:
    first = next(members, None)
    if first is None:
        raise BadCheckpoint(f"{path}: an empty archive, not a checkpoint")
    name = first.name.removeprefix("./")
    if name != _ABOUT or first.kind != _FILE:
        raise _foreign(name, members, path)
    if first.size > 4 * _MEGABYTE:
        raise BadCheckpoint(f"{path}: {_ABOUT} has {first.size} bytes, which is too much")
    data = b"".join(bytes(piece) for piece in archive.data())
    try:
        return decode_foreign(data)
    except BadCheckpoint as problem:
        raise BadCheckpoint(f"{path}: {problem}") from None


def _foreign(name: str, members: Iterator[Member], path: str) -> BadCheckpoint:
    """What to say about an archive that does not begin as ours do."""
    names = [name]
    for member in members:
        names.append(member.name.removeprefix("./"))
        if len(names) > 1000 or names[-1].partition("/")[0] in _PODMAN:
            break
    if any(each.partition("/")[0] in _PODMAN for each in names):
        return MadeByPodman(f"{path}: a checkpoint made by podman")
    return BadCheckpoint(f"{path}: not a checkpoint of seabox: it does not begin with {_ABOUT}")
