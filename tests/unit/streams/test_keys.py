from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument
from seabox.streams.keys import DetachMatcher, parse_detach_keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("", b""),
        ("a", b"a"),
        ("A,-", b"A-"),
        ("ctrl-A,ctrl-z,x", b"\x01\x1ax"),
        ("CTRL-a", b"\x01"),
        ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
    ],
)
def test_what_the_words_mean(text: str, keys: bytes) -> None:
    assert parse_detach_keys(text) == keys


@pytest.mark.parametrize(
    "text", [",", "a,", "ctrl-", "ctrl-1", "ctrl-ab", "ab", "é", "ctrl-é", "shift-a", " a", "ctrl-p ctrl-q"]
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid detach keys"):
        parse_detach_keys(text)


LETTERS = st.sampled_from([b"a", b"b", b"\x10", b"\x11"])


@given(st.lists(LETTERS, max_size=4).map(b"".join), st.lists(st.lists(LETTERS, max_size=6).map(b"".join), max_size=8))
def test_any_cutting_gives_the_same_result(keys: bytes, pieces: list[bytes]) -> None:
    typed = b"".join(pieces)
    matcher = DetachMatcher(keys)
    forwarded = b""
    for piece in pieces:
        some, detached = matcher.feed(piece)
        forwarded += some
        assert b"".join(pieces).startswith(forwarded)
        if detached:
            break
    else:
        forwarded += matcher.flush()
        assert not keys or keys not in typed
        assert forwarded == typed
        return
    assert forwarded == typed[: typed.index(keys)]


def test_a_partial_match_is_held_back_and_given_out_when_it_fails() -> None:
    matcher = DetachMatcher(b"\x10\x11")
    assert matcher.feed(b"ls\x10") == (b"ls", False)
    assert matcher.feed(b"x") == (b"\x10x", False)
    assert matcher.feed(b"\x10\x10") == (b"\x10", False)
    assert matcher.feed(b"\x11rest") == (b"", True)
    assert matcher.flush() == b""
