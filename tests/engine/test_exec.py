"""Exec sessions in real containers: codes, streams, identities, storms, and clients that are killed."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

import seabox
from engine.home import SLEEPER, Home, gone
from seabox.container.container import Container
from seabox.container.exec_session import ExecTimedOut
from seabox.container.exec_start import NotRunning
from seabox.errors import CommandNotExecutable, CommandNotFound, Refused
from seabox.kernel import process

GROUPS = "root:x:0:\nusers:x:100:\nwheel:x:10:bob\n"
USERS = "root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/home/bob:/bin/sh\n"


@pytest.fixture
def ctr(engine: seabox.Engine) -> Container:
    return engine.containers.run("busybox", SLEEPER, stop_timeout=0, env={"GIVEN": "at creation"})


def folders(engine: seabox.Engine, ctr: Container) -> list[str]:
    return os.listdir(f"{engine.config.run_dir(ctr.id)}/exec")


def nothing_is_left(engine: seabox.Engine, ctr: Container) -> bool:
    """No session, no directory, and soon no conmon but the container's own."""
    conmons = process.spawned_for(ctr.id, ("conmon",))
    return (
        ctr.execs.list() == folders(engine, ctr) == ctr.inspect()["ExecIDs"] == []
        and gone(*(each for each in conmons if each != ctr.snapshot().state.conmon))
    )


def test_codes_and_streams(engine: seabox.Engine, ctr: Container) -> None:
    done = ctr.exec_run(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert ctr.exec_run(["true"]).code == 0
    assert ctr.exec_run(["sh", "-c", "kill -9 $$"]).code == 137
    assert nothing_is_left(engine, ctr)
    events = [(event.kind, event.exit_code) for event in engine.events() if event.kind.startswith("exec")]
    assert events == [("exec", None), ("exec_died", 7), ("exec", None), ("exec_died", 0), ("exec", None),
                      ("exec_died", 137)]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "options", "error", "code"),
    [
        (["no-such-program"], {}, CommandNotFound, 127),
        (["/etc/hostname"], {}, CommandNotExecutable, 126),
        (["/etc"], {}, CommandNotExecutable, 126),
        (["true"], {"user": "nobody-known"}, Refused, 126),
        (["true"], {"user": "0:nobody-known"}, Refused, 126),
        (["true"], {"workdir": "/no/such"}, Refused, 126),
        (["true"], {"workdir": "/bin/sh"}, Refused, 126),
        (["true"], {"workdir": "/tmp/self"}, Refused, 126),
        (["true"], {"workdir": "/tmp/first"}, Refused, 126),
        (["true"], {"workdir": "/tmp/link"}, Refused, 126),
    ],
)
def test_what_cannot_be_executed(
    engine: seabox.Engine, ctr: Container, command: list[str], options: dict[str, str],
    error: type[Exception], code: int,
) -> None:  # fmt: skip
    script = "ln -s /proc/self/fd /tmp/self; ln -s /proc/1/fd /tmp/first; ln -s /proc/1/cwd /tmp/link"
    assert ctr.exec_run(["sh", "-c", script]).code == 0
    for start in (ctr.exec, ctr.exec_detached):
        with pytest.raises(error) as refused:
            start(command, **options)  # type: ignore[operator]
        assert refused.value.exit_code == code  # type: ignore[attr-defined]
    assert nothing_is_left(engine, ctr)
    assert len(ctr.execs.list(all=True)) == 1


def test_who_and_where(ctr: Container) -> None:
    files = {"passwd": USERS, "group": GROUPS}
    for name, text in files.items():
        assert ctr.exec_run(["sh", "-c", f"cat > /etc/{name}"], input=text.encode()).code == 0
    said = ctr.exec_run(["sh", "-c", "id -u; id -g; id -G; pwd; echo $HOME $GIVEN $MORE"], user="bob", workdir="/tmp",
                        env={"MORE": "now"}).stdout  # fmt: skip
    assert said == b"1000\n100\n100 10\n/tmp\n/home/bob at creation now\n"
    assert ctr.exec_run(["id", "-u"], user="1").stdout == b"1\n"
    assert ctr.exec_run(["id", "-G"], user="bob:5").stdout == b"5\n"
    assert ctr.exec_run(["sh", "-c", "echo $HOME"]).stdout == b"/root\n"
    assert ctr.exec_run(["tty"]).code == 1


def test_powers(ctr: Container) -> None:
    def sets(**options: object) -> dict[str, int]:
        said = ctr.exec_run(["grep", "^Cap", "/proc/self/status"], **options).stdout  # type: ignore[arg-type]
        return {line.split()[0].decode(): int(line.split()[1], 16) for line in said.splitlines()}

    usual, own = 0x800405FB, int(_own("CapBnd"), 16)
    assert sets() == {"CapInh:": 0, "CapPrm:": usual, "CapEff:": usual, "CapBnd:": usual, "CapAmb:": 0}
    assert sets(user="1000") == {"CapInh:": 0, "CapPrm:": 0, "CapEff:": 0, "CapBnd:": usual, "CapAmb:": 0}
    assert sets(privileged=True) == {"CapInh:": 0, "CapPrm:": own, "CapEff:": own, "CapBnd:": own, "CapAmb:": 0}
    assert sets(cap_drop=["ALL"])["CapBnd:"] == 0
    assert sets(cap_add=["CAP_NET_ADMIN"])["CapEff:"] == usual | 1 << 12
    said = ctr.exec_run(["ls", "-l", "/proc/self/fd"]).stdout.decode()
    assert [line.split()[-3] for line in said.splitlines() if "->" in line][:3] == ["0", "1", "2"]
    assert said.count("->") <= 4  # the fourth is the directory that ls reads


def _own(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field))


def test_much_output_and_input(ctr: Container) -> None:
    """64 MiB of output have the right sum; 16 MiB go in and come out again."""
    block = os.urandom(1 << 20)
    assert ctr.exec_run(["sh", "-c", "cat > /tmp/block"], input=block).code == 0
    wanted, found, size = hashlib.sha256(block * 64), hashlib.sha256(), 0
    with ctr.exec(["sh", "-c", "for i in $(seq 64); do cat /tmp/block; done"]) as session:
        for stream, data in session:
            assert stream == 1
            found.update(data)
            size += len(data)
        assert session.wait(60) == 0
    assert (size, found.hexdigest()) == (64 << 20, wanted.hexdigest())
    done = ctr.exec_run(["cat"], input=block * 16)
    assert (done.code, hashlib.sha256(done.stdout).digest()) == (0, hashlib.sha256(block * 16).digest())


def test_time_is_up(engine: seabox.Engine, ctr: Container) -> None:
    for seconds in (0.5, 5, 50):  # the first is enough where the machine is not busy
        with pytest.raises(ExecTimedOut) as late:
            ctr.exec_run(["sh", "-c", "echo early; sleep 1000"], timeout=seconds)
        if late.value.stdout:
            break
    assert late.value.stdout == b"early\n"
    detached = ctr.exec_detached(["sleep", "1000"], timeout=1)
    with pytest.raises(ExecTimedOut):
        detached.wait(60)
    assert detached.inspect()["ExitCode"] == -1
    assert nothing_is_left(engine, ctr)
    del late
    gc.collect()  # the traceback holds the session, and with it descriptors


def test_a_terminal(ctr: Container) -> None:
    script = "stty size; tty; trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.05; done"
    with ctr.exec(["sh", "-c", script], tty=True, stdin=True) as session:
        seen = b""
        for _, data in session:
            seen += data
            if b"ready\r\n" in seen:
                session.resize(31, 83)
            if b"31 83" in seen:
                break
        assert b"/dev/pts/0\r\n" in seen
        assert session.wait(60) == 4
    with ctr.exec(["cat"], tty=True, stdin=True) as session:
        session.write(b"typed\n\x04")
        assert session.read_all(60).stdout == b"typed\r\ntyped\r\n"
        assert session.wait(60) == 0


def test_preserved_descriptors(ctr: Container, tmp_path: Path) -> None:
    texts = []
    with (tmp_path / "a").open("w+") as one, (tmp_path / "b").open("w+") as two:
        done = ctr.exec_run(["sh", "-c", "echo one >&3; echo two >&4"], preserve_fds=[one.fileno(), two.fileno()])
        assert (done.code, done.stderr) == (0, b"")
        for file in (one, two):
            file.seek(0)
            texts.append(file.read())
    assert texts == ["one\n", "two\n"]


def test_a_hundred_by_sixteen(engine: seabox.Engine, ctr: Container) -> None:
    wrong: list[object] = []
    numbers = iter(range(100))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                done = ctr.exec_run(["sh", "-c", f"echo {number}; exit {number}"], timeout=300)
                if (done.code, done.stdout) != (number, b"%d\n" % number):
                    wrong.append((number, done))
            except Exception as problem:
                wrong.append((number, problem))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert nothing_is_left(engine, ctr)
    died = [event.exit_code for event in engine.events() if event.kind == "exec_died"]
    assert sorted(died) == list(range(100))


KILLED = """
import os, signal, sys
ctr = engine.containers.get(sys.argv[1])
session = ctr.exec(["sh", "-c", sys.argv[2]])
print(session.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_client(home: Home, ctr: Container, script: str) -> str:
    with home.python(KILLED, ctr.id, script, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        id: str = client.stdout.readline().decode().strip()
        assert client.wait(60) == -signal.SIGKILL
    return id


def test_a_killed_client_leaves_nothing_after_the_next_call(home: Home, engine: seabox.Engine, ctr: Container) -> None:
    id = killed_client(home, ctr, "exit 6")
    for conmon in process.spawned_for(id, ("conmon",)):
        assert process.wait_gone(conmon, 60)
    ctr.sync()
    assert nothing_is_left(engine, ctr)
    assert ctr.execs[id].poll() == 6
    assert [event.exit_code for event in engine.events() if event.kind == "exec_died"] == [6]


def test_what_a_killed_client_ran_goes_on_and_ends_with_the_container(
    home: Home, engine: seabox.Engine, ctr: Container
) -> None:
    id = killed_client(home, ctr, "sleep 1000")
    assert [each.id for each in ctr.execs] == [id] == ctr.inspect()["ExecIDs"]
    ctr.stop(timeout=0)
    assert ctr.execs.list() == []
    assert ctr.execs[id].poll() == 137
    assert process.spawned_for(id, ("conmon",)) == []


def test_a_client_that_does_not_read_keeps_nothing_alive(engine: seabox.Engine, ctr: Container) -> None:
    with ctr.exec(["yes"]) as session:
        while session._size < session.patience.limit:
            assert session.poll() is None
        ctr.stop(timeout=0)
        assert process.spawned_for(ctr.id, ("conmon",)) == []
    assert ctr.execs.list() == []


def test_a_container_that_does_not_run(ctr: Container) -> None:
    ctr.pause()
    with pytest.raises(NotRunning):
        ctr.exec(["true"])
    ctr.unpause()
    ctr.stop()
    with pytest.raises(NotRunning):
        ctr.exec(["true"])
    ctr.start()
    assert ctr.exec_run(["true"]).code == 0
