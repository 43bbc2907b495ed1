"""A volume: files that outlive the containers that use them."""

from __future__ import annotations

import msgspec


class Volume(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named volume. Fixed at creation, but for the last four, which say what is true of it now."""

    name: str
    place: str  # the directory that is the volume's own, on the host
    driver: str = "local"
    created_at: int  # ns
    labels: dict[str, str] = {}
    options: dict[str, str] = {}  # of the driver: "type", "device", "o"
    anonymous: bool = False  # made for a container that gave it no name
    uid: int | None = None  # of its top directory, where the options say so
    gid: int | None = None
    needs_copy_up: bool = True  # nothing of an image was copied into it yet
    needs_chown: bool = True  # no container has used it yet
    mount_count: int = 0  # who has its file system mounted; 0 for one that is a plain directory
    users: tuple[str, ...] = ()  # ids of the containers that have it among their mounts

    @property
    def mountpoint(self) -> str:
        """The directory with the volume's files."""
        return f"{self.place}/_data"

    @property
    def needs_mount(self) -> bool:
        """Whether its files are on a file system that is mounted while somebody uses the volume."""
        return bool(self.options.get("type") or self.options.get("device"))
