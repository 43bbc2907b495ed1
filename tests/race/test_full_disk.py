"""A store on a full file system, which several processes use while others take every byte that becomes free."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.home import SOURCE
from seabox.kernel import mounts
from seabox.kernel.allocation import free_space
from seabox.model.record import Claim, ContainerFacts, ContainerState, EventKind, Intent, ProcessId
from seabox.state.reserve import SIZE
from seabox.state.sqlite import SQLiteStore, StoreFailed
from seabox.state.store import Occurrence

ME = ProcessId(os.getpid(), 12, "boot")
IDS = [digit * 64 for digit in "01234567"]
WORKERS, TURNS = 4, 12
WORKER = f"""
import os, random, sys
sys.path[:0] = [{SOURCE!r}, {str(Path(__file__).parents[1])!r}]
from race.test_full_disk import IDS, use
chance = random.Random(int(sys.argv[2]))
for _ in range({TURNS}):
    if not os.fork():
        use(sys.argv[1], chance)
        os._exit(0)
    chance.random()
    if os.wait()[1]:
        sys.exit(1)
"""


def use(path: str, chance: object) -> None:
    """A process that reads and writes, and closes the store, or just ends."""
    import random

    assert isinstance(chance, random.Random)
    store = SQLiteStore(path)
    for _ in range(chance.choice((1, 2, 4))):
        id = chance.choice(IDS)
        claim = Claim(Intent.STOP, ME, 7)
        store.claim(id, claim)
        store.unclaim(id, claim)
        store.commit(id, store.load(id).state, [Occurrence(EventKind.START)], durable=chance.random() < 0.3)
        assert len(list(store.records())) == len(IDS)
    if chance.random() < 0.5:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    """A store with some containers, alone on a small file system."""
    if os.geteuid() != 0:
        pytest.skip("mounts need root")
    mounts.mount_tmpfs(str(tmp_path), 8 << 20)
    try:
        store = SQLiteStore(f"{tmp_path}/seabox.db")
        for id in IDS:
            facts = ContainerFacts(id, id[:3], 1, "busybox", "", "sh", "", "/usr/bin/crun", False, 15, 10, "no")
            store.add(facts, b"{}", (), Claim(Intent.CREATE, ME, 1))
            store.commit(id, ContainerState(), [Occurrence(EventKind.CREATE)], unclaim=True)
        store.close()
        yield f"{tmp_path}/seabox.db"
    finally:
        mounts.umount(str(tmp_path), detach=True)


def _fill(path: str) -> None:
    """No byte is free where `path` is."""
    with suppress(OSError), open(f"{os.path.dirname(path)}/fill", "ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert free_space(os.path.dirname(path)) == 0


def test_several_processes_and_one_that_takes_what_is_free(path: str) -> None:
    _fill(path)
    script = "while :; do cat /dev/zero 2>/dev/null >>$0; done"
    greedy = subprocess.Popen(["sh", "-c", script, f"{os.path.dirname(path)}/more"], start_new_session=True)
    try:
        workers = [
            subprocess.Popen([sys.executable, "-c", WORKER, path, str(seed)], stderr=subprocess.PIPE, text=True)
            for seed in range(WORKERS)
        ]
        said = [worker.communicate(timeout=300)[1] for worker in workers]
        assert said == [""] * WORKERS
        assert [worker.returncode for worker in workers] == [0] * WORKERS
    finally:
        os.killpg(greedy.pid, signal.SIGKILL)
        greedy.wait()
    assert os.stat(f"{path}-reserve").st_blocks * 512 >= SIZE


@pytest.mark.parametrize("held", [False, True], ids=["nobody has it open", "somebody has it open"])
def test_it_lasts_for_hundreds_of_moves(path: str, held: bool) -> None:
    """And what is in the log is not lost when the space is used up, nor when there is room again."""
    holder = SQLiteStore(path)
    if held:
        assert holder.last_seq()
    _fill(path)
    store, moves = SQLiteStore(path), 0
    with suppress(StoreFailed):
        while moves < 10_000:
            store.commit(IDS[0], ContainerState(), [Occurrence(EventKind.START)] * 5)
            moves += 1
    assert 300 < moves < 10_000
    assert store.last_seq() == len(IDS) + 5 * moves
    os.unlink(f"{os.path.dirname(path)}/fill")
    store.commit(IDS[0], ContainerState(), [Occurrence(EventKind.STOP)])
    store.close()
    holder.close()
    again = SQLiteStore(path)
    assert again.last_seq() == len(IDS) + 5 * moves + 1
    again.close()


def test_what_a_killed_narrow_user_wrote_is_there(path: str) -> None:
    """It has left its log, which the next one reads on the full disk."""
    _fill(path)
    before = SQLiteStore(path).last_seq()
    child = os.fork()
    if not child:
        store = SQLiteStore(path)
        with store.transaction():
            pass
        with store.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            store.write_events(db, IDS[0], [Occurrence(EventKind.START)])
            db.execute("COMMIT")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert SQLiteStore(path).last_seq() == before + 1


def test_a_copy_of_a_store_gets_a_log_of_its_own(path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A copy, a backup that was brought back, has two files where there were two names of one."""
    store = SQLiteStore(path)
    store.commit(IDS[0], ContainerState(), [Occurrence(EventKind.START)])
    copy = tmp_path_factory.mktemp("copy") / "seabox.db"
    for name in ("", "-wal", "-reserve"):
        Path(f"{copy}{name}").write_bytes(Path(f"{path}{name}").read_bytes())
    store.commit(IDS[0], ContainerState(), [Occurrence(EventKind.STOP)])
    store.close()
    second = SQLiteStore(str(copy))
    assert second.last_seq() == len(IDS) + 1
    assert os.path.samefile(f"{copy}-wal", f"{copy}-reserve")
    second.commit(IDS[0], ContainerState(), [Occurrence(EventKind.STOP)])
    second.close()
    assert SQLiteStore(str(copy)).last_seq() == len(IDS) + 2
    with sqlite3.connect(str(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA freelist_count").fetchone()[0] >= 32
