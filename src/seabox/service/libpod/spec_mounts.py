"""What a SpecGenerator says of mounts, volumes and devices, as the engine takes it."""

from __future__ import annotations

from ...errors import InvalidArgument
from ...model.container import Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import spec_body as body

_WITHOUT_EFFECT = ("consistency",)  # of a desktop's shared folders


def asked_mounts(spec: body.SpecGenerator) -> list[Mount]:
    """All its mounts. Raises: InvalidArgument."""
    found = [_mount(each) for each in spec.mounts or ()]
    for volume in spec.volumes or ():
        found.append(
            Mount(
                type="volume", source="" if volume.is_anonymous else volume.name or "", destination=volume.dest or "",
                options=tuple(volume.options or ()), subpath=(volume.sub_path or "").removeprefix("/"),
            )
        )  # fmt: skip
    for overlay in spec.overlay_volumes or ():
        source, options = overlay.source or "", tuple(overlay.options or ())
        found.append(
            Mount(
                type="bind" if source.startswith("/") else "volume", source=source,
                destination=overlay.destination or "", options=options if "O" in options else (*options, "O"),
            )
        )  # fmt: skip
    for image in spec.image_volumes or ():
        found.append(
            Mount(
                type="image", source=image.source or "", destination=image.destination or "",
                options=("rw" if image.read_write else "ro",), subpath=(image.sub_path or "").removeprefix("/"),
            )
        )  # fmt: skip
    return found


def _mount(said: body.Mount) -> Mount:
    kind, source = said.type or "bind", said.source or ""
    options = tuple(option for option in said.options or () if option.partition("=")[0] not in _WITHOUT_EFFECT)
    if kind in ("tmpfs", "ramfs", "devpts"):
        source = ""
    return Mount(type=kind, source=source, destination=said.destination or "", options=options)


def device_rules(rules: Iterable[body.DeviceRule]) -> list[str]:
    """The rules as TYPE MAJOR:MINOR ACCESS. Raises: InvalidArgument: one that forbids."""
    found = []
    for rule in rules:
        if rule.allow is False:
            raise InvalidArgument("a device cgroup rule can only allow: all else is forbidden anyway")
        numbers = ["*" if number is None or number < 0 else str(number) for number in (rule.major, rule.minor)]
        found.append(f"{rule.type or 'a'} {':'.join(numbers)} {rule.access or 'rwm'}")
    return found
