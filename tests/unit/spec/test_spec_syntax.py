"""Signals, sizes and facts: the small words of the language."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument
from seabox.model.signals import signal_name, signal_number
from seabox.spec.facts import host_facts
from seabox.spec.limits import parse_size
from seabox.spec.text import normal


@pytest.mark.parametrize(
    ("text", "number"),
    [("TERM", 15), ("SIGTERM", 15), ("sigkill", 9), ("15", 15), (1, 1), ("64", 64), ("RTMIN", 34), ("RTMIN+3", 37),
     ("SIGRTMAX-1", 63), ("rtmax", 64), ("CLD", 17), ("POLL", 29), ("WINCH", 28),
     ("-1", 1), ("-SIGUSR1", 10)],
)  # fmt: skip
def test_signals(text: str | int, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "SIG", "NOPE", "RTMIN+", "RTMIN+99", "RTMAX+1", "RTMIN-1", "--9", "-0", "-", "-SIG", "-65", "999999", "1.5",
     "٩", 0, -1, 65, "99"],
)  # fmt: skip
def test_what_is_no_signal(text: str | int) -> None:
    with pytest.raises(InvalidArgument, match=r"invalid signal: |valid signals are 1 through 64"):
        signal_number(text)


@given(st.integers(1, 64))
def test_every_name_is_read_back(number: int) -> None:
    assert signal_number(signal_name(number)) == number
    if number < 32:
        assert signal_name(number) == signal.Signals(number).name


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("1b", 1), ("64k", 65536), ("64KB", 65536), ("64KiB", 65536), ("1.5m", 3 << 19),
     ("2g", 2 << 30), ("1 GB", 1 << 30), ("-1", -1)],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "k", "1x", "1.m", ".5m", "1kk", "-2", "1e3", "٣", "1.2.3", "99999999999g", "0x10", "1\n"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid size"):
        parse_size(text)


@given(st.text("a./", max_size=12))
def test_a_normal_path_stays_and_goes_nowhere(path: str) -> None:
    clean = normal(path)
    assert clean == normal(clean)
    assert clean.startswith("/")
    assert not {"", ".", ".."} & set(clean.strip("/").split("/")) or clean == "/"


def test_facts_of_this_host() -> None:
    facts = host_facts()
    assert facts is host_facts()
    assert facts.kernel > (4, 0)
    assert facts.rlimits["nofile"][1] > 0
    assert facts.cgroup_mode in ("v1", "hybrid", "v2")
