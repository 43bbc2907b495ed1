"""Which capabilities a container holds."""

from __future__ import annotations

from ..errors import InvalidArgument, Refused
from ..model import oci

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import Security
    from .facts import HostFacts

# in the kernel's order: the position is the bit
_ALL = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL "
    "SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
NAMES = tuple("CAP_" + name for name in _ALL.split())

_FEW = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT"
DEFAULT = frozenset("CAP_" + name for name in _FEW.split())


def parse(names: Iterable[str]) -> tuple[str, ...]:
    """`names` in the form "CAP_CHOWN" or "ALL", each once.

    Raises: InvalidArgument.
    """
    found: dict[str, None] = {}
    for given in names:
        name = given.upper()
        if name != "ALL" and not name.startswith("CAP_"):
            name = "CAP_" + name
        if name not in NAMES and name != "ALL":
            raise InvalidArgument(f'"{ascii(name)[1:-1]}": unknown capability')
        found[name] = None
    return tuple(found)


def parse_changes(add: Iterable[str], drop: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """--cap-add and --cap-drop in our form.

    Raises: InvalidArgument, also if one capability is in both.
    """
    added, dropped = parse(add), parse(drop)
    for name in added:
        if name in dropped:
            raise InvalidArgument(f'capability "{name}" cannot be dropped and added')
    return added, dropped


def held(security: Security, facts: HostFacts) -> frozenset[str]:
    """The container's bounding set.

    Raises: Refused if a capability asked for by name is not ours to give.
    """
    ours = frozenset(facts.capabilities)
    if "ALL" in security.cap_add or (security.privileged and "ALL" not in security.cap_drop):
        base = ours
    elif "ALL" in security.cap_drop:
        base = frozenset()
    else:
        base = (DEFAULT if security.capabilities is None else frozenset(security.capabilities)) & ours
    return (base | _named(security, ours)) - frozenset(security.cap_drop)


def _named(security: Security, ours: frozenset[str]) -> frozenset[str]:
    named = frozenset(security.cap_add) - {"ALL"}
    for name in security.cap_add:
        if name in named and name not in ours:
            raise Refused(f"cannot add {name}: seabox itself does not hold this capability")
    return named


def sets(security: Security, bounding: frozenset[str], uid: int) -> oci.Capabilities:
    """The five sets of the first process.

    Root has what the bounding set allows and inherits nothing. Another user has, and hands on, only what was added
    by name (or ALL).
    """
    allowed = _ordered(bounding)
    if uid == 0:
        return oci.Capabilities(bounding=allowed, effective=allowed, permitted=allowed)
    own = allowed if "ALL" in security.cap_add else _ordered(frozenset(security.cap_add) & bounding)
    return oci.Capabilities(bounding=allowed, effective=own, permitted=own, inheritable=own, ambient=own)


def _ordered(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in names)
