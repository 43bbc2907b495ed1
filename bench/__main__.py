"""`make bench`: every row, the subjects in turns, medians and ratios in one table. As root.

    python bench [--quick] [--runtime runc --runtime crun] [--only WORD] [--json FILE]

A row belongs to a file in rows/; each has a function `rows(place)`. A file with `ONCE = True` does not depend on the
OCI runtime. To add a row, add it there; to add a group, add a file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import rows as groups
from measure import Result, measure
from place import Place
from table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

# What netavark does, it does to a network namespace of this run's own. crun refuses a host where version 2 of cgroups
# has controllers beside version 1, so there it runs without version 2.
_APART = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c"]
_HERE, _WITHOUT_V2 = 'ip link set lo up; exec "$@"', "umount /sys/fs/cgroup/unified"
_HYBRID = "/sys/fs/cgroup/unified/cgroup.controllers"


def main() -> int:
    """Measure; with several runtimes each in a process of its own."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs and smaller stores")
    parser.add_argument("--runtime", action="append", choices=("runc", "crun"), help="both, unless given")
    parser.add_argument("--only", default="", metavar="WORD", help="rows with this word in their name or group")
    parser.add_argument("--times", type=int, default=0, help="measurements of each cell (0 = as the row says)")
    parser.add_argument("--json", metavar="FILE", help="write the results there too")
    parser.add_argument("--part", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if os.geteuid():
        print("bench: needs root", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # all that was made is removed on the way out
    if given.part:
        return _part(given)
    results: list[Result] = []
    absent: dict[str, str] = {}
    wanted = given.runtime or [name for name in ("runc", "crun") if shutil.which(name)]
    for number, runtime in enumerate(wanted):
        read, write = os.pipe()
        hides = runtime == "crun" and _has_controllers()
        child = subprocess.Popen(
            [*_APART, f"{_WITHOUT_V2}; {_HERE}" if hides else _HERE, "sh",
             sys.executable, str(Path(__file__).parent), "--part", f"/dev/fd/{write}", "--runtime", runtime,
             "--only", given.only, "--times", str(given.times), *(["--quick"] if given.quick else []),
             *(["--json", "first"] if number == 0 else [])],
            pass_fds=[write],
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as answers:
            for line in answers:
                kind, *told = json.loads(line)
                if kind == "absent":
                    absent.update(dict.fromkeys(told[0], "not installed"))
                else:
                    results.append(Result(*told))
                    print(f"  {results[-1].runtime or '-'}: {results[-1].name}", file=sys.stderr, flush=True)
        if child.wait():
            return 1
    print(table(results, absent))
    if given.json:
        Path(given.json).write_text(json.dumps([result._asdict() for result in results], indent=1) + "\n")
    return 0


def _has_controllers() -> bool:
    return os.path.exists(_HYBRID) and bool(Path(_HYBRID).read_text().split())


def _part(given: argparse.Namespace) -> int:
    """The rows for one runtime, each result told at once."""
    with open(given.part, "w", buffering=1) as out:
        for result in _results(given.runtime[0], given, out):
            out.write(json.dumps(["result", *result]) + "\n")
    return 0


def _results(runtime: str, given: argparse.Namespace, out: object) -> Iterator[Result]:
    place = Place(runtime, quick=given.quick)
    try:
        print(json.dumps(["absent", [name for name in ("podman", "docker") if not getattr(place, name)]]), file=out)
        for info in sorted(pkgutil.iter_modules(groups.__path__), key=lambda info: info.name):
            group = importlib.import_module(f"rows.{info.name}")
            once = getattr(group, "ONCE", False)
            if once and not given.json:
                continue
            for row in group.rows(place):
                if given.only in row.name or given.only == info.name:
                    times = given.times or (max(3, row.times // 3) if given.quick and row.times > 3 else row.times)
                    yield from measure(row, "" if once else runtime, times)
    finally:
        place.close()


if __name__ == "__main__":
    sys.exit(main())
