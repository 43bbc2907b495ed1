"""Limits on block devices: --blkio-weight*, --device-read-bps and its like, from text to numbers to cgroup settings."""

from __future__ import annotations

import os
import stat

from ..errors import InvalidArgument, Refused
from ..model import oci
from ..model.container import DeviceLimit
from .limits import parse_size
from .text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import Resources

_MAX = 2**63 - 1
_BPS = "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
_IOPS = "<device-path>:<number>. Number must be a positive integer"


def parse_weight(value: int | None) -> int | None:
    """A weight from 10 to 1000; None for none. Raises: InvalidArgument."""
    if value and not 10 <= value <= 1000:
        raise InvalidArgument(f"range of blkio weight is from 10 to 1000: {value}")
    return value or None


def parse_weights(texts: Iterable[str]) -> tuple[DeviceLimit, ...]:
    """`PATH:WEIGHT`. Raises: InvalidArgument with podman's words."""
    found = []
    for text in texts:
        path, value = _split(text)
        if not value.isdecimal() or not value.isascii() or not 10 <= int(value) <= 1000:
            raise InvalidArgument(f"invalid weight for device: {text}")
        found.append(DeviceLimit(path=path, value=int(value)))
    return tuple(found)


def parse_rates(texts: Iterable[str], *, bytes: bool) -> tuple[DeviceLimit, ...]:
    """`PATH:NUMBER`, with a unit if it is about bytes. Raises: InvalidArgument with podman's words."""
    found = []
    for text in texts:
        path, value = _split(text)
        try:
            rate = parse_size(value) if bytes else int(value) if value.isascii() and value.isdecimal() else -1
        except InvalidArgument:
            rate = -1
        if not 0 <= rate <= _MAX:
            raise InvalidArgument(
                f"invalid rate for device: {text}. The correct format is {_BPS if bytes else _IOPS}"
            )
        found.append(DeviceLimit(path=path, value=rate))
    return tuple(found)


def _split(text: str) -> tuple[str, str]:
    path, colon, value = plain("device limit", text).partition(":")
    if not colon or not path:
        raise InvalidArgument(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise InvalidArgument(f"bad format for device path: {text}")
    try:
        mode = os.stat(path).st_mode
    except OSError as problem:
        raise InvalidArgument(f"stat {path}: {(problem.strerror or 'unknown error').lower()}") from None
    if not stat.S_ISBLK(mode) and not stat.S_ISCHR(mode):
        raise InvalidArgument(f"{path} is not a device")
    return path, value


def block_io(asked: Resources) -> oci.BlockIO | None:
    """What the cgroup is told; None if nothing is asked for. Raises: Refused if a device is gone."""
    found = oci.BlockIO(
        weight=asked.blkio_weight,
        weight_device=tuple(
            oci.WeightDevice(major=major, minor=minor, weight=each.value)
            for each in asked.blkio_weight_devices
            for major, minor in (device_numbers(each.path),)
        ),
        throttle_read_bps_device=_throttles(asked.read_bps),
        throttle_write_bps_device=_throttles(asked.write_bps),
        throttle_read_iops_device=_throttles(asked.read_iops),
        throttle_write_iops_device=_throttles(asked.write_iops),
    )
    return None if found == oci.BlockIO() else found


def _throttles(limits: Iterable[DeviceLimit]) -> tuple[oci.ThrottleDevice, ...]:
    return tuple(
        oci.ThrottleDevice(major=major, minor=minor, rate=each.value)
        for each in limits
        for major, minor in (device_numbers(each.path),)
    )


def device_numbers(path: str) -> tuple[int, int]:
    """Major and minor number of the device. Raises: Refused if it is gone."""
    try:
        number = os.stat(path).st_rdev
    except OSError as problem:
        raise Refused(f"stat {path}: {(problem.strerror or 'unknown error').lower()}") from None
    return os.major(number), os.minor(number)
