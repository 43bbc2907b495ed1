"""`make trust`: the rows that exist so far, in full, as one table.

    python -m trust [--sample N] [--seed N] [ROW...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from functools import partial

from . import blackbox, deaths, hosts, kills

ROWS = {
    "R1": ("kill -9 at every edge of every effect, one next call", kills.sweep),
    "R1n": ("the same for containers with a network", partial(kills.sweep, networked=True)),
    "R1c": ("the same for checkpoint, restore, fork and snapshots", partial(kills.sweep, asleep=True)),
    "R1p": ("the same for pods", partial(kills.sweep, pods=True)),
    "R1s": ("the command line killed by strace at system calls", blackbox.sweep),
    "R2": ("ENOSPC, EIO, EMFILE, EBUSY, EINTR at every effect, one next call", partial(kills.sweep, errors=True)),
    "R3": ("conmon, init, both or the whole tree killed", deaths.deaths),
    "R6": ("reboot with containers in every state", deaths.reboots),
    "R14": ("the container's pid given to a bystander", deaths.reused_pids),
}


def run_row(row: str, runtime: str, sample: int | None, seed: int) -> dict[str, object]:
    """One row on one runtime, in a child of its own."""
    reader, writer = os.pipe()

    def action() -> int:
        os.close(reader)
        if row == "R2":  # what failing children say is part of the test, not of the table
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with tempfile.TemporaryDirectory(prefix="seabox-trust-") as folder:
            world = kills.World(folder, runtime)
            try:
                *_, tally = ROWS[row][1](world, sample=sample, seed=seed)
            finally:
                world.close()
        found = {"count": tally.kills, "points": len(tally.points), "failures": tally.failures}
        os.write(writer, json.dumps(found).encode())
        return 0

    code = hosts.in_child(runtime, action)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    return json.loads(text) if text else {"count": 0, "points": 0, "failures": [f"the harness ended with {code}"]}


def main() -> int:
    """The table is printed; 1 if a row failed."""
    options = argparse.ArgumentParser(prog="trust", description=__doc__)
    options.add_argument("--sample", type=int, help="points per row and runtime (default: all)")
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("row", nargs="*", default=list(ROWS))
    asked = options.parse_args()
    print(f"seed {asked.seed}")
    print(f"{'row':5}{'runtime':9}{'check':66}{'count':>7}  result   podman")
    failed = 0
    for row in asked.row:
        for runtime in hosts.runtimes():
            found = run_row(row, runtime, asked.sample, asked.seed)
            failures = found["failures"]
            assert isinstance(failures, list)
            result = "ok" if not failures else f"{len(failures)} failed"
            print(f"{row:5}{runtime:9}{ROWS[row][0]:66}{found['count']:>7}  {result:8} not measured", flush=True)
            for failure in failures:
                print(f"      {failure}")
            failed += bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
