"""Small files that belong to a container and not to its root: a mapping of bytes by name."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from ..errors import InvalidArgument, NoSuchContainer, NotFound
from ..kernel import files
from ..kernel.landing import Landing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .container import Container
    from .services import Services

_LONGEST = 255  # bytes


class NoSuchArtifact(NotFound, KeyError):
    """The container has no artifact of this name."""

    __str__ = Exception.__str__  # KeyError shows a repr

    def __init__(self, container_id: str, name: str) -> None:
        super().__init__(f"container {container_id} has no artifact {name!r}: no such artifact")
        self.container_id, self.name = container_id, name


def check_artifact_name(name: str) -> str:
    """`name`, if an artifact may bear it: one to 255 bytes, no slash, no NUL, neither "." nor "..".

    Raises: InvalidArgument.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise InvalidArgument(f"invalid artifact name {name!r}: it must be a file name")
    try:
        size = len(os.fsencode(name))
    except UnicodeEncodeError:
        raise InvalidArgument(f"invalid artifact name {name!r}: it must be a file name") from None
    if size > _LONGEST:
        raise InvalidArgument(f"invalid artifact name: it has {size} bytes, at most {_LONGEST} are allowed")
    return name


class Artifacts(MutableMapping[str, bytes]):
    """A container's artifacts; they go with it. Reading takes no lock, and sees a whole artifact or none.

    Raises, besides KeyError (NoSuchArtifact): InvalidArgument for an impossible name, NoSuchContainer.
    """

    __slots__ = ("_folder", "_handle", "_static")

    def __init__(self, on: Services, handle: Container) -> None:
        self._handle = handle
        self._static = on.config.static_dir(handle.id)
        self._folder = f"{self._static}/artifacts"

    def __repr__(self) -> str:
        return f"<Artifacts of {self._handle!r}>"

    def __getitem__(self, name: str) -> bytes:
        try:
            fd = os.open(f"{self._folder}/{check_artifact_name(name)}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._missing(name) from None
        with os.fdopen(fd, "rb") as file:
            return file.read()

    def __setitem__(self, name: str, data: bytes) -> None:
        check_artifact_name(name)
        piece = memoryview(data)
        with self._handle.locked():
            files.make_dir(self._folder)
            with Landing(f"{self._folder}/{name}", by_way_of=self._static) as file:
                file.write([piece])
                file.land()

    def __delitem__(self, name: str) -> None:
        check_artifact_name(name)
        with self._handle.locked():
            if not files.remove_file(f"{self._folder}/{name}"):
                raise NoSuchArtifact(self._handle.id, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._folder))
        except FileNotFoundError:
            self._handle.snapshot()
            return []

    def _missing(self, name: str) -> NotFound:
        try:
            self._handle.snapshot()
        except NoSuchContainer as gone:
            return gone
        return NoSuchArtifact(self._handle.id, name)
