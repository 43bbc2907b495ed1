"""The real command line as a subprocess, on a root of its own, with the embedded busybox."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import seabox
from seabox.kernel import cgroups
from seabox.kernel.procfs import has_executed
from seabox.testing.census import take

SOURCE = str(Path(seabox.__file__).parent.parent)
PROGRAM = (
    f"import sys; sys.path.insert(0, {SOURCE!r}); from seabox.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
SECONDS = 120  # for one command; a hang is a failure


class Done:
    """How a command ended."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.raw = code, out
        self.out, self.err = out.decode(errors="replace"), err.decode(errors="replace")

    def __repr__(self) -> str:
        return f"Done({self.code}, {self.out!r}, {self.err!r})"


class CommandLine:
    """Commands on one root. `argv` is what runs the program, for tests that start it themselves."""

    def __init__(self, folder: Path) -> None:
        self.root, self.runroot = f"{folder}/root", f"{folder}/run"
        self.parent = f"/seabox-cli-{uuid.uuid4().hex[:8]}"
        settings = folder / "seabox.conf"
        settings.write_text(f'cgroup_parent = "{self.parent}"\nruntime = "runc"\nnetwork = "none"\n')
        self.argv = (sys.executable, "-c", PROGRAM, "--root", self.root, "--runroot", self.runroot)
        self.env = {"PATH": os.environ["PATH"], "SEABOX_CONF": str(settings), "LANG": "C.UTF-8"}

    def __call__(self, *words: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> Done:
        """The command has ended, whatever its code. Without `stdin` its input is empty."""
        done = subprocess.run(
            [*self.argv, *words], input=stdin or b"", capture_output=True, env=self.env | (env or {}), timeout=SECONDS,
            check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str, stdin: bytes | None = None) -> str:
        """What a command prints that must succeed without a word on stderr; without its last newline."""
        done = self(*words, stdin=stdin)
        assert (done.code, done.err) == (0, ""), done
        return done.out.removesuffix("\n")

    @contextmanager
    def start(self, *words: str, **streams: int) -> Iterator[subprocess.Popen[bytes]]:
        """The command runs inside the block, unless it ends by itself; after it, it does not."""
        process = subprocess.Popen([*self.argv, *words], env=self.env, bufsize=0, **streams)  # type: ignore[call-overload]
        with process:
            try:
                yield process
            finally:
                process.kill()

    def until_said(self, name: str, line: str, times: int = 1) -> None:
        """The container has written this line so many times; it must not end before. Blocks."""
        with self.start("logs", "--follow", name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            while times:
                times -= next_line(process) == f"{line}\n".encode()

    def until_it_runs(self, *names: str) -> None:
        """The first process of each is its program, which a runtime executes a moment after it was started. Blocks."""
        with seabox.Engine(root=self.root, runroot=self.runroot) as engine:
            for name in names:
                pid = engine.containers.get(name).snapshot().state.pid
                deadline = time.monotonic() + SECONDS
                while not has_executed(pid):
                    assert time.monotonic() < deadline
                    select.select([], [], [], 0.01)

    def names(self) -> list[str]:
        """All containers: id, name and state of each. Read by the library, which is quicker than a command."""
        with seabox.Engine(root=self.root, runroot=self.runroot) as engine:
            return [f"{seen.facts.id[:12]} {seen.facts.name} {seen.status}" for seen in engine.containers.list()]

    def volumes(self) -> list[str]:
        """The names of all volumes."""
        with seabox.Engine(root=self.root, runroot=self.runroot) as engine:
            return [volume.name for volume in engine.volumes.list()]

    def secrets(self) -> list[str]:
        """The names of all secrets."""
        with seabox.Engine(root=self.root, runroot=self.runroot) as engine:
            return [secret.name for secret in engine.secrets.list()]

    def images(self) -> list[str]:
        """The ids of all images but the embedded one."""
        with seabox.Engine(root=self.root, runroot=self.runroot) as engine:
            return [image.id for image in engine.images.list() if "localhost/busybox:latest" not in image.names]


def next_line(process: subprocess.Popen[bytes]) -> bytes:
    """The next line on the standard output of a command that was started; none in time is a failure."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], SECONDS)[0], "no line came"
    line = process.stdout.readline()
    assert line, "the output has ended"
    return line


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """One root for all tests, with the image; at the end nothing is left but what a store keeps."""
    line = CommandLine(tmp_path_factory.mktemp("cli"))
    with ExitStack() as undo:
        undo.callback(cgroups.remove, line.parent, kill=True)
        line.ok("image", "embed", "busybox")
        before = take(line.root, line.runroot, cgroup_parent=line.parent)
        yield line
        # the engine runs in other processes here: what this one has open belongs to other tests
        left = [thing for thing in before.left_since() if not thing.startswith("fd: ")]
        assert left == [], left


@pytest.fixture
def cli(machine: CommandLine) -> Iterator[CommandLine]:
    """A command line without containers, volumes, secrets, and images but busybox, before the test and after it."""
    try:
        yield machine
    finally:
        if machine.names():
            machine("rm", "--all", "--force", "--time", "0", "--volumes")
        if machine.volumes():
            machine("volume", "rm", "--all", "--force")
        if machine.secrets():
            machine("secret", "rm", "--all")
        if others := machine.images():
            machine("rmi", "--force", *others)
    assert machine.names() == machine.volumes() == machine.secrets() == machine.images() == []
