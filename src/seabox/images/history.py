"""How an image was made, step by step, as its configuration tells it."""

from __future__ import annotations

import msgspec

from ..model.decoding import decode
from .config import created_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.image import ImageRow

MISSING = "<missing>"


class Step:
    """One step: the id of the image it led to (or "<missing>"), when (as written, and in ns), by what, bytes added."""

    __slots__ = ("by", "comment", "created", "created_at", "id", "size")

    def __init__(self, id: str, created: str, at: int, by: str, size: int, comment: str) -> None:
        self.id, self.created, self.created_at, self.by, self.size, self.comment = id, created, at, by, size, comment


class _Entry(msgspec.Struct, frozen=True):
    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool = False


class _History(msgspec.Struct, frozen=True):
    history: list[_Entry] | None = None


def steps(image: ImageRow, sizes: Sequence[int]) -> list[Step]:
    """The steps, the newest first; `sizes` are those of the layers, lowest first."""
    entries = _entries(image)
    left = list(sizes)
    found = []
    for entry in entries:
        size = 0 if entry.empty_layer or not left else left.pop(0)
        at = created_at(msgspec.json.encode({"created": entry.created or ""}))
        found.append(Step(MISSING, entry.created or "", at, entry.created_by or "", size, entry.comment or ""))
    found += [Step(MISSING, "", image.created_at, "", size, "") for size in left]  # layers nobody wrote about
    if found:
        found[-1].id = image.id
    return found[::-1]


def parent_of(image: ImageRow, others: Iterable[ImageRow]) -> ImageRow | None:
    """The image, of the others, that this one was made of by further steps; the nearest if there are several."""
    own = _entries(image)
    found, most = None, 0
    for other in others:
        if other.id != image.id and other.layers and other.layers == image.layers[: len(other.layers)]:
            theirs = _entries(other)
            if most < len(theirs) < len(own) and own[: len(theirs)] == theirs:
                found, most = other, len(theirs)
    return found


def _entries(image: ImageRow) -> list[_Entry]:
    try:
        return decode(image.config, _History).history or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
