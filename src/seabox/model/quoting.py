"""Texts quoted as Go quotes them: error texts are compared with podman's."""

from __future__ import annotations

ESCAPES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\"}


def quote(value: str, mark: str = '"') -> str:
    """`%q`: in double quotes, with whatever does not print escaped; bytes that were no UTF-8 as \\xNN."""
    plain = (char if char.isprintable() and char not in "\\\"'" else _escaped(char, mark) for char in value)
    return mark + "".join(plain) + mark


def _escaped(char: str, mark: str) -> str:
    if char in "\"'":
        return "\\" + char if char == mark else char
    if char in ESCAPES:
        return "\\" + ESCAPES[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how os.fsdecode keeps a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
