"""The suite leaves the machine's network alone, and is not confused by what others do there meanwhile.

A container has no network unless a test asks for one, and the directory of network namespaces is the suite's own: the
whole process is in a mount namespace of its own, where that may be made.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from hypothesis import HealthCheck, settings

from seabox.kernel import files, mounts
from seabox.kernel.namespaces import CLONE_NEWNS, unshare
from seabox.network import netns

os.environ["SEABOX_NETWORK"] = "none"

# What an example takes is no property of the code on a machine that does other things as well.
settings.register_profile("seabox", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seabox")

# A shell lets what it starts in the background ignore these; the programs under test are not to inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
for ignored in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(ignored, signal.SIG_DFL)

if os.geteuid() == 0:
    with suppress(OSError):
        unshare(CLONE_NEWNS)
        mounts.set_propagation("/", recursive=True)
        files.make_dirs(netns.FOLDER, 0o755)
        mounts.mount_tmpfs(netns.FOLDER, 1 << 20)
