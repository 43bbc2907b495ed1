"""Reading a tar archive as a stream: POSIX (ustar, pax) and GNU headers, nothing guessed, nothing written.

Names are the archive's own words; what becomes of ".." and links is the unpacker's affair.
"""

from __future__ import annotations

import os
from functools import lru_cache
from zlib import adler32

from ..errors import Damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
_LONGEST_HEADER = 1 << 20  # bytes of pax records or a GNU long name
_LARGEST = 1 << 62

FILE, HARD_LINK, LINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = "0", "1", "2", "3", "4", "5", "6"
_KINDS = frozenset("0123456")
_XATTR, _SPARSE = b"SCHILY.xattr.", b"GNU.sparse."
_NEWLINE = 10
_ADLER = 65521


class BadArchive(Damaged):
    """The archive cannot be read, or asks for something that no honest archive does: it is refused."""

    http_status = 400


class Member:
    """One entry of an archive. `size` is of the data that follows; `modified` in ns; `kind` one of the words above."""

    __slots__ = ("attributes", "device", "gid", "kind", "link", "mode", "modified", "name", "size", "uid")

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind, self.link = name, kind, ""
        self.mode = self.uid = self.gid = self.size = self.modified = self.device = 0
        self.attributes: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Member({self.name!r}, {self.kind!r}, {self.size})"


class Archive:
    """An archive that is being read. Iterate over the members; the data of one is there until the next is asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")
        self._at = 0
        self._left = 0  # of the member's data
        self._padding = 0
        self.position = 0  # of the bytes consumed so far

    def __iter__(self) -> Iterator[Member]:
        while (member := self._next()) is not None:
            yield member
        self._piece = memoryview(b"")
        for _ in self._pieces:  # what follows the end belongs to the digest
            pass

    def data(self) -> Iterator[memoryview]:
        """The member's data, in pieces that are only good until the next one is taken."""
        while self._left:
            piece = self._some(self._left)
            self._left -= len(piece)
            yield piece

    def _some(self, most: int) -> memoryview:
        start = self._at
        if start == len(self._piece):
            try:
                self._piece = memoryview(next(self._pieces))
            except StopIteration:
                raise BadArchive("tar: unexpected end of the archive") from None
            start = 0
        end = min(len(self._piece), start + most)
        self._at = end
        self.position += end - start
        return self._piece[start:end]

    def _take(self, size: int) -> bytes:
        start, end = self._at, self._at + size
        if end <= len(self._piece):
            self._at = end
            self.position += size
            return bytes(self._piece[start:end])
        parts = []
        while size:
            part = bytes(self._some(size))
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self._some(size))

    def _header(self) -> bytes | None:
        """The next header, None at the end of the archive: two empty blocks, one and the end, or just the end."""
        try:
            block = self._take(BLOCK)
        except BadArchive:
            if self.position % BLOCK == 0 and self.position:
                return None
            raise
        if block.count(0) == BLOCK:
            return None
        field = block[148:156]  # counts as eight spaces
        # half of an Adler-32 is a sum of bytes like this one, modulo a prime, and taken by C
        summed = (adler32(block) & 0xFFFF) - 1 - sum(field) + 8 * 32
        if (summed - _number(field, "checksum")) % _ADLER:
            raise BadArchive("tar: a header's checksum is wrong: not a tar archive, or a damaged one")
        return block

    def _next(self) -> Member | None:
        self._skip(self._left + self._padding)
        self._left = self._padding = 0
        records: dict[bytes, bytes] = {}
        while (block := self._header()) is not None:
            kind = chr(block[156])
            if kind in "xgLK":
                text = self._text(_number(block[124:136], "size"))
                if kind == "x":
                    records |= _records(text)
                elif kind != "g":  # a pax record of the same meaning wins
                    records.setdefault(b"path" if kind == "L" else b"linkpath", text.split(b"\0", 1)[0])
                continue
            member = _member(block, kind, records)
            if member.kind == FILE:
                self._left, self._padding = member.size, -member.size % BLOCK
            else:
                member.size = 0
            return member
        if records:
            raise BadArchive("tar: unexpected end of the archive")
        return None

    def _text(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise BadArchive(f"tar: an extended header of {size} bytes")
        text = self._take(size)
        self._skip(-size % BLOCK)
        return text


def _member(block: bytes, kind: str, records: dict[bytes, bytes]) -> Member:
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].split(b"\0", 1)[0] + b"/" + name
    name = records.get(b"path", name)
    if kind in "\x007":
        kind = FILE
    if kind == FILE and name.endswith(b"/"):
        kind = DIRECTORY  # as archives older than POSIX say it
    if kind == "S" or any(key.startswith(_SPARSE) for key in records):
        raise BadArchive(f"tar: {_shown(name)}: sparse files are not supported")
    if kind not in _KINDS:
        raise BadArchive(f"tar: {_shown(name)}: unknown type of entry {kind!r}")
    if b"\0" in name or not name:
        raise BadArchive(f"tar: {_shown(name)}: not a name")
    found = Member(os.fsdecode(name), kind)
    found.mode = _number(block[100:108], "mode") & 0o7777
    found.uid = _record_number(records, b"uid", block[108:116])
    found.gid = _record_number(records, b"gid", block[116:124])
    if not (found.uid < 1 << 32 and found.gid < 1 << 32):
        raise BadArchive(f"tar: {_shown(name)}: an owner beyond 32 bits")
    found.size = _record_number(records, b"size", block[124:136])
    if not found.size < _LARGEST:
        raise BadArchive(f"tar: {_shown(name)}: an impossible size")
    found.modified = _time(records[b"mtime"]) if b"mtime" in records else _signed(block[136:148]) * 10**9
    if not -(1 << 63) < found.modified < 1 << 63:
        found.modified = 0
    if kind in "12":
        link = records.get(b"linkpath", block[157:257].split(b"\0", 1)[0])
        if b"\0" in link or not link:
            raise BadArchive(f"tar: {_shown(name)}: a link to nothing")
        found.link = os.fsdecode(link)
    elif kind in "34":
        major, minor = _number(block[329:337], "device"), _number(block[337:345], "device")
        if major >= 1 << 12 or minor >= 1 << 20:
            raise BadArchive(f"tar: {_shown(name)}: an impossible device number")
        found.device = os.makedev(major, minor)
    if records:
        found.attributes = {
            os.fsdecode(key[len(_XATTR) :]): value for key, value in records.items() if key.startswith(_XATTR)
        }
    return found


def _shown(name: bytes) -> str:
    text = os.fsdecode(name[:200])
    return text if text.isprintable() else repr(text)


def _records(text: bytes) -> dict[bytes, bytes]:
    """The records of a pax header: "LENGTH KEY=VALUE\\n" each."""
    found: dict[bytes, bytes] = {}
    at, size = 0, len(text)
    while at < size:
        space = text.find(b" ", at, at + 20)
        digits = text[at:space] if space > at else b""
        end = at + int(digits) if digits.isdigit() else -1
        key, equals, value = text[space + 1 : end - 1].partition(b"=")
        if not space + 1 < end <= size or text[end - 1] != _NEWLINE or not equals or not key:
            raise BadArchive("tar: a malformed pax header")
        found[key] = value
        at = end
    return found


def _record_number(records: dict[bytes, bytes], key: bytes, field: bytes) -> int:
    if key not in records:
        return _number(field, key.decode())
    text = records[key]
    if not text.isdigit() or len(text) > 20:
        raise BadArchive(f"tar: a malformed pax header: {key.decode()}")
    return int(text)


def _number(field: bytes, what: str) -> int:
    number = _signed(field)
    if number < 0:
        raise BadArchive(f"tar: a negative {what}")
    return number


@lru_cache(1024)  # owners and modes are mostly the same
def _signed(field: bytes) -> int:
    """Octal digits, or GNU's form for large and negative numbers: big-endian after a first byte 0x80 or 0xff."""
    if field[0] & 0x80:
        number = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return number - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else number
    try:
        return int(field.strip(b"\0 ").partition(b"\0")[0] or b"0", 8)
    except ValueError:
        raise BadArchive("tar: a number is not octal: not a tar archive, or a damaged one") from None


def _time(text: bytes) -> int:
    """ns from "[-]SECONDS[.FRACTION]"."""
    whole, _, fraction = text.partition(b".")
    digits = whole.removeprefix(b"-")
    if not digits.isdigit() or len(digits) > 20 or (fraction and not fraction.isdigit()):
        raise BadArchive("tar: a malformed pax header: mtime")
    time = int(digits) * 10**9 + int(fraction[:9].ljust(9, b"0") or b"0")
    return -time if whole.startswith(b"-") else time
