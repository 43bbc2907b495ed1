"""Checkpoints over HTTP: in place, and as archives that come and go as bodies."""

from __future__ import annotations

import pytest

from engine.checkpoint.programs import criu_trouble
from engine.home import executed, init_of
from service.served import Served

AT = "/libpod/containers"


@pytest.fixture(autouse=True)
def _criu() -> None:
    if trouble := criu_trouble():
        pytest.skip(trouble)


def test_in_place(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["sleep", "1000"], name="web")
    assert served.post(f"{AT}/web/checkpoint").status == 409
    ctr.start()
    executed(ctr)
    found = served.post(f"{AT}/web/checkpoint", printStats=True).json
    assert (found["Id"], found["runtime_checkpoint_duration"] > 0) == (ctr.id, True)
    assert ctr.status == "exited"
    assert served.post(f"{AT}/web/restore", name="x").status == 400
    found = served.post(f"{AT}/web/restore").json
    assert (found["Id"], found["runtime_restore_duration"] > 0, "criu_statistics" in found) == (ctr.id, True, True)
    assert ctr.status == "running"
    assert served.post(f"{AT}/nobody/restore").status == 404


def test_archives(served: Served) -> None:
    """One goes out as a body, and comes in as another container."""
    asked = {
        "Image": "busybox", "Cmd": ["sleep", "1000"], "OpenStdin": True, "StdinOnce": True,
        "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGTERM", "HostConfig": {"NetworkMode": "none"},
    }  # fmt: skip
    ctr = served.engine.containers.get(served.post("/containers/create", asked, name="web").json["Id"])
    ctr.start()
    executed(ctr)
    first = init_of(ctr)
    archive = served.post(f"{AT}/web/checkpoint", export=True, leaveRunning=True)
    assert (archive.status, archive.headers["content-type"]) == (200, "application/x-tar")
    assert (ctr.status, init_of(ctr)) == ("running", first)
    found = served.ask("POST", f"{AT}/import/restore", archive.body, name="other", **{"import": True})
    assert found.status == 200, found
    other = served.engine.containers.get("other")
    assert (other.id, other.status) == (found.json["Id"], "running")
    answer = served.ask("POST", f"{AT}/import/restore", b"nothing", **{"import": True})
    assert (answer.status, answer.json["message"].startswith("the archive: ")) == (400, True)
