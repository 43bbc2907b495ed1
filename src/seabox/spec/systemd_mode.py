"""Containers that run systemd: when one does, and what it must find to be content."""

from __future__ import annotations

import os

from ..errors import InvalidArgument
from ..model import oci

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .facts import HostFacts

STOP_SIGNAL = 37  # SIGRTMIN+3: systemd halts
HIDDEN = "/sys/fs/cgroup/systemd/release_agent"

_INITS = ("/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init")
_WRITABLE = ("/run", "/run/lock", "/tmp", "/var/log/journal")
_CGROUP = "/sys/fs/cgroup/systemd"


def is_wanted(mode: str, argv: tuple[str, ...]) -> bool:
    """Whether a container that executes `argv` runs systemd. Raises: InvalidArgument."""
    word = mode.lower()
    if word == "always":
        return True
    if word in ("false", "f", "0"):
        return False
    if word not in ("true", "t", "1", ""):
        raise InvalidArgument(f'invalid systemd mode "{mode}": use true, false or always')
    return argv[:1] != () and (argv[0] in _INITS or argv[0].rpartition("/")[2] == "systemd")


def mounts(facts: HostFacts, cgroup_namespace: str) -> Iterable[oci.Mount]:
    """Temporary file systems where it writes, and its cgroup if that can be given without the host's.

    With cgroup v1 it can not; who shares the host's cgroup namespace has asked for it.
    """
    for path in _WRITABLE:
        options = ("rw", "rprivate", "nosuid", "nodev", "tmpcopyup")
        yield oci.Mount(destination=path, type="tmpfs", source="tmpfs", options=options)
    if facts.cgroup_mode == "v2":
        yield oci.Mount(
            destination="/sys/fs/cgroup", type="cgroup", source="cgroup",
            options=("nosuid", "noexec", "nodev", "relatime", "rw"),
        )  # fmt: skip
    elif cgroup_namespace == "host" and os.path.isdir(_CGROUP):
        yield oci.Mount(
            destination=_CGROUP, type="bind", source=_CGROUP, options=("bind", "nodev", "noexec", "nosuid", "rprivate")
        )
