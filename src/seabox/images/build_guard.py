"""What a stranger's Containerfile must not do: reach the host's files by way of buildah."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidArgument
from ..model.decoding import decode
from .buildah import version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .needs import Host

# Before, buildah follows links out of what it mounts, and names of caches as well: CVE-2024-1753, CVE-2024-9675,
# CVE-2024-11218.
_MENDED = (1, 38, 1)
_HARMLESS = frozenset(("tmpfs", "secret", "ssh"))
_PLACES = ("docker-archive:", "docker-daemon:", "containers-storage:", "oci-archive:", "oci:", "dir:", "ostree:",
           "tarball:", "sif:")  # fmt: skip
_COMMENT = re.compile(r"^[ \t]*(?:#.*)?\r?\n", re.MULTILINE)
_CONTINUED = re.compile(r"[\\`][ \t]*\r?\n")
_CONTINUED_LEFT = re.compile(r"[\\`][ \t]*\r?\n[ \t]*")
_MOUNT = re.compile(r"--mount(?:=(\S*))?", re.IGNORECASE)
_TYPE = re.compile(r"(?:^|,)type=([a-z]+)(?=,|$)", re.IGNORECASE)


class MountRefused(InvalidArgument):
    """The host's buildah would let a build out: use a newer one, or do without the mount."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: mounts of this kind need buildah {'.'.join(map(str, _MENDED))} or newer on the host: what is "
            "here follows links out of them"
        )


def check_places(names: Iterable[str]) -> None:
    """Nothing, if none of the images is named by a place on this host. Raises: InvalidArgument."""
    for name in names:
        if name.startswith(_PLACES):
            raise InvalidArgument(f"{name}: an image for a build must be one that is here, or in a registry")


def triggers(config: bytes) -> Iterator[str]:
    """The lines that an image adds to what is made of it. buildah does not mind how their key is written."""
    document = decode(config, dict[str, Any])
    for key, settings in document.items():
        if key.lower() == "config" and isinstance(settings, dict):
            for name, lines in settings.items():
                if name.lower() == "onbuild" and isinstance(lines, list):
                    yield from map(str, lines)


def check_mounts(texts: Iterable[str], host: Host) -> None:
    """Nothing, if no mount that the texts ask for may be of the host's files. Raises: MountRefused.

    The texts are not parsed as buildah does it: what only looks like such a mount is refused as well.
    """
    old: bool | None = None
    for text in texts:
        plain = _COMMENT.sub("", text)
        for joined in (text, _CONTINUED.sub("", plain), _CONTINUED_LEFT.sub("", plain)):
            for found in _MOUNT.finditer(joined):
                kinds = _TYPE.findall(found[1] or "")
                if kinds and all(kind.lower() in _HARMLESS for kind in kinds):
                    continue
                if old is None:
                    old = version(host) < _MENDED
                if old:
                    raise MountRefused(f"RUN {found[0][:100]}")
