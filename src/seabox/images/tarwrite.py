"""Writing tar archives in pieces: ustar headers, with pax records for what those cannot say."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

BLOCK = 512
END = bytes(2 * BLOCK)
_KINDS = {
    stat.S_IFREG: b"0", stat.S_IFLNK: b"2", stat.S_IFCHR: b"3", stat.S_IFBLK: b"4", stat.S_IFDIR: b"5",
    stat.S_IFIFO: b"6",
}  # fmt: skip
_OCTAL_11 = 8**11


def header(
    name: str, *, mode: int = 0o644, kind: int = stat.S_IFREG, size: int = 0, uid: int = 0, gid: int = 0,
    modified: int = 0, link: str = "", hard: bool = False, device: int = 0,
    attributes: Mapping[str, bytes] | None = None,
) -> bytes:  # fmt: skip
    """The header blocks of one entry. `kind` is S_IFREG...; with `hard` it is another name of `link`; ns."""
    raw, raw_link = os.fsencode(name), os.fsencode(link)
    records: dict[str, bytes] = {}
    if len(raw) > 100:
        records["path"] = raw
    if len(raw_link) > 100:
        records["linkpath"] = raw_link
    for key, number, limit in (("uid", uid, 8**7), ("gid", gid, 8**7), ("size", size, _OCTAL_11)):
        if number >= limit:
            records[key] = b"%d" % number
    seconds, fraction = divmod(modified, 10**9)
    if fraction or not 0 <= seconds < _OCTAL_11:
        records["mtime"] = _decimal(modified)
    for key, value in sorted((attributes or {}).items()):
        records[f"SCHILY.xattr.{key}"] = value
    blocks = b""
    if records:
        text = b"".join(_record(key, value) for key, value in sorted(records.items()))
        blocks = _block(b"PaxHeaders.0/" + raw[:80], b"x", 0o644, len(text)) + text + bytes(-len(text) % BLOCK)
    return blocks + _block(
        raw[:100], b"1" if hard else _KINDS[kind], mode, size if size < _OCTAL_11 else 0, uid if uid < 8**7 else 0,
        gid if gid < 8**7 else 0, seconds if 0 <= seconds < _OCTAL_11 else 0, raw_link[:100], device,
    )  # fmt: skip


def padding(size: int) -> bytes:
    """What follows data of this size."""
    return bytes(-size % BLOCK)


def file(name: str, data: bytes, *, mode: int = 0o644, modified: int = 0) -> bytes:
    """One small file: header, data and padding."""
    return header(name, mode=mode, size=len(data), modified=modified) + data + padding(len(data))


def exactly(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """As many bytes as were announced, whatever became of the file meanwhile; with the padding."""
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= min(left, len(piece))
        if not left:
            break
    while left:
        zeros = bytes(min(left, 1 << 20))
        left -= len(zeros)
        yield zeros
    yield padding(size)


def _block(
    name: bytes, kind: bytes, mode: int, size: int, uid: int = 0, gid: int = 0, seconds: int = 0, link: bytes = b"",
    device: int = 0,
) -> bytes:  # fmt: skip
    fields = b"".join((
        name.ljust(100, b"\0"), b"%07o\0" % mode, b"%07o\0" % uid, b"%07o\0" % gid, b"%011o\0" % size,
        b"%011o\0" % seconds, b" " * 8, kind, link.ljust(100, b"\0"), b"ustar\00000", bytes(64),
        b"%07o\0%07o\0" % (os.major(device), os.minor(device)),
    )).ljust(BLOCK, b"\0")  # fmt: skip
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def _record(key: str, value: bytes) -> bytes:
    body = b" " + os.fsencode(key) + b"=" + value + b"\n"
    length = len(body)
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d" % length + body


def _decimal(ns: int) -> bytes:
    sign = b"-" if ns < 0 else b""
    whole, fraction = divmod(abs(ns), 10**9)
    return sign + b"%d" % whole + (b".%09d" % fraction).rstrip(b"0").rstrip(b".")
