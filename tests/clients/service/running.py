"""One service as users have it: a process of its own, on a unix socket, over an engine with the embedded image."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from engine.home import SOURCE, Home
from seabox.kernel.watch import Watch

PREFIX = "/usr/local/lib/seabox/clients/bin"  # where setup/clients-prefix puts what the host does not have
SECONDS = 60  # for one command of a client; a hang is a failure


class Running:
    """The process, and how clients reach it."""

    def __init__(self, home: Home, **settings: object) -> None:
        self.home = home
        self.folder = Path(home.folder)
        self.socket = f"{home.folder}/s.sock"
        self.url = f"unix://{self.socket}"
        said = {"cgroup_parent": home.cgroup_parent, "runtime": home.runtime, "supervisor_linger": 0.0} | settings
        (self.folder / "seabox.conf").write_text("".join(f"{key} = {value!r}\n" for key, value in said.items()))
        (self.folder / "home").mkdir()
        start = f"import sys; sys.path.insert(0, {SOURCE!r}); from seabox.cli.main import main; "
        self.log = self.folder / "service.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start + "sys.exit(main(sys.argv[1:]))", "--root", home.root,
                 "--runroot", home.runroot, "system", "service", "--time", "0", self.url],
                env=self.environment | {"SEABOX_CONF": f"{home.folder}/seabox.conf", "SEABOX_NETWORK": "bridge"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._answers()

    @property
    def environment(self) -> dict[str, str]:
        """Of clients: nothing of the host's own configuration of them, and where the service is."""
        return {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": f"{self.folder}/home", "DOCKER_HOST": self.url,
            "CONTAINER_HOST": self.url, "TMPDIR": str(self.folder), "XDG_RUNTIME_DIR": f"{self.folder}/home",
        }  # fmt: skip

    def _answers(self) -> None:
        """The service answers: its socket shows in the folder a moment before."""
        deadline = time.monotonic() + SECONDS
        with Watch() as watch:
            watch.add_dir(str(self.folder))
            while True:
                with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.socket)
                    return
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline
                watch.wait(0.05)

    def call(self, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        """One command of a client, with what it said."""
        return subprocess.run(
            words, input=stdin, capture_output=True, env=self.environment, cwd=cwd or self.folder, timeout=SECONDS,
            check=False,
        )  # fmt: skip

    def close(self) -> str:
        """The service ended, by itself when asked to; what it complained of."""
        self.process.terminate()
        try:
            assert self.process.wait(30) == 0
        finally:
            self.process.kill()
            self.process.wait()
        return self.log.read_text()


def client(name: str) -> str:
    """The path of a client program, "" if it is not to be had."""
    for folder in (PREFIX, os.path.dirname(sys.executable), *os.environ["PATH"].split(":")):
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    return ""
