"""Times in, times out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument
from seabox.logs.times import SECOND, format_time, parse_duration, parse_stamp, parse_when

NOW = 1_795_439_114_862_059_169  # 2026-11-23T13:05:14.862059169Z


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "2026-11-23T13:05:14.862059169Z"), ("Asia/Kolkata", "2026-11-23T18:35:14.862059169+05:30"),
     ("America/St_Johns", "2026-11-23T09:35:14.862059169-03:30")],
    indirect=["zone"],
)  # fmt: skip
def test_local_time_and_back(zone: str, text: str) -> None:
    assert format_time(NOW) == text
    assert parse_stamp(text.encode()) == NOW
    assert parse_when(text, now=0) == NOW
    assert parse_when(text[:29], now=0) == NOW  # without an offset: local


@given(st.integers(0, 4_500_000_000 * SECOND))
def test_every_moment_is_read_back(at: int) -> None:
    text = format_time(at)
    assert parse_stamp(text.encode()) == at
    assert parse_when(text, now=0) == at


@given(st.datetimes(datetime(1970, 1, 2), datetime(2115, 12, 30)), st.integers(-23 * 60, 23 * 60))
def test_as_the_standard_library_reads_it(moment: datetime, minutes: int) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = moment.isoformat(timespec="microseconds") + offset
    expected = datetime.fromisoformat(text).astimezone(UTC)
    whole = int((expected - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1) * SECOND
    assert parse_stamp(text.encode()) == whole + expected.microsecond * 1000


@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", NOW - 10 * SECOND), ("5m", NOW - 300 * SECOND), ("1h30m", NOW - 5400 * SECOND),
        ("-1h", NOW + 3600 * SECOND), ("1.5s", NOW - 1_500_000_000), ("250ms", NOW - 250_000_000), ("0s", NOW),
        ("1795439114", NOW - 862_059_169), ("1795439114.862059169", NOW), ("1795439114.8", NOW - 62_059_169),
        ("2026-11-23T13:05:14Z", NOW - 862_059_169), ("2026-11-23T13:05:14.862059169+00:00", NOW),
        ("2026-11-23T14:05:14+01:00", NOW - 862_059_169), ("2026-11-23T13:05", NOW - 14_862_059_169),
        ("2026-11-23", 1_795_392_000 * SECOND), ("2026-11-23Z", 1_795_392_000 * SECOND),
        ("2026-11-23+01:00", 1_795_388_400 * SECOND), ("2024-02-29", 1_709_164_800 * SECOND),
    ],
)  # fmt: skip
def test_since(zone: str, text: str, expected: int) -> None:
    assert parse_when(text, now=NOW) == expected


def test_until_counts_forwards() -> None:
    assert parse_when("10s", now=NOW, until=True) == NOW + 10 * SECOND
    assert parse_when("-1h", now=NOW, until=True) == NOW - 3600 * SECOND


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "10 s", "s", "1e5s", "1..5s", "2026-13-01", "2026-02-29", "2026-11-23T25:00", "--5s", "٣s",
     "2026-11-23T13", "2026-11-23T13:05:14+1:00", "2026-11-23T13:05:14.", "99999999999h", "1795439114.",
     "2026-11-23\n"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidArgument, match="neither a time nor a duration"):
        parse_when(text, now=NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        found = parse_when(text, now=NOW)
    except InvalidArgument:
        found = 0
    assert isinstance(found, int)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_stamp_or_none(text: bytes) -> None:
    assert parse_stamp(text) is None or text[4:5] == b"-"


def test_durations() -> None:
    assert parse_duration("1h1m1s1ms1us1ns") == 3661 * SECOND + 1_001_001
    assert parse_duration("+0") == 0
