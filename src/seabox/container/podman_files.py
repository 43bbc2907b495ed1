"""What podman's archives say about a container's files beside its layer: what was deleted, and how `/` looked.

podman's containers have a root of mode 0555, whatever the image says; criu wants to find it as it was.
"""

from __future__ import annotations

import os

import msgspec

from ..checkpoint.criu import root_mode
from ..checkpoint.document import BadCheckpoint
from ..checkpoint.intake import DELETED, IMAGES
from ..images.tarwrite import END, header
from ..images.unpack import unpack
from ..kernel import files
from ..model import decoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def complete(place: str, layer: str, lowers: Sequence[str], *, deleted: bool) -> None:
    """The directory `layer` over `lowers`, the lowest first, is what the container had written.

    `place`: where podman's checkpoint is, with a list of what was deleted, that counts if `deleted`. `layer` may be
    missing.
    Raises: BadCheckpoint, BadArchive, OSError.
    """
    files.make_dirs(layer, 0o755)
    gone = _deleted(f"{place}/{DELETED}") if deleted else []
    marks = (header("/".join((*parts[:-1], f".wh.{parts[-1]}"))) for parts in gone)
    unpack((piece for part in (marks, (END,)) for piece in part), layer, packed=1 << 20, below=lowers[::-1])
    mode = root_mode(f"{place}/{IMAGES}")
    if mode is not None:
        files.chmod(layer, mode)


def _deleted(listed: str) -> list[tuple[str, ...]]:
    """What was deleted, without what is below of it."""
    name = os.path.basename(listed)
    try:
        with open(listed, "rb") as file:
            paths = decoding.decode(file.read(), tuple[str, ...])
    except FileNotFoundError:
        return []
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise BadCheckpoint(f"{name} of podman cannot be read: {problem}") from None
    gone: set[tuple[str, ...]] = set()
    for path in paths:
        parts = tuple(part for part in path.split("/") if part not in ("", "."))
        if not parts or ".." in parts or "\0" in path or parts[-1].startswith(".wh."):
            raise BadCheckpoint(f"{name} names {path!a}, which is no file")
        gone.add(parts)
    return sorted(parts for parts in gone if not any(parts[:count] in gone for count in range(1, len(parts))))
