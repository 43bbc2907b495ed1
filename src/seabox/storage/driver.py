"""What a storage driver is: it makes a container's root file system out of layers and takes it away again."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Driver(Protocol):
        """Every call is idempotent and may follow one that died half-way; one container's calls do not overlap."""

        @property
        def name(self) -> str:
            """The word in `--storage-driver`."""

        def create(self, id: str) -> None:
            """The container has an empty place to write to."""

        def exists(self, id: str) -> bool:
            """Whether `create` was called and `remove` was not."""

        def mount(self, id: str, lowers: Sequence[str]) -> str:
            """The layer directories `lowers`, lowest first, and what the container wrote are visible in the
            directory that is returned."""

        def is_mounted(self, id: str) -> bool:
            """Whether that directory is there to be used."""

        def unmount(self, id: str) -> None:
            """The directory is out of sight; who still uses it keeps it until done. What was written stays."""

        def replace(self, id: str, own: str) -> None:
            """The container is not mounted, and what it wrote is what was in the directory `own`, in the driver's own
            form; `own`, which is in the same file system, is not there any more."""

        def complete(self, id: str) -> None:
            """A `replace` that was cut short, its directory being in the driver's hands, is done."""

        def lay(self, id: str, layer: str, lowers: Sequence[str]) -> None:
            """A container that has written nothing yet has written what the directory `layer` (in overlay form) says;
            that is not there any more."""

        def remove(self, id: str) -> None:
            """Nothing of the container is left, nor of any other one whose removal was cut short."""

        def empty_trash(self) -> None:
            """What interrupted removals left is deleted."""

        def merged_dir(self, id: str) -> str:
            """Where `mount` shows the root file system."""

        def upper_dir(self, id: str) -> str:
            """Where the container's own files are stored, in the driver's own form."""
