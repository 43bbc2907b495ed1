"""The journal's export format, whatever stands in it and wherever it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import Unsupported
from seabox.kernel.watch import Watch
from seabox.logs import journald
from seabox.logs.lines import STDERR, STDOUT


def exported(stream: int, text: bytes, *, ends: bool, at: int = 7) -> bytes:
    """An entry as journalctl writes it: a field that is no plain text with its length before it."""
    message = text + b"\n" if ends else text
    plain = not set(message) & set(range(32)) and message.isascii()
    field = b"MESSAGE=" + message if plain else b"MESSAGE\n" + len(message).to_bytes(8, "little") + message
    partial = b"" if ends else b"CONTAINER_PARTIAL_MESSAGE=true\n"
    head = b"__CURSOR=c%d\n__REALTIME_TIMESTAMP=%d\n_BOOT_ID=b\n" % (at, at)
    return head + partial + field + b"\nPRIORITY=%d\n\n" % {STDOUT: 6, STDERR: 3}[stream]


TEXTS = st.binary(max_size=30).map(lambda text: text.replace(b"\n", b""))
ENTRIES = st.lists(st.tuples(st.sampled_from((STDOUT, STDERR)), TEXTS, st.booleans()))


@given(entries=ENTRIES, cuts=st.lists(st.integers(0, 400), max_size=5))
def test_entries_in_blocks_of_any_size(entries: list[tuple[int, bytes, bool]], cuts: list[int]) -> None:
    data = b"".join(exported(stream, text, ends=ends, at=at) for at, (stream, text, ends) in enumerate(entries))
    parser, found, begin = journald.Parser(), [], 0
    for end in [*sorted(cuts), len(data)]:
        found += parser.feed(data[begin:end])
        begin = max(begin, min(end, len(data)))
    assert [(each.stream, each.text, each.ends) for each in found] == entries
    assert [(each.at, each.cursor) for each in found] == [(at * 1000, f"c{at}") for at in range(len(entries))]


def test_what_is_none_of_conmons_is_passed_over() -> None:
    foreign = exported(STDOUT, b"x", ends=True).replace(b"PRIORITY=6", b"PRIORITY=4")
    empty = exported(STDOUT, b"", ends=False).replace(b"MESSAGE=", b"OTHER=")
    found = list(journald.Parser().feed(foreign + empty + b"\n" + exported(STDERR, b"y", ends=True)))
    assert [(each.stream, each.text) for each in found] == [(STDERR, b"y")]


def test_without_journalctl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journald, "_PROGRAMS", ("/no/such/program",))
    with Watch() as watch, pytest.raises(Unsupported, match="there is no journalctl to read it with"):
        list(journald.read("id", watch))
