"""`make trust`: every row in full, as one table.

    python -m trust [--sample N] [--seed N] [--no-peers] [ROW...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from . import blackbox, damage, deaths, fuzz, hazards, hosts, kills, load, machine, peers, profile, secrecy, service

Run = Callable[..., Iterator[kills.Tally]]


class Row(NamedTuple):
    """One line of the table. `once`: it needs no runtime. `asked`: it runs only when it is named."""

    check: str
    run: Run
    once: bool = False
    asked: bool = False


ROWS = {
    "R1": Row("kill -9 at every edge of every effect, one next call", kills.sweep),
    "R1n": Row("the same for containers with a network", partial(kills.sweep, networked=True)),
    "R1c": Row("the same for checkpoint, restore, fork and snapshots", partial(kills.sweep, asleep=True)),
    "R1p": Row("the same for pods", partial(kills.sweep, pods=True)),
    "R1s": Row("the command line killed by strace at system calls", blackbox.sweep),
    "R2": Row("ENOSPC, EIO, EMFILE, EBUSY, EINTR at every effect, one next call", partial(kills.sweep, errors=True)),
    "R3": Row("conmon, init, both or the whole tree killed", deaths.deaths),
    "R4": Row("states of the database that a crash or power cut leaves", damage.images, once=True),
    "R5": Row("a bit flipped, a file cut off; check --repair", damage.flips, once=True),
    "R6": Row("reboot with containers in every state", deaths.reboots),
    "R7": Row("create, start, read, wait, rm by 16 processes", load.lifecycles),
    "R8": Row("anything to 20 names by 16 processes; the history holds", load.storm),
    "R9": Row("10,000 containers in the store", load.crowd, once=True),
    "R10": Row("every byte through attach, exec and the log", hazards.integrity),
    "R11": Row("clients that attach and never read", hazards.stalled),
    "R12": Row("a log flooded for a minute", hazards.flood),
    "R13": Row("execs by 16 processes, a quarter of the clients killed", load.execs),
    "R14": Row("the container's pid given to a bystander", deaths.reused_pids),
    "R15": Row("the clock jumps by up to ten years", hazards.clocks),
    "R16": Row("20,000 lifecycles in one process (by name only)", load.soak, asked=True),
    "R17": Row("a FUSE mount that is stuck, a process in the root", hazards.stuck),
    "R18": Row("readers while every lock is held by a stopped process", hazards.readers),
    "S1": Row("flaws that other engines had, by number", profile.flaws),
    "S2": Row("the default profile, row by row", profile.defaults),
    "S3": Row("fuzz: layers, logs, requests, stored JSON, flags", fuzz.parsers, once=True),
    "S4": Row("state machine over the double", machine.fake, once=True),
    "S4r": Row("state machine over conmon and the runtime", machine.real),
    "S5": Row("the HTTP service: requests of anybody, two in one, huge, half, too many", service.requests),
    "S6": Row("directory and link exchanged during cp, export, commit", secrecy.races),
    "S7": Row("a secret looked for wherever others can read", secrecy.secrets),
    "S8": Row("rules about the source", profile.source, once=True),
    "S9": Row("images with one bit changed", fuzz.digests, once=True),
    "S10": Row("control characters on a terminal", secrecy.terminals, once=True),
}


def run_row(row: str, runtime: str, sample: int | None, seed: int, *, peer: bool = False) -> dict[str, object]:
    """One row on one runtime, in a child of its own."""
    with tempfile.TemporaryFile("w+") as answer:  # a pipe would hold no long list of failures

        def action() -> int:
            if row in ("R2", "R8", "R11", "R15"):  # what failing children say is part of the test, not of the table
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with tempfile.TemporaryDirectory(prefix="seabox-trust-", ignore_cleanup_errors=True) as folder:
                world = kills.World(folder, runtime)
                try:
                    *_, tally = ROWS[row].run(world, sample=sample, seed=seed)
                    told = peers.measure(row, runtime, world, seed) if peer else ""
                finally:
                    world.close()
            found = {"count": tally.kills, "points": len(tally.points), "failures": tally.failures, "peer": told}
            json.dump(found, answer)
            answer.flush()
            return 0

        code = hosts.in_child(runtime, action)
        if code == 0:
            answer.seek(0)
            found: dict[str, object] = json.load(answer)
            return found
    return {"count": 0, "points": 0, "failures": [f"the harness ended with {code}"], "peer": ""}


def main() -> int:
    """The table is printed; 1 if a row failed."""
    options = argparse.ArgumentParser(prog="trust", description=__doc__)
    options.add_argument("--sample", type=int, help="points per row and runtime (default: all)")
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--no-peers", action="store_true", help="leave podman alone")
    options.add_argument("row", nargs="*", default=[name for name, row in ROWS.items() if not row.asked])
    asked = options.parse_args()
    print(f"seed {asked.seed}")
    print(f"{'row':5}{'runtime':9}{'check':66}{'count':>7}  {'result':11}podman")
    failed = 0
    for name in asked.row:
        row, runtimes = ROWS[name], hosts.runtimes()
        for runtime in runtimes[:1] if row.once else runtimes:
            found = run_row(name, runtime, asked.sample, asked.seed, peer=not asked.no_peers and runtime == runtimes[0])
            failures = found["failures"]
            assert isinstance(failures, list)
            result = "ok" if not failures else f"{len(failures)} failed"
            shown = "-" if row.once else runtime
            print(f"{name:5}{shown:9}{row.check:66}{found['count']:>7}  {result:11}{found['peer']}", flush=True)
            for failure in failures[:20]:
                print(f"      {failure}")
            failed += bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
