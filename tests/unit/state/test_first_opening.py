"""A store that is not there yet, and several who open it at once."""

from __future__ import annotations

import threading
from pathlib import Path

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
