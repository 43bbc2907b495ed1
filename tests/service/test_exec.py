"""Commands in containers over the wire: created, started, told about and removed."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

import seabox
from seabox.service.sessions import Prepared, Sessions
from seabox.streams.mux import encode
from seabox.streams.spool import LIMIT
from service.hijacked import Hijacked
from service.served import Served

RAW, FRAMED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
ALL = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True}


@pytest.fixture
def ctr(served: Served) -> seabox.Container:
    return served.engine.containers.run("busybox", ["sleep", "1000"])


def prepare(served: Served, ctr: seabox.Container, *command: str, api: str = "", **more: Any) -> str:
    answer = served.post(f"{api}/containers/{ctr.id}/exec", ALL | {"Cmd": list(command)} | more)
    assert answer.status == 201, answer
    id: str = answer.json["Id"]
    return id


def facts(served: Served, id: str, api: str = "") -> Any:
    answer = served.get(f"{api}/exec/{id}/json")
    assert answer.status == 200
    return answer.json


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_a_session(served: Served, ctr: seabox.Container, api: str) -> None:
    """Its id is the one of its creation; its code is there when its stream has ended."""
    script = "cat; echo $A >&2; pwd; exit 3"
    id = prepare(served, ctr, "sh", "-c", script, api=api, Env=["A=b"], WorkingDir="/tmp", AttachStdin=True)
    found = facts(served, id, api)
    assert not found["Running"]
    assert served.get(f"/containers/{ctr.id}/json").json["ExecIDs"] == [id]
    assert found["ExitCode"] == (0 if api else None)
    with Hijacked(served, f"{api}/exec/{id}/start", {"Detach": False, "Tty": False}, early=b"one ") as wire:
        assert (wire.status, wire.headers["content-type"]) == (101, FRAMED)
        assert facts(served, id, api)["Running"]
        wire.send(b"two\n", end=True)
        assert wire.outputs() == (b"one two\n/tmp\n", b"b\n")
    found = facts(served, id, api)
    assert (found["ExitCode"], found["Running"], found["ContainerID"]) == (3, False, ctr.id)
    assert found["ProcessConfig"]["entrypoint"] == "sh"
    assert found["ProcessConfig"]["arguments"] == ["-c", script]
    assert [each.id for each in ctr.execs.list(all=True)] == [id]
    assert served.post(f"{api}/exec/{id}/start", {}).status == 409
    assert served.post(f"/libpod/exec/{id}/remove").status == 200
    assert served.get(f"{api}/exec/{id}/json").status == 404


def test_a_terminal(served: Served, ctr: seabox.Container) -> None:
    """Frames follow the start; so may the size, and it may change."""
    id = prepare(served, ctr, "sh", "-c", "stty size; read x; stty size; exit 4", Tty=True, ConsoleSize=[10, 20])
    assert served.post(f"/exec/{id}/resize?h=20&w=30").status == 200
    with Hijacked(served, f"/exec/{id}/start", {"Tty": True}) as wire:
        assert wire.headers["content-type"] == RAW
        assert wire.until(b"\n") == b"20 30\r\n"
        assert served.post(f"/libpod/exec/{id}/resize?h=40&w=50").status == 201
        wire.send(b"\n")
        assert wire.rest() == b"\r\n40 50\r\n"
    assert facts(served, id)["ExitCode"] == 4
    framed = prepare(served, ctr, "echo", "hello", Tty=True)
    with Hijacked(served, f"/exec/{framed}/start", upgrade=False) as wire:
        assert (wire.status, wire.headers["content-type"]) == (200, RAW)
        assert wire.rest() == encode(1, b"hello\r\n")
    keys = prepare(served, ctr, "cat", Tty=True, DetachKeys="x,y")
    with Hijacked(served, f"/exec/{keys}/start", {"Tty": True}) as wire:
        wire.send(b"xy")
        assert wire.rest() == b""
    assert facts(served, keys)["Running"]


def test_leaving_a_terminal(served: Served, ctr: seabox.Container) -> None:
    """By the usual keys, where none were said."""
    id = prepare(served, ctr, "cat", Tty=True, AttachStdin=True)
    with Hijacked(served, f"/exec/{id}/start", {"Tty": True}) as wire:
        wire.send(b"x\n")
        wire.until(b"x\r\nx\r\n")
        wire.send(b"\x10\x11")
        assert wire.rest() == b""
    assert facts(served, id)["Running"]


def test_detached(served: Served, ctr: seabox.Container) -> None:
    id = prepare(served, ctr, "sh", "-c", "exit 5", AttachStdin=False)
    assert served.post(f"/exec/{id}/start", {"Detach": True}).status == 200
    assert served.engine.containers.exec_session(id).wait(30) == 5
    assert facts(served, id)["ExitCode"] == 5


@pytest.mark.parametrize("api", ["", "/libpod"])
@pytest.mark.parametrize(("command", "code"), [("/nothing", 127), ("/etc", 126)])
def test_what_cannot_be_started(served: Served, ctr: seabox.Container, api: str, command: str, code: int) -> None:
    """Clients read why, and then the code; who does not listen gets an answer."""
    id = prepare(served, ctr, command, api=api)
    with Hijacked(served, f"{api}/exec/{id}/start", {}) as wire:
        outputs = wire.outputs()
        assert command in outputs[bool(api)].decode()
        assert outputs[not api] == b""
    assert facts(served, id, api)["ExitCode"] == code
    again = prepare(served, ctr, command, api=api)
    answer = served.post(f"{api}/exec/{again}/start", {"Detach": True})
    assert answer.status == 400
    assert command in answer.json["message"]


def test_a_client_that_leaves(served: Served, ctr: seabox.Container) -> None:
    """The process goes on."""
    id = prepare(served, ctr, "sh", "-c", "echo ready; sleep 1000")
    with Hijacked(served, f"/exec/{id}/start", {}) as wire:
        wire.until(b"ready\n")
    assert facts(served, id)["Running"]
    assert served.post(f"/libpod/exec/{id}/remove", {"Force": False}).status == 409
    assert served.post(f"/libpod/exec/{id}/remove", {"Force": True}).status == 200


def test_a_client_that_is_late(served: Served, ctr: seabox.Container) -> None:
    """It gets all, though the process had written more than is kept for it, and had ended, before it read anything.

    It does not end where less is on its way than usual; then there is nothing that could be lost.
    """
    size = LIMIT + 330_000  # what sockets and pipes hold beyond the limit
    id = prepare(served, ctr, "head", "-c", str(size), "/dev/zero")
    with Hijacked(served, f"/exec/{id}/start", {}) as wire:
        while not facts(served, id)["Pid"] and facts(served, id)["Running"]:
            pass  # it is being started
        with suppress(seabox.errors.TimedOut):
            served.engine.containers.exec_session(id).wait(2)
        out, _ = wire.outputs()
        assert len(out) == size
    assert facts(served, id)["ExitCode"] == 0


def test_sixty_at_once(served: Served, ctr: seabox.Container) -> None:
    found: list[tuple[bytes, bytes, int]] = []

    def one(number: int) -> None:
        id = prepare(served, ctr, "sh", "-c", f"cat; exit {number}")
        with Hijacked(served, f"/exec/{id}/start", {}, early=b"%d" % number) as wire:
            wire.send(b"", end=True)
            found.append((*wire.outputs(), facts(served, id)["ExitCode"]))

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found, key=lambda each: each[2]) == [(b"%d" % number, b"", number) for number in range(60)]


def test_mistakes(served: Served, ctr: seabox.Container) -> None:
    for api in ("", "/libpod"):
        assert served.post(f"{api}/containers/{ctr.id}/exec", {"Cmd": []}).status == 400
        assert served.post(f"{api}/containers/{ctr.id}/exec").status == 400
        assert served.post(f"{api}/containers/{ctr.id}/exec", {"Cmd": ["a\0b"]}).status == 400
        assert served.post(f"{api}/containers/nope/exec", {"Cmd": ["true"]}).status == 404
        for path in ("json", "start", "resize?h=1&w=1", "remove"):
            if path != "remove" or api:
                answer = served.ask("GET" if path == "json" else "POST", f"{api}/exec/{'0' * 64}/{path}")
                assert answer.status == 404, answer
    bad = prepare(served, ctr, "true")
    assert served.post(f"/exec/{bad}/resize").status == 400
    assert served.post(f"/exec/{bad}/resize?h=-1&w=70000").status == 400
    assert served.post(f"/libpod/containers/{ctr.id}/exec", {"Cmd": ["true"], "Env": ["A"]}).status == 400
    id = prepare(served, ctr, "true", Env=["A"])
    ctr.pause()
    assert served.post(f"/containers/{ctr.id}/exec", {"Cmd": ["true"]}).status == 409
    assert served.post(f"/exec/{id}/start", {}).status == 409
    ctr.unpause()
    ctr.stop(timeout=0)
    assert served.post(f"/containers/{ctr.id}/exec", {"Cmd": ["true"]}).status == 409
    assert served.post(f"/exec/{id}/start", {}).status == 409
    ctr.remove()
    assert served.get(f"/exec/{id}/json").status == 404


def test_a_bounded_number_is_kept() -> None:
    sessions = Sessions(at_most=2, at_most_old=1000)
    made = [Prepared("c", ["true"], {"tty": False}, streams=[], detach_keys="", size=None) for _ in range(3)]
    for each in made:
        sessions.add(each)
    assert sessions.waiting("c") == [each.id for each in made[1:]]
    assert sessions.find(made[0].id) is None
    made[1].begin()
    with pytest.raises(seabox.errors.Conflict):
        made[1].begin()
    made[1].at -= 2000
    assert sessions.waiting("c") == [made[2].id]
