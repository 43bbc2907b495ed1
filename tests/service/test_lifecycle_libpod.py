"""podman's routes for a container's life."""

from __future__ import annotations

import json

import pytest

from engine.home import OBEDIENT, executed, init_of, obedient
from service.served import Served, create

AT = "/v5.0.0/libpod/containers"


def test_start_and_stop(served: Served) -> None:
    ctr = create(served, *OBEDIENT, name="web")
    assert served.get(f"{AT}/web/exists").status == 204
    assert served.get(f"{AT}/nobody/exists").status == 404
    assert served.post(f"{AT}/web/stop").status == 304
    assert served.post(f"{AT}/web/start").status == 204
    assert served.post(f"{AT}/web/start").status == 304
    assert served.post(f"{AT}/web/stop", timeout=0).status == 204
    assert served.post(f"{AT}/web/stop", t=0).status == 304
    assert served.post(f"{AT}/nobody/stop", ignore=True).status == 204
    assert served.post(f"{AT}/nobody/stop").status == 404
    assert served.post(f"{AT}/web/restart", timeout=0).status == 204
    assert ctr.status == "running"


def test_init(served: Served) -> None:
    ctr = create(served, "sh", "-c", "exit 3", name="web")
    assert served.post(f"{AT}/web/init").status == 204
    assert ctr.snapshot().word == "initialized"
    assert served.post(f"{AT}/web/init").status == 304
    assert served.post(f"{AT}/web/start").status == 204
    assert served.post(f"{AT}/web/wait").body == b"3\n"


def test_start_failures(served: Served) -> None:
    create(served, "/no/such/program", name="missing")
    answer = served.post(f"{AT}/missing/start")
    assert answer.status == 400
    assert answer.json["cause"] == "OCI runtime attempted to invoke a command that was not found"


def test_kill_pause_and_rename(served: Served) -> None:
    ctr = obedient(served.engine, name="web")
    assert served.post(f"{AT}/web/pause").status == 204
    assert served.post(f"{AT}/web/pause").status == 409
    assert served.post(f"{AT}/web/unpause").status == 204
    assert served.post(f"{AT}/web/unpause").status == 409
    assert served.post(f"{AT}/web/kill", signal="15").status == 204
    assert ctr.wait() == 9
    answer = served.post(f"{AT}/web/kill")
    assert (answer.status, answer.json["cause"]) == (409, "container state improper")
    assert served.post(f"{AT}/web/rename", name="other").status == 204
    assert ctr.name == "other"
    assert served.post(f"{AT}/other/rename").status == 400


def test_wait(served: Served) -> None:
    """A number and nothing else; the code of a container that is gone is known by its whole id."""
    ctr = create(served, "sh", "-c", "read line; exit 3", name="web", stdin=True)
    assert served.post(f"{AT}/web/wait", condition="created").json == -1
    with ctr.start_and_attach() as session:
        assert served.post(f"{AT}/web/wait", condition=["exited", "running"], interval="1s").json == -1
        session.write(b"\n")
        assert served.post(f"{AT}/web/wait", condition=["stopped", "exited"]).json == 3
    ctr.remove()
    assert served.post(f"{AT}/web/wait").status == 404
    assert served.post(f"{AT}/{ctr.id}/wait").json == 3
    assert served.post(f"{AT}/{ctr.id}/wait", condition="running").status == 404
    assert served.post(f"{AT}/{'0' * 64}/wait").status == 404
    create(served, name="other")
    assert served.post(f"{AT}/other/wait", condition="bogus").status == 400
    assert served.post(f"{AT}/other/wait", interval="soon").status == 400


def test_remove(served: Served) -> None:
    ctr = create(served, name="web")
    ctr.start()
    assert served.delete(f"{AT}/web").status == 409
    found = served.delete(f"{AT}/web", force=True, timeout=0)
    assert (found.status, found.json) == (200, [{"Id": ctr.id, "Err": None, "RawInput": "web"}])
    assert served.delete(f"{AT}/web", ignore=True).json == []
    assert served.delete(f"{AT}/web").status == 404
    base = create(served, name="base")
    user = create(served, requires=["base"])
    assert served.delete(f"{AT}/base").status == 409
    gone = served.delete(f"{AT}/base", depend=True).json
    assert [each["Id"] for each in gone] == [user.id, base.id]


def test_remove_with_its_pod(served: Served) -> None:
    pod = served.engine.pods.create("pod", share=())
    member, infra = create(served, pod="pod"), pod.infra
    assert infra is not None
    assert served.delete(f"{AT}/{infra.id}").status == 409
    gone = served.delete(f"{AT}/{infra.id}", depend=True).json
    assert [each["Id"] for each in gone] == [member.id, infra.id]
    assert not pod.exists()


def test_prune(served: Served) -> None:
    old, mounted = create(served, name="old"), create(served, name="mounted")
    mounted.mount()
    found = served.post(f"{AT}/prune").json
    assert [(each["Id"], each["Size"], bool(each["Err"])) for each in found] == [
        (mounted.id, 0, True), (old.id, 0, False),
    ]  # fmt: skip
    assert served.post(f"{AT}/prune", filters={"id": ["x"]}).json["cause"] == "id is an invalid filter"
    assert served.post(f"{AT}/prune?filters=garb1age").status == 400


def test_top(served: Served) -> None:
    ctr = create(served, name="web")
    ctr.start()
    executed(ctr)
    found = served.get(f"{AT}/web/top").json
    assert found["Titles"] == "USER PID PPID %CPU ELAPSED TTY TIME COMMAND".split()
    assert found["Processes"][0][1] == "1"
    assert served.get(f"{AT}/web/top", ps_args=["pid,comm", "hpid"]).json == {
        "Titles": ["PID", "COMMAND", "HPID"], "Processes": [["1", "sleep", str(init_of(ctr).pid)]],
    }  # fmt: skip
    assert served.get(f"{AT}/web/top", delay=0).status == 400
    with served.begin("GET", f"{AT}/web/top", stream=True, delay=1) as stream:
        lines = [json.loads(stream.readline()) for _ in range(2)]
        assert lines[0]["Titles"] == lines[1]["Titles"]
        ctr.kill()
        assert stream.read() == b""


def test_mounts(served: Served) -> None:
    ctr = create(served, name="web")
    path = served.post(f"{AT}/web/mount").body.decode().strip()
    assert path.endswith("merged")
    assert served.get(f"{AT}/showmounted").json == {ctr.id: path}
    assert served.post(f"{AT}/web/unmount").status == 204
    assert served.post(f"{AT}/web/unmount").status == 409
    assert served.get(f"{AT}/showmounted").json == {}


def test_resize(served: Served) -> None:
    ctr = create(served, name="web", tty=True)
    assert served.post(f"{AT}/web/resize", h=20, w=70).status == 409
    assert served.post(f"{AT}/web/resize", h=20, w=70, running=True).status == 200
    ctr.start()
    assert served.post(f"{AT}/web/resize", h=20, w=70).status == 200


@pytest.mark.parametrize(("command", "status", "code"), [("exit 0", "healthy", 0), ("echo no; exit 1", "unhealthy", 1)])
def test_healthcheck(served: Served, command: str, status: str, code: int) -> None:
    ctr = create(served, name="web", healthcheck=command, health_interval=0)
    assert served.get(f"{AT}/web/healthcheck").status == 409
    ctr.start()
    found = served.get(f"{AT}/web/healthcheck").json
    assert (found["Status"], found["Log"][-1]["ExitCode"]) == (status, code)
    create(served, name="plain").start()
    assert served.get(f"{AT}/plain/healthcheck").status == 409


def test_whether_it_is_about_to_be_restarted(served: Served) -> None:
    ctr = create(served, "false", name="web", restart="on-failure:9")
    assert served.get(f"{AT}/web/shouldrestart").status == 404
    ctr.start()
    ctr.wait("next-exit", run=4)  # it pauses longer each time
    assert served.get(f"{AT}/web/shouldrestart").status == 204
