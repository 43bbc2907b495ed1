"""The same script on podman and on seabox: each line is a shell's, in which `podman` is the one or the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import seabox
from seabox.kernel import cgroups, mounts
from seabox.kernel.mounts import mounts_under

SOURCE = str(Path(seabox.__file__).parent.parent)
SECONDS = 180  # for one line; a hang is a failure
# As root without CAP_SYS_RESOURCE podman's own limits are beyond what may be set.
_CONTAINERS_CONF = """\
[containers]
netns = "none"
default_ulimits = ["nofile=20000:20000", "nproc=10000:10000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
# else all share one segment of memory, and who begins frees the locks of the others
lock_type = "file"
[network]
network_backend = "netavark"
"""
_NOISE = re.compile(r'^time="[^"]*" level=(warning|error) msg="(Error descending into path|Size format) .*\n', re.M)
_RULES = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"\b[0-9a-f]{64}\b", "<ID>"),
        (r"\b[0-9a-f]{12}\b", "<id>"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d( [A-Z]+)?|Z)?( UTC)?( m=\S+)?", "<TIME>"),
        (r"\b\d+ (second|minute)s?\b|About a minute|Less than a second", "<TIME>"),
        (r"Up <TIME>( ago)?", "Up <TIME>"),  # 5.x leaves out the "ago"
        (r"  +", "  "),  # how wide a column is depends on what else there is
        (r"\bseabox\b", "podman"),
    )
]


class Outcome:
    """What a line came to, with what is different by nature made the same."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, plain(out), plain(err)

    def __repr__(self) -> str:
        return f"code {self.code}, out {self.out!r}, err {self.err!r}"


def plain(text: str) -> str:
    """The text without ids, times and names that cannot be the same."""
    text = _NOISE.sub("", text)
    for pattern, by in _RULES:
        text = pattern.sub(by, text)
    return text


class Twins:
    """Both programs, each on a store of its own that holds the same image."""

    def __init__(self, folder: Path) -> None:
        self._folders = {name: folder / name for name in ("podman", "seabox")}

    def run(self, script: str) -> Iterator[tuple[str, Outcome, Outcome]]:
        """Each line with what it came to on podman and on seabox, which go through the script side by side."""
        lines = [line for line in script.splitlines() if line and not line.startswith("#")]
        with ThreadPoolExecutor(2) as both:
            theirs, ours = both.map(lambda name: [self.line(name, line) for line in lines], ("podman", "seabox"))
        yield from zip(lines, theirs, ours, strict=True)

    def line(self, name: str, line: str) -> Outcome:
        """One line on one of them."""
        folder = self._folders[name]
        env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "LANG": "C.UTF-8", "HOME": str(folder)}
        done = subprocess.run(
            ["bash", "-c", line], env=env, cwd=f"{folder}/work", stdin=subprocess.DEVNULL, capture_output=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


@contextmanager
def twins(folder: Path) -> Iterator[Twins]:
    """Both, inside the block; after it nothing of them runs or is mounted."""
    with ExitStack() as undo:
        for name in ("podman", "seabox"):
            (folder / name / "bin").mkdir(parents=True)
            (folder / name / "work").mkdir()
        _podman(folder / "podman", undo)
        _seabox(folder / "seabox", undo)
        both = Twins(folder)
        archive = folder / "busybox.tar"
        for name, line in (
            ("seabox", "podman image embed busybox && podman save -q -o ../../busybox.tar busybox"),
            ("podman", "podman load -q -i ../../busybox.tar"),
        ):
            done = both.line(name, line)
            assert done.code == 0, (name, done)
            undo.callback(both.line, name, "podman rm --all --force --time 0")
        assert archive.is_file()
        yield both


def _podman(folder: Path, undo: ExitStack) -> None:
    (folder / "containers.conf").write_text(_CONTAINERS_CONF)
    where = f"--root {folder}/root --runroot {folder}/run --tmpdir {folder}/tmp"
    program = f"env CONTAINERS_CONF={folder}/containers.conf {shutil.which('podman')} {where}"
    _program(folder, program)
    undo.callback(_unmount_below, str(folder))


def _seabox(folder: Path, undo: ExitStack) -> None:
    parent = f"/seabox-parity-{uuid.uuid4().hex[:8]}"
    (folder / "seabox.conf").write_text(f'cgroup_parent = "{parent}"\nruntime = "runc"\nnetwork = "none"\n')
    start = f"import sys\nsys.path.insert(0, {SOURCE!r})\nfrom seabox.cli.main import main\n"
    (folder / "start.py").write_text(f"{start}sys.exit(main(sys.argv[1:]))\n")
    where = f"--root {folder}/root --runroot {folder}/run"
    _program(folder, f"env SEABOX_CONF={folder}/seabox.conf {sys.executable} {folder}/start.py {where}")
    undo.callback(cgroups.remove, parent, kill=True)


def _program(folder: Path, words: str) -> None:
    path = folder / "bin" / "podman"
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    path.chmod(0o755)


def _unmount_below(folder: str) -> None:
    for place in reversed(mounts_under(folder)):
        with suppress(OSError):
            mounts.umount(place, detach=True)
