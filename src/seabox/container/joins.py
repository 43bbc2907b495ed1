"""Whose namespaces a container joins, and whether it may."""

from __future__ import annotations

from ..errors import InvalidArgument
from .stored import decode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model.container import ContainerConfig


def joined(config: ContainerConfig, stored: Callable[[str], bytes]) -> list[str]:
    """The ids of the containers that this one joins; `stored(id)` is one's configuration.

    Raises: InvalidArgument, if one keeps its IPC namespace to itself.
    """
    spaces = config.namespaces
    modes = (spaces.network, spaces.pid, spaces.ipc, spaces.uts, spaces.cgroup)
    donor = spaces.ipc.partition("container:")[2]
    if donor and decode_config(stored(donor)).namespaces.ipc == "private":
        raise InvalidArgument(
            f"joining IPC of container {donor} is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the "
            "donor container)"
        )
    return sorted({mode.partition(":")[2] for mode in modes if mode.startswith("container:")})
