"""What the image store needs of others, and what it tells them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from ..model.container import ContainerConfig

    class Containers(Protocol):
        """What the image store needs to know of containers."""

        def files_of(self, name: str) -> tuple[ContainerConfig, str, builtins.list[str], bool]:
            """A container's configuration, the directory it writes to, its layers' directories (the top one first),
            and whether that directory is a full copy rather than an overlay's upper one. Raises: NoSuchContainer."""

        def pack(self, name: str, path: str) -> None:
            """All files of the container's root are in the archive `path`. Raises: NoSuchContainer, OSError."""

        def remove(self, id: str) -> None:
            """The container is gone, by force."""

    class Roots(Protocol):
        """A storage driver."""

        @property
        def name(self) -> str: ...
        def create(self, id: str) -> None: ...
        def exists(self, id: str) -> bool: ...
        def is_mounted(self, id: str) -> bool: ...
        def mount(self, id: str, lowers: Sequence[str]) -> str: ...
        def merged_dir(self, id: str) -> str: ...
        def remove(self, id: str) -> None: ...


class Host:
    """What of the host transfers use: skopeo's path, the environment it gets, and where registries are configured."""

    __slots__ = ("buildah", "env", "registries", "setpriv", "skopeo", "unshare")

    def __init__(
        self, *, skopeo: str = "", buildah: str = "", env: Mapping[str, str] | None = None,
        registries: Sequence[str] = (), setpriv: str = "", unshare: str = "",
    ) -> None:  # fmt: skip
        self.skopeo, self.buildah, self.env, self.registries = skopeo, buildah, dict(env or {}), tuple(registries)
        self.setpriv, self.unshare = setpriv, unshare


class Removed:
    """What a removal did: names taken off, and the id of the image if it went as well ("" if not)."""

    __slots__ = ("deleted", "id", "untagged")

    def __init__(self, id: str, untagged: tuple[str, ...], deleted: str) -> None:
        self.id, self.untagged, self.deleted = id, untagged, deleted
