"""Values of flags: sizes as go-units reads them, durations and integers as Go does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seabox.model import literals


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("1b", 1),
        ("64k", 65536),
        ("64KB", 65536),
        ("1.5g", 3 << 29),
        ("2 MiB", 2 << 20),
        ("1p", 1 << 50),
        ("9007199254740993", 9007199254740993),
        (".5k", 512),
    ],
)
def test_size(text: str, size: int) -> None:
    assert literals.read_size(text) == size


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("300ms", 300_000_000),
        ("-1.5s", -1_500_000_000),
        ("1h2m3s", 3_723_000_000_000),
        (".5us", 500),
        ("1µs", 1000),
        ("+5s", 5_000_000_000),
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    assert literals.read_duration(text) == nanoseconds


@pytest.mark.parametrize(("text", "number"), [("010", 8), ("0b11", 3), ("-0x1f", -31), ("1_000", 1000), ("+3", 3)])
def test_int(text: str, number: int) -> None:
    assert literals.read_int(text) == number


@pytest.mark.parametrize(
    ("read", "text"),
    [(literals.read_size, text) for text in ("", "m", "-1", "1mm", "1kib2", "1 2", "..", "1e3", "٣")]
    + [(literals.read_duration, text) for text in ("", "s", "1", ".s", "1.2.3s", "1y", "--1s", "1s2", "9999999999h")]
    + [(literals.read_int, text) for text in ("", "-", "+-1", "1.5", " 1", "٣", "08", "1__0", "0x")]
    + [(literals.read_float, text) for text in ("", " 1", "1_0", "x")]
    + [(literals.read_pair, text) for text in ("", "=x")],
)
def test_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
