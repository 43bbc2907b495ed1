"""criu's files that the engine has to do with."""

from __future__ import annotations

import os
import time
from pathlib import Path

from seabox.checkpoint.criu import configuration, forget_unfinished_cache


def test_what_a_killed_criu_left_of_its_cache_goes(tmp_path: Path) -> None:
    """It keeps all others from writing one; what is being written this moment stays."""
    left = tmp_path / "criu.kdat.tmp"
    left.touch()
    forget_unfinished_cache(str(left))
    assert left.exists()
    os.utime(left, (time.time() - 100, time.time() - 100))
    forget_unfinished_cache(str(left))
    assert not left.exists()
    forget_unfinished_cache(str(left))


def test_what_criu_is_told_beyond_the_runtimes_words() -> None:
    usual = {"ghost-limit 1099511627776", "link-remap"}
    told = set(configuration(tcp_close=True, joined={"ipc": "/run/ipc"}, without_v2=True).decode().splitlines())
    assert told == usual | {"tcp-close", "join-ns ipc:/run/ipc", "cgroup-root :/cgroup.procs"}
    assert b"cgroup-root :/seabox/id\n" in configuration(tcp_close=False, v2_cgroup="/seabox/id")
