"""Kernel parameters a container may set: only those that belong to a namespace of its own."""

from __future__ import annotations

from ..errors import InvalidArgument
from .text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.container import Namespaces
    from .facts import HostFacts

PING_GROUP_RANGE = "net.ipv4.ping_group_range"

_IPC_NAMES = "msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced"
_IPC = frozenset(f"kernel.{name}" for name in _IPC_NAMES.split())
_UTS = frozenset(("kernel.hostname", "kernel.domainname"))
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/@:")


def check_sysctls(sysctls: Mapping[str, str], namespaces: Namespaces) -> dict[str, str]:
    """`sysctls`, if each is the container's own affair.

    Raises: InvalidArgument with podman's words.
    """
    for name, value in sysctls.items():
        plain(f"sysctl {name!a}", value)
        if not set(name) <= _LETTERS or ".." in name or name.endswith((".", "/")):
            raise InvalidArgument(f"sysctl {name!a} is not a name of the form net.ipv4.ip_forward")
        if name.startswith("net."):
            kind, mode = "network", namespaces.network
        elif name in _IPC or name.startswith("fs.mqueue."):
            kind, mode = "ipc", namespaces.ipc
        elif name in _UTS:
            kind, mode = "uts", namespaces.uts
        else:
            raise InvalidArgument(f"sysctl '{name}' is not allowed")
        if mode == "host":
            raise InvalidArgument(f"sysctl '{name}' is not allowed in the hosts {kind} namespace")
        if "/" in name and kind != "network":
            raise InvalidArgument(f"sysctl '{name}' is not allowed")
    return dict(sysctls)


def effective(sysctls: Mapping[str, str], namespaces: Namespaces, facts: HostFacts) -> dict[str, str]:
    """What is written into the specification: the container's own and, in a network of its own, root may ping."""
    own_network = namespaces.network in ("none", "private", "bridge")
    default = {PING_GROUP_RANGE: "0 0"} if own_network and facts.ping_group_range else {}
    return default | dict(sysctls)
