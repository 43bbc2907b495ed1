"""Host devices in a container: --device from text to value, and from value to nodes and cgroup rules."""

from __future__ import annotations

import os
import stat

from .. import diagnostics
from ..errors import InvalidArgument, Refused
from ..model import oci
from ..model.container import Device
from .text import normal, plain, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MODES = frozenset("rwm")
_DENY_ALL = oci.DeviceRule(allow=False, access="rwm")
_ALLOW_ALL = oci.DeviceRule(allow=True, access="rwm")
_NOT_SHARED = frozenset(("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console", "ptmx"))
# the runtime makes these itself
_STANDARD = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "console")
)


def parse_device(text: str) -> Device:
    """`SRC[:DEST][:PERMISSIONS]`.

    Raises: InvalidArgument (also if the host has no such device).
    """
    parts = plain("device", text).split(":")
    source, destination, permissions = parts[0], "", "rwm"
    if len(parts) == 3:
        destination, permissions = parts[1:]
    elif len(parts) == 2:
        if _is_mode(parts[1]):
            permissions = parts[1]
        else:
            destination = parts[1]
    if len(parts) > 3 or not source:
        raise InvalidArgument(f'invalid device specification: "{text}"')
    if not _is_mode(permissions):
        raise InvalidArgument(f"invalid device mode: {permissions}")
    if not source.startswith("/") or (destination and not destination.startswith("/")):
        raise InvalidArgument(f'invalid device specification: "{text}": paths must be absolute')
    destination = normal(destination or source)
    if destination == "/" or within(destination, "/proc") or within(destination, "/sys"):
        raise InvalidArgument(f'invalid device specification: "{text}"')
    try:
        mode = os.stat(source).st_mode
    except OSError as problem:
        raise InvalidArgument(f"stat {source}: {(problem.strerror or 'unknown error').lower()}") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode)):
        raise InvalidArgument(f"{source} is not a device node")
    return Device(source=normal(source), destination=destination, permissions=permissions)


def parse_device_rule(text: str) -> str:
    """`TYPE MAJOR[:MINOR] ACCESS`, in which numbers may be *. Raises: InvalidArgument with podman's words."""
    words = plain("device cgroup rule", text).split()
    if len(words) != 3:
        raise InvalidArgument(
            f'invalid device cgroup rule requires type, major:Minor, and access rules: "{text}"'
        )
    kind, numbers, access = words
    major, _, minor = numbers.partition(":")
    if kind not in ("a", "b", "c"):
        raise InvalidArgument(f"invalid device type in device-access-add: {kind}")
    if wrong := [letter for letter in access if letter not in _MODES]:
        raise InvalidArgument(f"invalid device access in device-access-add: {wrong[0]}")
    for number in (major, minor or "*"):
        if number != "*" and not (number.isascii() and number.isdecimal() and len(number) < 10):
            raise InvalidArgument(f'strconv.ParseUint: parsing "{number}": invalid syntax')
    return f"{kind} {major}:{minor or '*'} {access}"


def _rule(text: str) -> oci.DeviceRule:
    kind, numbers, access = text.split()
    major, minor = (None if number == "*" else int(number) for number in numbers.split(":"))
    return oci.DeviceRule(allow=True, type=kind, major=major, minor=minor, access=access)


def _is_mode(text: str) -> bool:
    return bool(text) and set(text) <= _MODES and len(set(text)) == len(text)


def device_nodes(
    devices: Iterable[Device], privileged: bool, further: Iterable[str] = (), *, consoles: bool = True
) -> tuple[tuple[oci.Device, ...], tuple[oci.DeviceRule, ...]]:
    """The nodes to make and the cgroup's rules: everything denied but what was given, nothing denied if privileged.

    Without `consoles` the host's virtual ones, /dev/tty0 and on, are left out: systemd would put logins on them.
    The runtimes add the standard devices (null, zero, full, random, urandom, tty, ptmx) by themselves.

    Raises: Refused if a device given at creation is gone.
    """
    nodes: dict[str, oci.Device] = {}
    rules = [_ALLOW_ALL if privileged else _DENY_ALL]
    if privileged:
        for path in _below("/dev"):
            if path.removeprefix("/dev/tty").isdecimal() and not consoles:
                continue
            if path not in _STANDARD and (node := _node(path, path)) is not None:
                nodes[path] = node
    for device in devices:
        for source, destination in _expanded(device):
            node = _node(source, destination)
            if node is None:
                raise Refused(f"stat {source}: no such device")
            nodes[destination] = node
            rule = oci.DeviceRule(
                allow=True, type=node.type, major=node.major, minor=node.minor, access=device.permissions
            )
            if rule not in rules:
                rules.append(rule)
    return tuple(nodes.values()), (*rules, *map(_rule, further))


def _expanded(device: Device) -> Iterator[tuple[str, str]]:
    """A directory of devices stands for all of them."""
    if not os.path.isdir(device.source):
        yield device.source, device.destination
        return
    for path in _below(device.source):
        yield path, device.destination.rstrip("/") + path[len(device.source.rstrip("/")) :]


def _below(folder: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as problem:
        diagnostics.debug("devices in %s are left out: %s", folder, problem)
        return
    for entry in entries:
        if entry.name in _NOT_SHARED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) in (stat.S_IFCHR, stat.S_IFBLK):
            yield entry.path


def _node(source: str, destination: str) -> oci.Device | None:
    try:
        found = os.stat(source)
    except OSError:
        return None
    if stat.S_ISCHR(found.st_mode):
        kind = "c"
    elif stat.S_ISBLK(found.st_mode):
        kind = "b"
    else:
        return None
    return oci.Device(
        path=destination, type=kind, major=os.major(found.st_rdev), minor=os.minor(found.st_rdev),
        file_mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid,
    )  # fmt: skip
