"""podman, where it is installed: the same questions in the same run."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable

from ..world import World
from . import crashes, loads, strangers
from .podman import Podman

NOT_INSTALLED = "not installed"
NO_COUNTERPART = "no counterpart"  # S3, S4, S8 are about our own parsers, calls and source; R16 about one process

ROWS: dict[str, Callable[[Podman, random.Random], str]] = {
    "R1": crashes.swept, "R1n": crashes.swept_in_networks, "R1c": crashes.swept_asleep, "R1p": crashes.swept_pods,
    "R1s": crashes.started_again, "R2": crashes.failing_calls, "R3": crashes.conmon_killed,
    "R4": crashes.crashed_writes, "R5": crashes.flips, "R6": crashes.reboots, "R7": loads.lifecycles,
    "R8": loads.storm, "R9": loads.crowd, "R10": loads.integrity, "R11": loads.stalled, "R12": loads.flood,
    "R13": loads.execs, "R14": crashes.reused_pids, "R17": loads.stuck, "R18": loads.readers, "S1": strangers.links,
    "S2": strangers.probed, "S5": strangers.served, "S6": strangers.races, "S7": strangers.secrets,
    "S9": strangers.digests, "S10": strangers.terminals,
}  # fmt: skip
REFUSED = {"R15": "not measured: it reads the machine's clock"} | dict.fromkeys(("R2n", "R2c", "R2p"), "see R2")


def measure(row: str, runtime: str, world: World, seed: int) -> str:
    """What podman does in this row; in words, whatever happens."""
    if not shutil.which("podman"):
        return NOT_INSTALLED
    if row not in ROWS:
        return REFUSED.get(row, NO_COUNTERPART)
    with tempfile.TemporaryDirectory(prefix="podman-trust-", dir="/var/lib", ignore_cleanup_errors=True) as folder:
        try:
            podman = Podman(folder, runtime, world)
            try:
                return ROWS[row](podman, random.Random(seed))
            finally:
                podman.close()
        except Exception as problem:
            return f"not measured: {type(problem).__name__}"
