"""Durations and sizes as go-units words them."""

from __future__ import annotations

import pytest

from seabox.model import human

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (120, "2 minutes"),
        (59 * 60 + 59, "59 minutes"),
        (HOUR, "About an hour"),
        (1.5 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (2 * DAY, "2 days"),
        (13 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert human.duration(seconds) == text


def test_since() -> None:
    assert human.since(10_000_000_000, 15_000_000_000) == "5 seconds ago"


def test_sizes() -> None:
    assert [human.size(n) for n in (0, 999, 1000, 1234567, 10**25)] == ["0B", "999B", "1kB", "1.235MB", "10YB"]
    assert human.size(4490000, 3, gap=" ") == "4.49 MB"
    assert human.binary_size(2 << 30) == "2GiB"
    assert human.binary_size(1536) == "1.5KiB"
