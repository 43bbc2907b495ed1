"""How an image was made, step by step, as its configuration tells it."""

from __future__ import annotations

import msgspec

from ..model.decoding import decode
from .config import created_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.image import ImageRow

MISSING = "<missing>"


class Step:
    """One step: the id of the image it led to (or "<missing>"), when (as written, and in ns), by what, bytes added."""

    __slots__ = ("by", "comment", "created", "created_at", "id", "size")

    def __init__(self, id: str, created: str, at: int, by: str, size: int, comment: str) -> None:
        self.id, self.created, self.created_at, self.by, self.size, self.comment = id, created, at, by, size, comment


class Entry(msgspec.Struct, frozen=True):
    """One step as it is written."""

    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool = False


class _History(msgspec.Struct, frozen=True):
    history: list[Entry] | None = None


def steps(image: ImageRow, sizes: Sequence[int]) -> list[Step]:
    """The steps, the newest first; `sizes` are those of the layers, lowest first."""
    left = list(sizes)
    found = []
    for entry in entries(image):
        size = 0 if entry.empty_layer or not left else left.pop(0)
        at = created_at(msgspec.json.encode({"created": entry.created or ""}))
        found.append(Step(MISSING, entry.created or "", at, entry.created_by or "", size, entry.comment or ""))
    found += [Step(MISSING, "", image.created_at, "", size, "") for size in left]  # layers nobody wrote about
    if found:
        found[-1].id = image.id
    return found[::-1]


def entries(image: ImageRow) -> list[Entry]:
    """What is written of the steps, the oldest first."""
    try:
        return decode(image.config, _History).history or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
