"""Files into containers and out of them, over the wire."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import Any

import pytest

import seabox
from service.served import Answer, Served

SCRIPT = """
mkdir -p /d/sub /empty; echo one > /d/one; ln -s /d /to-d; ln -s nowhere /broken; chmod 4750 /d/one; rm /etc/group
echo ready; sleep 1000
"""


@pytest.fixture
def ctr(served: Served) -> seabox.Container:
    ctr = served.engine.containers.create("busybox", ["sh", "-c", SCRIPT])
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    return ctr


def archive(*files: tuple[str, bytes], uid: int = 0) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files:
            about = tarfile.TarInfo(name)
            about.size, about.uid = len(data), uid
            if name.endswith("/"):
                about.type, about.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(about, io.BytesIO(data))
    return out.getvalue()


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as tar:
        return sorted(tar.getnames())


def stat_of(answer: Answer) -> Any:
    assert answer.status == 200, answer
    return json.loads(base64.b64decode(answer.headers["x-docker-container-path-stat"]))


def test_names(served: Served, ctr: seabox.Container) -> None:
    """Docker's clients replace the first part of names, so there must be one."""
    path = f"/containers/{ctr.id}/archive"
    assert names(served.get(path, path="/d")) == ["d", "d/one", "d/sub"]
    assert names(served.get(path, path="d/")) == ["d", "d/one", "d/sub"]
    assert names(served.get(path, path="/d/.")) == [".", "./one", "./sub"]
    assert names(served.get(path, path="/d/sub/../one")) == ["one"]
    assert names(served.get(path, path="/to-d")) == ["to-d"]
    assert names(served.get(path, path="/to-d/")) == ["to-d", "to-d/one", "to-d/sub"]
    assert {"/bin", "/d/one"} <= {each if each.startswith("/") else f"/{each}" for each in names(
        served.get(path, path="/")
    )}  # fmt: skip
    libpod = f"/libpod{path}"
    assert names(served.get(libpod, path="/d/.")) == ["one", "sub"]
    assert names(served.get(libpod, path="/to-d")) == ["to-d", "to-d/one", "to-d/sub"]
    assert names(served.get(libpod, path="/d/one", rename={"one": "two"})) == ["two"]


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_what_is_there(served: Served, ctr: seabox.Container, api: str) -> None:
    path = f"{api}/containers/{ctr.id}/archive"
    found = stat_of(served.ask("HEAD", path, path="/d/one"))
    assert (found["name"], found["size"], found["mode"]) == ("one", 4, 0o750 | 1 << 23)
    assert stat_of(served.ask("HEAD", path, path="/d"))["mode"] == 0o755 | 1 << 31
    link = stat_of(served.ask("HEAD", path, path="/to-d"))
    assert link["linkTarget"] == "/d"
    if api:  # what it leads to
        assert link["isDir"]
        assert stat_of(served.ask("HEAD", path, path="tmp"))["linkTarget"] == "/tmp"
    else:
        assert link["mode"] & 1 << 27
        assert stat_of(served.ask("HEAD", path, path="/broken"))["linkTarget"] == "/nowhere"
    assert served.ask("HEAD", path, path="/nothing").status == 404
    assert served.get(path, path="/nothing").status == 404
    assert served.get(path).status == 400
    assert served.get(f"{api}/containers/nope/archive", path="/").status == 404


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_putting(served: Served, ctr: seabox.Container, api: str) -> None:
    path = f"{api}/containers/{ctr.id}/archive"
    data = archive(("d/", b""), ("d/two", b"2"), uid=5)
    assert served.ask("PUT", path, data, path="/").status == 200
    assert ctr.exec_run(["cat", "/d/one", "/d/two"]).stdout == b"one\n2"
    assert ctr.exec_run(["stat", "-c", "%u", "/d/two"]).stdout == (b"0\n" if api else b"5\n")
    assert served.ask("PUT", path, archive(("empty", b"1")), path="/", noOverwriteDirNonDir=True).status == 409
    assert served.ask("PUT", path, archive(("empty", b"1")), path="/").status == 200
    assert ctr.exec_run(["cat", "/empty"]).stdout == b"1"
    assert served.ask("PUT", path, data, path="/nothing").status == 404
    assert served.ask("PUT", path, data, path="/d/one").status == 400
    assert served.ask("PUT", path, b"no archive", path="/").status == 400
    assert served.ask("PUT", path, archive(("../x", b"1")), path="/").status == 400


def test_at_rest(served: Served) -> None:
    """A container that does not run, and is used by nobody afterwards."""
    ctr = served.engine.containers.create("busybox", ["true"])
    path = f"/containers/{ctr.id}/archive"
    assert served.ask("PUT", path, archive(("a", b"1")), path="/tmp").status == 200
    assert names(served.get(path, path="/tmp/a")) == ["a"]
    assert stat_of(served.ask("HEAD", path, path="/tmp/a"))["size"] == 1
    assert stat_of(served.ask("HEAD", f"/libpod{path}", path="/tmp/a"))["linkTarget"] == "/tmp/a"
    assert served.ask("PUT", path, archive(("a", b"1")), path="/tmp").status == 200
    with served.begin("GET", path, path="/") as response:  # a client that leaves
        assert response.read(1)
    with served.begin("GET", f"/containers/{ctr.id}/export") as response:
        assert response.read(1)
    ctr.remove()


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_export_and_changes(served: Served, ctr: seabox.Container, api: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(served.get(f"{api}/containers/{ctr.id}/export").body)) as tar:
        assert tar.extractfile("d/one").read() == b"one\n"  # type: ignore[union-attr]
    found = {each["Path"]: each["Kind"] for each in served.get(f"{api}/containers/{ctr.id}/changes").json}
    assert (found["/d"], found["/d/one"], found["/etc"], found["/etc/group"]) == (1, 1, 0, 2)
    for what in ("export", "changes"):
        assert served.get(f"{api}/containers/nope/{what}").status == 404
    fresh = served.engine.containers.create("busybox", ["true"])
    assert served.get(f"{api}/containers/{fresh.id}/changes").json == ([] if api else None)


def test_what_is_put_into_a_container_is_no_change_of_it(served: Served) -> None:
    """Names of the host, servers of names...: dockerd has them in a layer of their own."""
    made = served.engine.containers.create("busybox", ["touch", "/new"])
    made.start()
    made.wait(timeout=60)
    assert served.get(f"/containers/{made.id}/changes").json == [{"Path": "/new", "Kind": 1}]
