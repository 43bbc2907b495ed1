"""Types are decoded for the first time in many threads at once."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
from seabox.model.container import ContainerConfig
from seabox.model.decoding import decode
from seabox.model.pod import PodConfig

sys.setswitchinterval(1e-6)
together = threading.Barrier(16)
data = b'{"schema":1,"pod":"x","labels":{"a":"b"},"stop_signal":15,"auto_remove":true,"restart_policy":"no"}'

def first(kind):
    together.wait()
    try:
        decode(data, kind)
    except ValueError:
        pass  # fields are missing

threads = [threading.Thread(target=first, args=(kind,)) for kind in (ContainerConfig, PodConfig) * 8]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("alive")
"""


def test_the_first_use_of_a_type_by_many_threads() -> None:
    for _ in range(4):  # msgspec alone crashes in one of four
        assert subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True).stdout == b"alive\n"
