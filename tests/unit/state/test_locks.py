"""Locks of objects: one order, never taken twice, and somebody to name when they cannot be had."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from seabox.errors import Busy
from seabox.state.locks import LockOrderError, Locks, Rank


@pytest.fixture
def locks(tmp_path: Path) -> Locks:
    return Locks(lambda rank, name: f"{tmp_path}/{rank.name.lower()}/{name}/lock", timeout=0.1)


def test_names_are_locked_in_one_order(locks: Locks) -> None:
    with locks.hold(Rank.CONTAINER, "b", "a", "b") as held:
        assert len(held) == 2
        with locks.hold(Rank.VOLUME, "a"), pytest.raises(LockOrderError), locks.hold(Rank.POD, "a"):
            pass
    with locks.hold(Rank.POD, "a"), locks.hold(Rank.CONTAINER, "b"):
        pass


@pytest.mark.parametrize("second", ["a", "b"])
def test_what_might_deadlock_is_refused_at_once(locks: Locks, second: str) -> None:
    with locks.hold(Rank.CONTAINER, "b"), pytest.raises(LockOrderError), locks.hold(Rank.CONTAINER, second):
        pass
    with locks.hold(Rank.CONTAINER, second):  # the refusal left nothing locked
        pass


def test_somebody_elses_lock_names_its_holder(locks: Locks) -> None:
    problems: list[BaseException] = []

    def want() -> None:
        try:
            with locks.hold(Rank.CONTAINER, "a"):
                pass
        except BaseException as problem:
            problems.append(problem)

    with locks.hold(Rank.CONTAINER, "a") as (held,):
        other = threading.Thread(target=want)
        other.start()
        other.join()
        assert isinstance(problems[0], Busy)
        assert str(os.getpid()) in problems[0].holder
        with held.released():
            other = threading.Thread(target=want)
            other.start()
            other.join()
        assert len(problems) == 1
        assert held.is_held


def test_a_discarded_lock_leaves_no_file(locks: Locks, tmp_path: Path) -> None:
    with locks.hold(Rank.CONTAINER, "a") as (held,):
        assert (tmp_path / "container/a/lock").exists()
        held.discard()
    assert list((tmp_path / "container").iterdir()) == []
    again = locks.try_hold(Rank.CONTAINER, "a")
    assert again is not None
    again.release()
