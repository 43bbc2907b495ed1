from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seabox.kernel import effects
from seabox.streams.spool import MEMORY, Spool

STEPS = st.lists(
    st.one_of(st.tuples(st.just("put"), st.integers(0, MEMORY)), st.tuples(st.just("take"), st.integers(1, MEMORY))),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(STEPS)
def test_what_goes_in_comes_out_in_its_order(tmp_path: Path, steps: list[tuple[str, int]]) -> None:
    spool = Spool(str(tmp_path))
    given_, taken, at = bytearray(), bytearray(), 0
    for what, count in steps:
        if what == "put":
            data = bytes((at + n) % 251 for n in range(0, count, 97)) * 97
            at += 1
            given_ += data
            spool.put(data)
        else:
            piece = spool.peek(count)
            assert piece or not len(spool)
            spool.drop(len(piece))
            taken += piece
        assert len(spool) == len(given_) - len(taken)
    while piece := spool.peek(1 << 20):
        spool.drop(len(piece))
        taken += piece
    assert taken == given_
    spool.close()
    spool.close()
    assert os.listdir(tmp_path) == []


def test_most_of_it_is_not_in_memory(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    for n in range(64):
        spool.put(bytes([n]) * (1 << 20))
    assert len(spool._near) <= MEMORY
    got = 0
    while piece := spool.peek(1 << 20):
        assert piece[:1] == bytes([got >> 20])
        spool.drop(len(piece))
        got += len(piece)
    assert got == 64 << 20
    spool.close()


def test_a_full_disk_is_done_without(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))

    def full(name: str, when: str) -> None:
        if (name, when) == ("open", "before"):
            raise OSError(28, "no space left on device")

    effects.observe(full)
    try:
        for n in range(8):
            spool.put(bytes([n]) * MEMORY)
    finally:
        effects.observe(None)
    assert len(spool) == 8 * MEMORY
    assert [spool.peek(1)[0] for n in range(8) if (spool.drop(MEMORY * (n > 0)) is None)] == list(range(8))


def test_a_disk_that_becomes_full_keeps_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(str(tmp_path))
    spool.put(b"a" * MEMORY, b"b" * MEMORY)

    def full(*_: object) -> int:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    spool.put(b"c" * MEMORY)
    got = b""
    while piece := spool.peek(1 << 20):
        spool.drop(len(piece))
        got += piece
    assert got == b"a" * MEMORY + b"b" * MEMORY + b"c" * MEMORY
    spool.close()
