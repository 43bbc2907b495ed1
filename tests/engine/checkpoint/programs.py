"""criu, and a crun that was built with it: whether they are here, and work."""

from __future__ import annotations

import os
import subprocess
from functools import cache

from seabox.config import find_criu, find_program


@cache
def criu_trouble() -> str:
    """Why criu does not work here, "" if it does."""
    criu = find_criu()
    if not criu:
        return "criu is not installed"
    done = subprocess.run([criu, "check"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"criu check: {done.stderr.strip().splitlines()[-1:]}"


@cache
def crun_with_criu() -> str:
    """The host's own crun, or the one that setup/crun-prefix got from the next release; "" if neither has criu."""
    for each in (find_program("crun"), "/usr/local/lib/seabox/crun/bin/crun"):
        if os.access(each, os.X_OK) and b"+CRIU" in subprocess.check_output([each, "--version"]):
            return each
    return ""
