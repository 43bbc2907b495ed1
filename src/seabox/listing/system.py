"""What is told of the engine and its host, under podman's field names."""

from __future__ import annotations

from seabox.model.human import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.usage import Usage

_WHOLE = {
    "AppArmorEnabled": "apparmorEnabled", "CPUs": "cpus", "CPUUtilization": "cpuUtilization",
    "DefaultCapabilities": "capabilities", "GIDMap": "gidmap", "IDMappings": "idMappings", "OS": "os",
    "SELinuxEnabled": "selinuxEnabled", "Slirp4NetNS": "slirp4netns", "UIDMap": "uidmap",
}  # fmt: skip
_AS_THEY_ARE = ("GraphOptions", "GraphStatus", "Registries", "Version")


def lowered(about: Any) -> Any:
    """What `Engine.info` says, with the names of fields as podman's JSON has them; the version's and maps' stay."""
    if isinstance(about, dict):
        return {_key(name): part if name in _AS_THEY_ARE else lowered(part) for name, part in about.items()}
    return about


def _key(name: str) -> str:
    """The name of a field as podman's YAML has it: OCIRuntime -> ociRuntime, CPUs -> cpus, Host -> host."""
    if name in _WHOLE:
        return _WHOLE[name]
    capitals = 0
    while capitals < len(name) and name[capitals].isupper():
        capitals += 1
    lower = capitals if capitals <= 1 or capitals == len(name) else capitals - 1
    return name[:lower].lower() + name[lower:]


def df_row(usage: Usage) -> dict[str, object]:
    """How much room one kind of thing takes, as `system df` shows it."""
    share = f"{100 * usage.reclaimable / usage.size:.0f}" if usage.size else "0"
    return {
        "Type": usage.type,
        "Total": usage.total,
        "Active": usage.active,
        "RawSize": usage.size,
        "RawReclaimable": usage.reclaimable,
        "Size": size(usage.size),
        "Reclaimable": f"{size(usage.reclaimable)} ({share}%)",
    }
