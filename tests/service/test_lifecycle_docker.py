"""Docker's routes for a container's life: statuses and what a client that waits is told."""

from __future__ import annotations

import signal
import socket
import threading

import pytest

from engine.home import OBEDIENT, Home, conmon_of, executed, gone, init_of, obedient
from seabox.kernel.process import send_signal
from seabox.kernel.watch import Cancel
from seabox.service.lifecycle import Waiting
from service.served import Served, create, told


def test_start_and_stop(served: Served) -> None:
    ctr = create(served, *OBEDIENT, name="web")
    assert served.post("/v1.44/containers/web/stop").status == 304
    started = served.post("/v1.44/containers/web/start")
    assert (started.status, started.body) == (204, b"")
    assert ctr.status == "running"
    assert served.post(f"/containers/{ctr.id[:12]}/start").status == 304
    assert served.post("/containers/web/stop", t=0).status == 204
    assert ctr.status == "exited"
    again = served.post("/containers/web/stop")
    assert (again.status, again.body) == (304, b"")
    for what in ("start", "stop", "restart", "kill", "pause", "unpause", "wait", "rename?name=x", "resize?h=1&w=1"):
        assert served.post(f"/containers/nobody/{what}").status == 404


def test_stop_asks_first(served: Served) -> None:
    """With the signal that was given, in place of the container's own."""
    ctr = obedient(served.engine, stop_signal="USR1")
    assert served.post(f"/containers/{ctr.id}/stop", t=20, signal="SIGTERM").status == 204
    assert ctr.wait() == 9


@pytest.mark.parametrize("query", ["t=x", "signal=NOSUCH", "signal=0", "signal=65"])
def test_bad_words(served: Served, query: str) -> None:
    ctr = create(served, name="web")
    ctr.start()
    assert served.post(f"/containers/web/stop?{query}").status == 400
    assert ctr.status == "running"


def test_start_failures(served: Served) -> None:
    """They are the start's to tell: in words by which Docker's CLI ends with 127 or 126."""
    create(served, "/no/such/program", name="missing")
    answer = served.post("/containers/missing/start")
    assert answer.status == 400
    assert "no such file or directory" in answer.json["message"]
    create(served, "nosuchprogram", name="unknown")
    assert "executable file not found" in served.post("/containers/unknown/start").json["message"]
    create(served, "/etc/passwd", name="forbidden")
    answer = served.post("/containers/forbidden/start")
    assert (answer.status, "permission denied" in answer.json["message"]) == (400, True)
    state = served.engine.containers.get("forbidden").inspect()["State"]
    assert (state["Status"], state["ExitCode"]) == ("created", 126)
    assert "permission denied" in state["Error"]


@pytest.mark.parametrize("condition", ["next-exit", "removed"])
def test_a_failed_start_ends_the_waiting(served: Served, condition: str) -> None:
    """Of those who wait for a container that was to go at its end: it is gone."""
    ctr = create(served, "/no/such/program", name="gone", auto_remove=True)
    waiting = served.begin("POST", "/containers/gone/wait", condition=condition)
    assert served.post("/containers/gone/start").status == 400
    assert told(waiting) == {"StatusCode": 127, "Error": None}
    assert not ctr.exists()


def test_a_start_that_was_not_tried(home: Home) -> None:
    """Somebody else was at the container all the time: nothing is said of it, and it stays."""
    with home.engine(lock_timeout=0.1) as engine:
        served = Served(home, engine)
        try:
            ctr = create(served, auto_remove=True)
            with ctr.locked():
                assert served.post(f"/containers/{ctr.id}/start").status == 409
            assert (ctr.status, ctr.snapshot().state.exit_code) == ("created", None)
        finally:
            served.close()


def test_wait_answers_at_once(served: Served) -> None:
    """Its headers come before the container has been started, and the code when that has ended, however soon."""
    for number in range(3):
        ctr = create(served, "sh", "-c", f"exit {number}")
        waiting = served.begin("POST", f"/containers/{ctr.id}/wait", condition="next-exit")
        assert waiting.status == 200
        assert served.post(f"/containers/{ctr.id}/start").status == 204
        assert told(waiting) == {"StatusCode": number, "Error": None}
    assert served.post(f"/containers/{ctr.id}/wait", condition="soon").status == 400


def test_wait_for_what_does_not_run(served: Served) -> None:
    ctr = create(served, "sh", "-c", "exit 3", name="web")
    assert served.post("/containers/web/wait").json == {"StatusCode": 0, "Error": None}
    ctr.start()
    assert served.post("/containers/web/wait").json["StatusCode"] == 3
    assert served.post("/containers/web/wait", condition="not-running").json["StatusCode"] == 3
    ctr.remove()
    assert served.post("/containers/web/wait", condition="removed").status == 404


def test_wait_for_the_removal(served: Served) -> None:
    """The code of a container that removes itself is the real one."""
    ctr = create(served, "sh", "-c", "exit 7", auto_remove=True)
    waiting = served.begin("POST", f"/containers/{ctr.id}/wait", condition="removed")
    assert served.post(f"/containers/{ctr.id}/start").status == 204
    assert told(waiting) == {"StatusCode": 7, "Error": None}
    assert not ctr.exists()
    never = create(served)
    waiting = served.begin("POST", f"/containers/{never.id}/wait", condition="removed")
    assert served.delete(f"/containers/{never.id}").status == 204
    assert told(waiting) == {"StatusCode": 0, "Error": None}


def test_who_asks_too_late(served: Served) -> None:
    """The code of a container that has removed itself is known by its id for a while."""
    ctr = create(served, "sh", "-c", "exit 7", auto_remove=True)
    ctr.start()
    ctr.wait("removed")
    assert served.post(f"/containers/{ctr.id}/wait").json == {"StatusCode": 7, "Error": None}
    assert served.post(f"/containers/{ctr.id}/wait", condition="next-exit").status == 404
    assert served.post(f"/containers/{'0' * 64}/wait").status == 404


def test_a_restart_policy(served: Served) -> None:
    """Between its runs a container counts as one that goes on: every wait gets one end, and it is not removed."""
    ctr = create(served, "sh", "-c", "exit 3", name="web", restart="always")
    ctr.start()
    for number in range(1, 4):
        assert served.post("/containers/web/wait").json["StatusCode"] == 3
        assert ctr.snapshot().state.run >= number
    ctr.wait("next-exit", run=4)  # it pauses longer each time
    answer = served.delete("/containers/web")
    assert (answer.status, "restarting: stop the container before" in answer.json["message"]) == (409, True)
    assert served.post("/containers/web/stop").status == 204
    assert served.post("/containers/web/stop").status == 304
    assert served.delete("/containers/web").status == 204


def test_who_waits_and_leaves(served: Served) -> None:
    """Costs nothing more: the service can end while its container runs."""
    ctr = create(served)
    ctr.start()
    with served.connect() as client:
        client.sendall(f"POST /containers/{ctr.id}/wait HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        client.shutdown(socket.SHUT_RDWR)


def test_attached_before_the_start(served: Served) -> None:
    """An attach has created the container in the runtime: it starts all the same, and who waits gets its code."""
    ctr = create(served, "sh", "-c", "exit 4")
    ctr.init()
    waiting = served.begin("POST", f"/containers/{ctr.id}/wait", condition="next-exit")
    assert served.post(f"/containers/{ctr.id}/start").status == 204
    assert told(waiting)["StatusCode"] == 4


def test_restart(served: Served) -> None:
    ctr = create(served, name="web")
    assert served.post("/containers/web/restart", t=0).status == 204
    first = init_of(ctr)
    ctr.pause()
    assert served.post("/containers/web/restart", t=0).status == 204
    assert (ctr.status, init_of(ctr) != first) == ("running", True)


def test_restart_asks_first(served: Served) -> None:
    ctr = obedient(served.engine, stop_signal="USR1")
    assert served.post(f"/containers/{ctr.id}/restart", t=20, signal="TERM").status == 204
    assert [event.exit_code for event in served.engine.events() if event.kind == "died"] == [9]
    assert ctr.status == "running"


def test_kill(served: Served) -> None:
    ctr = obedient(served.engine, name="web")
    assert served.post("/containers/web/kill", signal="TERM").status == 204
    assert ctr.wait() == 9
    answer = served.post("/containers/web/kill")
    assert (answer.status, "not running" in answer.json["message"]) == (409, True)
    ctr.start()
    assert served.post("/containers/web/kill", signal="nosuch").status == 400
    assert served.post("/containers/web/kill").status == 204
    assert ctr.wait() == 137


def test_pause(served: Served) -> None:
    ctr = create(served, name="web")
    assert served.post("/containers/web/pause").status == 409
    ctr.start()
    assert served.post("/containers/web/unpause").status == 409
    assert served.post("/containers/web/pause").status == 204
    assert ctr.status == "paused"
    assert served.post("/containers/web/start").status == 409
    assert served.post("/containers/web/unpause").status == 204
    assert served.post("/containers/web/pause").status == 204
    assert served.post("/containers/web/stop", t=0).status == 204
    assert ctr.status == "exited"


def test_rename(served: Served) -> None:
    ctr, other = create(served, name="one"), create(served, name="two")
    assert served.post("/containers/one/rename", name="/three").status == 204
    assert ctr.name == "three"
    assert served.post("/containers/three/rename", name="two").status == 409
    assert served.post("/containers/three/rename", name="three").status == 400
    assert served.post("/containers/three/rename").status == 400
    assert served.post("/containers/three/rename", name="a b").status == 400
    assert other.name == "two"


def test_remove(served: Served) -> None:
    ctr = create(served, name="web", volumes=["/data"])
    ctr.start()
    answer = served.delete("/containers/web")
    assert (answer.status, answer.json["message"]) == (
        409, 'cannot remove container "/web": container is running: stop the container before removing or force remove',
    )  # fmt: skip
    assert served.delete("/containers/web", link=True).status == 400
    gone = served.delete("/containers/web", force=True, v=True)
    assert (gone.status, gone.body) == (204, b"")
    assert served.delete("/containers/web", force=True).status == 404
    assert served.engine.volumes.list() == []


def test_prune(served: Served) -> None:
    old = create(served, "sh", "-c", "echo 12345 > /file", labels={"a": "b"})
    old.start()
    old.wait()
    create(served, name="web").start()
    assert served.post("/containers/prune", filters={"label": ["x"]}).json == {
        "ContainersDeleted": [], "SpaceReclaimed": 0,
    }  # fmt: skip
    assert served.post("/containers/prune", filters={"name": ["x"]}).status == 400
    assert served.post("/containers/prune", filters={"label": {"a=b": True}}).json == {
        "ContainersDeleted": [old.id], "SpaceReclaimed": 6,
    }  # fmt: skip
    assert [seen.facts.name for seen in served.engine.containers.list()] == ["web"]


def test_top(served: Served) -> None:
    ctr = create(served, name="web")
    assert served.get("/containers/web/top").status == 409
    ctr.start()
    executed(ctr)
    found = served.get("/containers/web/top").json
    assert found["Titles"] == "UID PID PPID C STIME TTY TIME CMD".split()
    (row,) = found["Processes"]
    assert (row[0], row[1], row[-1]) == ("root", str(init_of(ctr).pid), "sleep 1000")
    found = served.get("/containers/web/top", ps_args="waux").json
    assert found["Processes"][0][10] == "sleep 1000"
    assert served.get("/containers/web/top", ps_args="--invalid").status == 400


def test_resize(served: Served) -> None:
    ctr = create(served, name="web", tty=True)
    assert served.post("/containers/web/resize", h=20, w=70).status == 409
    ctr.start()
    assert served.post("/containers/web/resize", h=20, w=70).status == 200
    assert ctr.exec_run(["stty", "-F", "/dev/pts/0", "size"]).stdout == b"20 70\n"
    assert served.post("/containers/web/resize", h=20).status == 400
    assert served.post("/containers/web/resize", h="x", w=1).status == 400


def test_waiting_for_what_has_just_ended(served: Served) -> None:
    """Its process is gone and its code is not there yet: that is waited for."""
    ctr = create(served)
    ctr.start()
    conmon, init = conmon_of(ctr), init_of(ctr)
    send_signal(conmon, signal.SIGSTOP)
    try:
        send_signal(init, signal.SIGKILL)
        assert gone(init)
        waiting = served.begin("POST", f"/containers/{ctr.id}/wait")
    finally:
        send_signal(conmon, signal.SIGCONT)
    assert told(waiting) == {"StatusCode": 137, "Error": None}


def test_an_end_just_before_the_waiting(served: Served) -> None:
    """It is the end of the run that was seen, not of the next."""
    ctr = obedient(served.engine, auto_remove=True)
    seen = ctr.snapshot()
    ctr.kill(signal.SIGTERM)
    ctr.wait("removed")
    assert Waiting(ctr, seen).code(Cancel()) == 9


def test_what_has_just_ended_is_shown_with_its_code(served: Served) -> None:
    """Once that is written: clients take what is not there for 0, or for an error."""
    ctr = create(served)
    ctr.start()
    conmon, init = conmon_of(ctr), init_of(ctr)
    send_signal(conmon, signal.SIGSTOP)
    resume = threading.Timer(0.2, lambda: send_signal(conmon, signal.SIGCONT))
    try:
        send_signal(init, signal.SIGKILL)
        assert gone(init)
        resume.start()
        state = served.get(f"/containers/{ctr.id}/json").json["State"]
    finally:
        resume.join()
    assert (state["Status"], state["ExitCode"]) == ("exited", 137)
