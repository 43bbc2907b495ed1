"""What users get wrong when they create a container: one clear line, the right exit code, and nothing is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# flags of `run --rm FLAGS busybox true` -> what the line on stderr says
REQUESTS = {
    "--name=taken": 'creating container storage: the container name "taken" is already in use by ',
    "--name=.x": "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
    "--replace": "cannot replace container without --name being set",
    "-v=/nowhere:/x": "statfs /nowhere: no such file or directory",
    "-v=/tmp:x": 'invalid container path "x", must be an absolute path',
    "-v=/tmp:/x:bogus": 'invalid option type "bogus"',
    "-v=/tmp:/x --tmpfs=/x": "/x: duplicate mount destination",
    "--mount=type=bogus,dst=/x": 'invalid filesystem type "bogus"',
    "--mount=type=bind,dst=/x": "must set source of a bind mount",
    "--mount=type=bind,src=/tmp": "must set volume destination",
    "--mount=type=bind,src=/nowhere,dst=/x": "statfs /nowhere: no such file or directory",
    "--mount=type=bind,src=/tmp,dst=/x,ro=maybe": "the value of ro must be true or false, not 'maybe'",
    "--mount=type=tmpfs,dst=/x,tmpfs-size=big": 'invalid mount option "size=big"',
    "--tmpfs=/x:bogus": 'invalid option type "bogus"',
    "-m=-5": "invalid value for memory: invalid size: '-5'",
    "-m=lots": "invalid value for memory: invalid size: 'lots'",
    "-m=1k": "minimum memory limit allowed is ",
    "--memory-swap=1g": "you should always set a memory limit when using a memoryswap limit, see usage",
    "--shm-size=x": "invalid value for shm-size: invalid size: 'x'",
    "--pids-limit=-7": "invalid pids limit -7: must be positive, or -1 for no limit",
    "--cpus=-1": "invalid number of CPUs -1",
    "--cpus=1 --cpu-quota=5000": "--cpu-quota and --cpus cannot be set together",
    "--cpuset-cpus=x": "cpuset-cpus 'x' is not a number",
    "--oom-score-adj=5000": "invalid oom score adjust 5000: must be from -1000 to 1000",
    "--ulimit=bogus=1": 'ulimit option "bogus=1" requires name=SOFT:HARD',
    "--stop-signal=BOGUS": "invalid signal: BOGUS",
    "--stop-signal=99": "valid signals are 1 through 64",
    "--cap-add=BOGUS": '"CAP_BOGUS": unknown capability',
    "--security-opt=bogus": 'invalid --security-opt 1: "bogus"',
    "--security-opt=seccomp=/nowhere": "opening seccomp profile failed: open /nowhere: no such file or directory",
    "--device=/nowhere": "stat /nowhere: no such file or directory",
    "--network=container:nobody": 'no container with name or ID "nobody" found: no such container',
    "--pid=bogus": 'unrecognized pid namespace mode "bogus" passed',
    "--requires=nobody": 'no container with name or ID "nobody" found: no such container',
    "--restart=always": "the --rm option conflicts with --restart",
    "--add-host=foo": 'invalid format for add-host: "foo"',
    "--sysctl=foo": "--sysctl foo: it must be formatted KEY=VALUE",
    "--umask=9": "invalid umask string 9: invalid argument",
    "--workdir=rel": "the working directory 'rel' is invalid, it needs to be an absolute path",
    "--env-file=/nowhere": 'parsing env file "/nowhere": open /nowhere: no such file or directory',
    "--label-file=/nowhere": "unable to process labels: open /nowhere: no such file or directory",
    "--annotation=foo": "annotations must be formatted KEY=VALUE",
    "--log-opt=tag=x": "a log tag is only for the journald log driver",
    "--sdnotify=bogus": 'invalid sdnotify value "bogus": must be container, conmon or ignore',
    "--log-driver=bogus": "'bogus': invalid log driver: invalid argument",
    "--cidfile=/nowhere/cid": "opening CIDFile: open /nowhere/cid: no such file or directory",
    "--detach-keys=ctrl-99": "invalid detach keys 'ctrl-99'",
    "--attach=foo": 'invalid stream "foo" for --attach - must be one of stdin, stdout, or stderr: invalid argument',
    "-d -a=stdout": "--detach and --attach cannot be set together",
    "--pull=bogus": 'unsupported pull policy "bogus"',
    "--hostname=a/b": "invalid hostname 'a/b'",
    "--gpus=all": "--gpus is not supported yet",
    "--init --pid=host": "cannot add init binary as PID 1 (PID namespace isn't private)",
}


@pytest.fixture(scope="module")
def taken(machine: CommandLine) -> Iterator[CommandLine]:
    """A command line with one container."""
    machine.ok("create", "--name", "taken", "busybox", "true")
    yield machine
    machine.ok("rm", "taken")


def refused(cli: CommandLine, words: list[str], code: int = 125) -> str:
    """The line on stderr, without "Error: "; nothing else was printed and no container came or went."""
    before = cli.names()
    done = cli(*words)
    assert cli.names() == before
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1, done
    return done.err.removeprefix("Error: ").removesuffix("\n")


@pytest.mark.parametrize("flags", REQUESTS)
def test_a_request_that_cannot_be(taken: CommandLine, flags: str) -> None:
    assert refused(taken, ["run", "--rm", *flags.split(), "busybox", "true"]).startswith(REQUESTS[flags])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--pull=never", "nothing", "true"], "nothing: image not known"),
        (["run", "--rootfs", "/nowhere", "true"], "stat /nowhere: no such directory"),
        (["create", ""], "an image name or a root directory is needed"),
        (["--runtime", "nothing", "run", "busybox"], 'OCI runtime "nothing" not found'),
        (["run", "--restart", "bogus", "busybox"], "bogus invalid restart policy"),
        (["run", "--entrypoint", "", "busybox"], "no command or entrypoint provided"),
    ],
)
def test_nothing_to_run(taken: CommandLine, words: list[str], said: str) -> None:
    assert refused(taken, words).startswith(said)


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["busybox", "no-such-program"], 127, ": OCI runtime attempted to invoke a command that was not found"),
        (["busybox", "/etc/passwd"], 126, ": OCI permission denied"),
        (["-u", "nobody-knows", "busybox", "true"], 126, "unable to find user nobody-knows: no matching entries"),
        (["-u", "0:nogroup-knows", "busybox", "true"], 126, "no matching entries in group file"),
        (["-w", "/etc/passwd", "busybox", "true"], 126, ""),
    ],
)
@pytest.mark.parametrize("detached", [False, True], ids=["", "d"])
def test_what_cannot_be_started(
    taken: CommandLine, flags: list[str], code: int, said: str, detached: bool
) -> None:
    """With --rm nothing of it is left; see test_the_exit_code for without."""
    assert said in refused(taken, ["run", "--rm", *(["-d"] if detached else []), *flags], code)


def test_files_that_cannot_be_written(taken: CommandLine, tmp_path: Path) -> None:
    for flag in ("--cidfile", "--pidfile", "--conmon-pidfile"):
        refused(taken, ["run", "--rm", flag, str(tmp_path), "busybox", "true"])
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_cannot_be(machine: CommandLine) -> None:
    done = machine("--root", "/proc/nowhere", "ps")
    assert (done.code, done.out) == (125, "")
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
