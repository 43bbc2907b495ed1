"""Exit codes of many containers, each waited for by two processes at once."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import seabox
from engine.home import Home

MANY = int(os.environ.get("SEABOX_TEST_CODES", "16"))  # 1000 in the issue
WAVE = int(os.environ.get("SEABOX_TEST_WAVE", "8"))  # 40 in the issue

WAITER = """
import json
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(lambda id: engine.containers.get(id).wait(timeout=120), sys.argv[1:]))))
"""


def test_every_code_is_right_for_both_who_wait(engine: seabox.Engine, home: Home) -> None:
    for first in range(0, MANY, WAVE):
        codes = [number % 256 for number in range(first, min(first + WAVE, MANY))]
        with ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(lambda code: _run(engine, code), codes))
        waiters = [home.python(WAITER, *ids, stdout=subprocess.PIPE) for _ in range(2)]
        for waiter in waiters:
            out, _ = waiter.communicate(timeout=180)
            assert json.loads(out) == codes
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda id: engine.containers.get(id).remove(force=True, timeout=0), ids))


def _run(engine: seabox.Engine, code: int) -> str:
    return engine.containers.run("busybox", ["sh", "-c", f"sleep 0.3; exit {code}"]).id
