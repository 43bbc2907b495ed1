"""`make trust`: every row in full, as one table.

    python -m trust [--sample N] [--seed N] [--no-peers] [--lanes N] [ROW...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

from . import blackbox, damage, deaths, fuzz, hazards, hosts, kills, load, machine, peers, profile, secrecy, service
from .world import Tally, World

Run = Callable[..., Iterator[Tally]]


class Row(NamedTuple):
    """One line of the table.

    `once`: it needs no runtime. `asleep`: it needs criu. `alone`: it takes times, or looks at all of the machine, or
    others would feel what it does; so nothing is at work beside it. `asked`: it runs only when it is named.
    """

    check: str
    run: Run
    once: bool = False
    asleep: bool = False
    alone: bool = False
    asked: bool = False


ROWS = {
    "R1": Row("kill -9 at every edge of every effect, one next call", kills.sweep),
    "R1n": Row("the same for containers with a network", partial(kills.sweep, networked=True)),
    "R1c": Row("the same for checkpoint, restore, fork and snapshots", partial(kills.sweep, asleep=True), asleep=True),
    "R1p": Row("the same for pods", partial(kills.sweep, pods=True)),
    "R1s": Row("the command line killed by strace at system calls", blackbox.sweep),
    "R2": Row("ENOSPC, EIO, EMFILE, EBUSY, EINTR at every effect, one next call", partial(kills.sweep, errors=True)),
    "R2n": Row("the same for containers with a network", partial(kills.sweep, errors=True, networked=True)),
    "R2c": Row("the same for criu and snapshots", partial(kills.sweep, errors=True, asleep=True), asleep=True),
    "R2p": Row("the same for pods", partial(kills.sweep, errors=True, pods=True)),
    "R3": Row("conmon, init, both or the whole tree killed", deaths.deaths, alone=True),
    "R4": Row("states of the database that a crash or power cut leaves", damage.images, once=True),
    "R5": Row("a bit flipped, a file cut off; check --repair", damage.flips, once=True),
    "R6": Row("reboot with containers in every state", deaths.reboots),
    "R7": Row("create, start, read, wait, rm by 16 processes", load.lifecycles, alone=True),
    "R8": Row("anything to 20 names by 16 processes; the history holds", load.storm, alone=True),
    "R9": Row("10,000 containers in the store", load.crowd, once=True, alone=True),
    "R10": Row("every byte through attach, exec and the log", hazards.integrity),
    "R11": Row("clients that attach and never read", hazards.stalled, alone=True),
    "R12": Row("a log flooded for a minute", hazards.flood, alone=True),
    "R13": Row("execs by 16 processes, a quarter of the clients killed", load.execs, alone=True),
    "R14": Row("the container's pid given to a bystander", deaths.reused_pids, alone=True),
    "R15": Row("the clock jumps by up to ten years", hazards.clocks, alone=True),
    "R16": Row("20,000 lifecycles in one process (by name only)", load.soak, alone=True, asked=True),
    "R17": Row("a FUSE mount that is stuck, a process in the root", hazards.stuck, alone=True),
    "R18": Row("readers while every lock is held by a stopped process", hazards.readers, alone=True),
    "S1": Row("flaws that other engines had, by number", profile.flaws),
    "S2": Row("the default profile, row by row", profile.defaults),
    "S3": Row("fuzz: layers, logs, requests, stored JSON, flags", fuzz.parsers, once=True),
    "S4": Row("state machine over the double", machine.fake, once=True),
    "S4r": Row("state machine over conmon and the runtime", machine.real),
    "S5": Row("the HTTP service: requests of anybody, two in one, huge, half, too many", service.requests, alone=True),
    "S6": Row("directory and link exchanged during cp, export, commit", secrecy.races),
    "S7": Row("a secret looked for wherever others can read", secrecy.secrets, alone=True),
    "S8": Row("rules about the source", profile.source, once=True),
    "S9": Row("images with one bit changed", fuzz.digests, once=True),
    "S10": Row("control characters on a terminal", secrecy.terminals, once=True),
}
_LOUD = ("R2", "R2n", "R2c", "R2p", "R8", "R11", "R15")  # what failing children say is part of the test there


class Job(NamedTuple):
    """One row on one runtime."""

    row: str
    runtime: str
    peer: bool = False  # podman is asked as well

    @property
    def alone(self) -> bool:
        return ROWS[self.row].alone

    @property
    def program(self) -> str:
        """The runtime's program, "" if there is none that can do this row."""
        return hosts.asleep(self.runtime) if ROWS[self.row].asleep else self.runtime


class AtWork:
    """A job that is being done, by a child of its own."""

    def __init__(self, job: Job, sample: int | None, seed: int) -> None:
        self.job = job
        self._answer = os.memfd_create("answer")  # a pipe would hold no long list of failures

        def action() -> int:
            if job.row in _LOUD:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with tempfile.TemporaryDirectory(prefix="seabox-trust-", ignore_cleanup_errors=True) as folder:
                told, tallies = "", deque([Tally()], maxlen=1)
                try:
                    with closing(World(folder, job.program)) as world:
                        tallies.extend(ROWS[job.row].run(world, sample=sample, seed=seed))
                        told = peers.measure(job.row, job.runtime, world, seed) if job.peer else ""
                except Exception:  # what was found until then is told
                    tallies[0].failures.append(traceback.format_exc())
            tally = tallies[0]
            found = {"count": tally.kills, "points": len(tally.points), "failures": tally.failures, "peer": told}
            os.write(self._answer, json.dumps(found).encode())
            return 0

        self.pid = hosts.begin(job.runtime, action)

    def found(self, code: int) -> dict[str, object]:
        """What it answered, once its child has ended with `code`."""
        with open(self._answer) as answer:
            if code == 0:
                answer.seek(0)
                found: dict[str, object] = json.load(answer)
                return found
        return {"count": 0, "points": 0, "failures": [f"the harness ended with {code}"], "peer": ""}


def run_row(row: str, runtime: str, sample: int | None, seed: int) -> dict[str, object]:
    """One row on one runtime, without podman."""
    work = AtWork(Job(row, runtime), sample, seed)
    return work.found(hosts.code_of(work.pid))


def in_order(jobs: list[Job], lanes: int, sample: int | None, seed: int) -> Iterator[tuple[Job, dict[str, object]]]:
    """Each job with what it found, in the order given; up to `lanes` are at work at once, some of them alone."""
    waiting, at_work, done = deque(jobs), dict[int, AtWork](), dict[Job, dict[str, object]]()

    def next_may_begin() -> bool:
        alone = any(work.job.alone for work in at_work.values()) or waiting[0].alone
        return len(at_work) < (1 if alone else lanes)

    for job in jobs:
        while job not in done:
            while waiting and next_may_begin():
                work = AtWork(waiting.popleft(), sample, seed)
                at_work[work.pid] = work
            pid, status = os.wait()
            work = at_work.pop(pid)
            done[work.job] = work.found(os.waitstatus_to_exitcode(status))
        yield job, done[job]


def main() -> int:
    """The table is printed; 1 if a row failed."""
    options = argparse.ArgumentParser(prog="trust", description=__doc__)
    options.add_argument("--sample", type=int, help="points per row and runtime (default: all)")
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--no-peers", action="store_true", help="leave podman alone")
    options.add_argument("--lanes", type=int, default=2, help="rows at work at once, where they bear it (default: 2)")
    options.add_argument("row", nargs="*", default=[name for name, row in ROWS.items() if not row.asked])
    asked = options.parse_args()
    runtimes = hosts.runtimes()
    jobs = [
        Job(name, runtime, peer=not asked.no_peers and runtime == runtimes[0])
        for name in asked.row for runtime in (runtimes[:1] if ROWS[name].once else runtimes)
    ]  # fmt: skip
    print(f"seed {asked.seed}")
    print(f"{'row':5}{'runtime':9}{'check':66}{'count':>7}  {'result':11}podman", flush=True)
    failed = 0
    for job, found in in_order([job for job in jobs if job.program], asked.lanes, asked.sample, asked.seed):
        row, failures = ROWS[job.row], found["failures"]
        assert isinstance(failures, list)
        result = "ok" if not failures else f"{len(failures)} failed"
        shown = "-" if row.once else job.runtime
        print(f"{job.row:5}{shown:9}{row.check:66}{found['count']:>7}  {result:11}{found['peer']}", flush=True)
        for failure in failures[:20]:
            print(f"      {failure}")
        failed += bool(failures)
    for job in jobs:
        if not job.program:
            print(f"{job.row:5}{job.runtime:9}{ROWS[job.row].check:66}{0:>7}  no criu")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
