from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument
from seabox.streams import mux

FRAMES = st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=40)), max_size=6)


def test_a_frame_is_as_docker_writes_it() -> None:
    assert mux.encode(mux.STDERR, b"oops\n") == b"\x02\x00\x00\x00\x00\x00\x00\x05oops\n"
    assert mux.header(mux.STDOUT, 0x01020304) == b"\x01\x00\x00\x00\x01\x02\x03\x04"


@given(FRAMES, st.lists(st.integers(0, 300), max_size=6))
def test_any_cutting_gives_the_same_frames(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(mux.encode(stream, payload) for stream, payload in frames)
    places = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    decoder = mux.Decoder()
    found = [frame for begin, end in pairwise(places) for frame in decoder.feed(wire[begin:end])]
    assert found == frames
    assert not decoder.incomplete


def test_half_a_frame_is_known_to_be_half() -> None:
    decoder = mux.Decoder()
    assert list(decoder.feed(mux.encode(1, b"hello")[:-1])) == []
    assert decoder.incomplete


def test_something_else_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="not a multiplexed stream"):
        list(mux.Decoder().feed(b"hello world"))
