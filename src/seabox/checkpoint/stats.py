"""criu's statistics: a small protobuf message, of which only numbers matter."""

from __future__ import annotations

_MAGICS = 8  # bytes: the two words that say what the file is
_DUMP = {
    1: "freezing_time", 2: "frozen_time", 3: "memdump_time", 4: "memwrite_time", 5: "pages_scanned",
    7: "pages_written",
}  # fmt: skip
_RESTORE = {3: "forking_time", 4: "restore_time", 5: "pages_restored"}


def read(path: str) -> dict[str, int]:
    """What `stats-dump` or `stats-restore` says: times in microseconds; empty if there is none to understand."""
    try:
        with open(path, "rb") as file:
            data = file.read(1 << 16)
    except FileNotFoundError:
        return {}
    for number, value in fields(data[_MAGICS + 4 :]):  # after the size of the message
        if isinstance(value, bytes) and number in (1, 2):
            words = _DUMP if number == 1 else _RESTORE
            return {words[n]: v for n, v in fields(value) if n in words and isinstance(v, int)}
    return {}


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """The fields of a protobuf message: numbers, and bytes for what is nested. Ends early where it makes no sense."""
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            found.append((number, value))
        elif kind == 2:
            size, at = _varint(data, at)
            found.append((number, data[at : at + size]))
            at += size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            found.append((number, int.from_bytes(data[at : at + size], "little")))
            at += size
        else:
            break
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            break
    return value, at
