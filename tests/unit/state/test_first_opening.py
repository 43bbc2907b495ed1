"""A store that is not there yet, and several who open it at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from seabox.state.reserve import Reserve
from seabox.state.sqlite import SQLiteStore

ROUNDS, OPENERS = 60, 6


def test_all_of_them_open_it(tmp_path: Path) -> None:
    """SQLite waits for whoever writes, but not for whoever gives the database its log."""
    problems: list[BaseException] = []
    for number in range(ROUNDS):
        ready = threading.Barrier(OPENERS)

        def open_it(path: str = f"{tmp_path}/{number}/seabox.db", ready: threading.Barrier = ready) -> None:
            ready.wait()
            store = SQLiteStore(path)
            try:
                assert store.last_seq() == 0
            except BaseException as problem:
                problems.append(problem)
            finally:
                store.close()

        openers = [threading.Thread(target=open_it) for _ in range(OPENERS)]
        for opener in openers:
            opener.start()
        for opener in openers:
            opener.join()
    assert problems == []


def test_a_thread_that_has_ended_has_nothing_open(tmp_path: Path) -> None:
    store = SQLiteStore(f"{tmp_path}/seabox.db")
    store.last_seq()
    opened = []
    for _ in range(3):
        threads = [threading.Thread(target=store.last_seq) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        opened.append(sum(1 for fd in os.scandir("/proc/self/fd") if str(tmp_path) in _target(fd.path)))
    store.close()
    assert max(opened) <= 3 + 5  # SQLite keeps descriptors of the database itself for others to come


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def test_an_empty_database_is_given_no_log(tmp_path: Path) -> None:
    """Somebody else is about to fill it; SQLite would remove that log, and of two that do so one fails."""
    path = str(tmp_path / "seabox.db")
    Path(path).touch()
    Reserve(path).become_log()
    assert not os.path.exists(f"{path}-wal")
    store = SQLiteStore(path)
    assert store.last_seq() == 0
    assert os.path.samefile(f"{path}-wal", f"{path}-reserve")
    store.close()
