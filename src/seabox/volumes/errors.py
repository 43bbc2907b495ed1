"""What goes wrong with volumes."""

from __future__ import annotations

from ..errors import Conflict, InUse, NotFound, Refused


class NoSuchVolume(NotFound):
    """No volume has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f'no volume with name "{name}" found: no such volume')
        self.name = name


class NothingToRemove(NoSuchVolume):
    """The volume to be removed does not exist."""

    exit_code = 1


class VolumeExists(Conflict):
    """Another volume has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"volume with name {name} already exists: volume already exists")
        self.name = name


class AmbiguousVolume(Conflict):
    """More than one volume's name begins so: give more of it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"more than one result for volume name {name}: volume already exists")
        self.name = name


class VolumeInUse(InUse):
    """Containers use the volume: remove them, or the volume by force. `users` are their ids."""

    exit_code = 2

    def __init__(self, name: str, users: tuple[str, ...]) -> None:
        super().__init__(
            f"volume {name} is being used by the following container(s): {', '.join(users)}: volume is being used"
        )
        self.name, self.users = name, users


class VolumeMounted(InUse):
    """A process, or somebody who asked for it by hand, has the volume mounted: wait, or unmount it."""

    exit_code = 2

    def __init__(self, name: str, count: int) -> None:
        super().__init__(f"volume {name} is mounted by {count} other(s): volume is being used")
        self.name, self.count = name, count


class CannotMount(Refused):
    """The volume's file system could not be mounted; `words` is what the kernel or mount(8) said."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"mounting volume {name}: {words}")
        self.name, self.words = name, words
