"""Builds through both APIs."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import shutil
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.images.conftest import PASSWORD, USER, Registry, guarded
from seabox.testing.census import take
from service.served import Answer, Served

__all__ = ["guarded"]

pytestmark = pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")


def context(containerfile: str, *members: tarfile.TarInfo, name: str = "Dockerfile", **files: str) -> bytes:
    """An archive with a Containerfile, these files, and these members without data."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member in members:
            tar.addfile(member)
        for path, text in ({name: containerfile} | files).items():
            about = tarfile.TarInfo(path.replace("__", "."))
            about.size = len(text.encode())
            tar.addfile(about, io.BytesIO(text.encode()))
    return out.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


def build(served: Served, body: bytes, path: str = "/build", **query: Any) -> Answer:
    query.setdefault("networkmode", "none")
    return served.ask("POST", path, body, {"Content-Type": "application/x-tar"}, **query)


def text(answer: Answer) -> str:
    return "".join(line.get("stream", "") for line in answer.lines)


def settings(served: Served, name: str) -> Any:
    return json.loads(served.engine.images.find(name).config)["config"]


def test_docker_hears_of_steps_and_of_the_image(served: Served) -> None:
    body = context(
        'FROM busybox\nARG WORD=none\nCOPY note /note\nRUN echo $WORD >>/note; cat /note\nCMD ["cat", "/note"]\n',
        note="ahoy\n",
    )
    told = build(served, body, t=["ship:1", "ship:2"], buildargs={"WORD": "built", "UNSET": None}, labels={"a": "b c"})
    assert told.status == 200, told
    assert "Step 1/6 : FROM busybox\n" in text(told)
    assert "ahoy\nbuilt\n" in text(told)
    image = served.engine.images.find("docker.io/library/ship:1")
    assert {"aux": {"ID": f"sha256:{image.id}"}} in told.lines
    assert [line.get("stream") for line in told.lines[-3:]] == [
        f"Successfully built {image.id[:12]}\n", "Successfully tagged ship:1\n", "Successfully tagged ship:2\n",
    ]  # fmt: skip
    assert settings(served, "ship:2")["Labels"] == {"a": "b c"}
    again = build(served, body, t="ship:1", buildargs={"WORD": "built"}, labels={"a": "b c"})
    assert "---> Using cache" in text(again)
    fresh = build(served, body, cachefrom='["missing:1"]')
    assert "---> Using cache" not in text(fresh)
    quiet = build(served, gzip.compress(body), q=True, nocache=True)
    assert len(quiet.lines) == 1
    assert quiet.lines[0]["stream"].startswith("sha256:")


def test_podman_hears_of_the_id_last(served: Served) -> None:
    body = context("FROM busybox AS one\nRUN echo 1\nFROM busybox\nRUN false\n", name="ship/Containerfile")
    told = build(served, body, "/libpod/build", t="ship", target="one", dockerfile='["ship/Containerfile"]')
    image = served.engine.images.find("localhost/ship:latest")
    assert told.lines[-1] == {"stream": f"{image.id}\n"}
    assert "STEP 1/2: FROM busybox" in text(told)


def test_what_it_is_made_from_may_be_in_a_registry(served: Served, guarded: Registry) -> None:
    name = f"{guarded.host}/build/base:1"
    served.engine.images.push("busybox", name, access=guarded.login)
    accounts = {guarded.host: {"username": USER, "password": PASSWORD}}
    header = base64.urlsafe_b64encode(json.dumps(accounts).encode()).decode()
    refused = build(served, context(f"FROM {name}\n"))
    assert "error" in refused.lines[-1]
    told = served.ask("POST", "/build", context(f"FROM {name}\nLABEL a=b\n"), {"X-Registry-Config": header}, t="made")
    assert served.engine.images.exists("docker.io/library/made")
    assert PASSWORD not in str(told.body) + str(refused.body)


def test_a_build_that_fails_says_so_in_the_stream(served: Served) -> None:
    told = build(served, context("FROM busybox\nRUN exit 7\n"))
    why = "The command '/bin/sh -c exit 7' returned a non-zero code: 7"
    assert (told.status, told.lines[-1]) == (200, {"error": why, "errorDetail": {"code": 7, "message": why}})
    told = build(served, context("FROM busybox\nFLY\n"))
    assert "FLY" in told.lines[-1]["error"].upper()
    told = build(served, context("FROM 127.0.0.1:1/missing\n"))
    assert "connection refused" in told.lines[-1]["error"]


def test_what_is_wrong_with_a_request_has_a_status(served: Served) -> None:
    body = context("FROM busybox\n")
    for wrong in (
        {"dockerfile": "missing"}, {"version": "2"}, {"outputs": '[{"type":"local"}]'}, {"remote": "/etc"},
        {"remote": "https://example.com/x.git#main"}, {"buildargs": "{"}, {"buildargs": '{"a": 1}'}, {"labels": "[1]"},
        {"t": "UPPER"}, {"t": f"x@sha256:{'0' * 64}"}, {"networkmode": "ns:/proc/1/ns/net"}, {"target": "--help"},
        {"memory": -5}, {"memory": "x"}, {"platform": "foobar"}, {"ulimits": "[{}]"}, {"extrahosts": "[1]"},
        {"pull": "perhaps"}, {"cpusetcpus": "0 --volume=/:/host"},
    ):  # fmt: skip
        assert build(served, body, **wrong).status == 400, wrong
    for wrong in ({"outputformat": "zip"}, {"secrets": '["id=a,src=/etc/shadow"]'}, {"secrets": "{}"},
                  {"manifest": "all"}, {"dockerfile": "[1]"}):  # fmt: skip
        assert build(served, body, "/libpod/build", **wrong).status == 400, wrong
    answer = served.ask("POST", "/libpod/build", body, {"Content-Type": "application/json"})
    assert (answer.status, "Content-Type: application/json" in answer.json["message"]) == (400, True)
    assert build(served, b"no archive").status == 400
    assert build(served, b"").status == 400


def test_limits_and_hosts_and_secrets_reach_the_build(served: Served) -> None:
    body = context(
        "FROM busybox\nRUN --mount=type=secret,id=word cat /run/secrets/word /etc/hosts; ulimit -n\n", hidden="abc\n"
    )
    told = build(
        served, body, "/libpod/build", extrahosts='["ship:192.0.2.7"]', secrets='["id=word,src=hidden"]',
        ulimits='[{"Name": "nofile", "Soft": 100, "Hard": 200}]', memory=100 << 20, shmsize=1 << 20,
        networkmode="host",
    )  # fmt: skip
    said = text(told)
    assert ("abc\n" in said, "192.0.2.7" in said, "100\n" in said) == (True, True, True), said


def test_files_are_left_out(served: Served) -> None:
    """Blanks around a pattern are none of it."""
    body = context("FROM busybox\nCOPY . /in\nRUN ls /in\n", __dockerignore="*\n ! yes \n", no="", yes="")
    told = build(served, body)
    assert ("yes\n" in text(told), "no\n" in text(told)) == (True, False)


def test_the_words_of_podmans_clients(served: Served) -> None:
    """4.3 says "/" for no platform, and all count buildah's ways to a network."""
    for words in ({"networkmode": "1", "platform": "/"}, {"networkmode": "NetworkDisabled"}):
        told = build(served, context("FROM busybox\nRUN ls /sys/class/net\n"), "/libpod/build", nocache=True, **words)
        assert "\nlo\n" in text(told), told


def test_a_client_that_hangs_up_ends_the_build(served: Served) -> None:
    before = take(served.home.root, served.home.runroot, cgroup_parent=served.home.cgroup_parent)
    body = context("FROM busybox\nRUN echo begun; sleep 1000\n")
    response = served.begin("POST", "/build", body, networkmode="none")
    assert any(json.loads(line).get("stream") == "begun\n" for line in response)
    response.close()
    for thread in threading.enumerate():
        if thread.name in ("seabox-telling", "seabox-connection"):
            thread.join(30)
    assert [line for line in before.left_since() if not line.startswith("fd: ")] == []  # the service goes on
    assert not list(Path(served.home.root).rglob("Dockerfile"))


def test_a_context_that_stops_coming_leaves_nothing(served: Served) -> None:
    with served.connect() as client:
        body = context("FROM busybox\n", big="x" * 100_000)
        client.sendall(b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(body))
        client.sendall(body[:70_000])
    while threads := [each for each in threading.enumerate() if each.name == "seabox-connection"]:
        for thread in threads:
            if thread.ident is None:  # about to begin: that cannot be waited for
                os.sched_yield()
            else:
                thread.join(30)
                assert not thread.is_alive()
    assert not list(Path(served.home.root).rglob("Dockerfile"))


def test_nothing_is_kept_that_is_pruned(served: Served) -> None:
    assert served.post("/build/prune").json == {"CachesDeleted": [], "SpaceReclaimed": 0}
    build(served, context("FROM busybox\nRUN true\n"))
    assert served.post("/build/prune", all=True).json["SpaceReclaimed"] > 0


SECRET = "canary-of-the-host"


@pytest.fixture
def canary(tmp_path: Path) -> str:
    path = tmp_path / "canary"
    path.write_text(SECRET)
    return str(path)


def test_cve_2026_17106_names_and_links_in_a_context(served: Served, canary: str) -> None:
    folder = os.path.dirname(canary)
    for evil in (
        [member("../escaped", tarfile.DIRTYPE)], [member(f"{folder}/escaped", tarfile.DIRTYPE)],
        [member("way", tarfile.SYMTYPE, folder), member("way/escaped", tarfile.DIRTYPE)],
        [member("way", tarfile.SYMTYPE, "../" * 20), member(f"way{folder}/escaped", tarfile.DIRTYPE)],
        [member("hard", tarfile.LNKTYPE, f"..{canary}")], [member("hard", tarfile.LNKTYPE, canary)],
        [member("way", tarfile.SYMTYPE, folder), member("hard", tarfile.LNKTYPE, "way/canary")],
        [member("null", tarfile.CHRTYPE)], [member("disk", tarfile.BLKTYPE)], [member("pipe", tarfile.FIFOTYPE)],
    ):  # fmt: skip
        answer = build(served, context("FROM busybox\n", *evil))
        assert (answer.status, SECRET in str(answer.body)) in ((400, False), (404, False)), evil
        assert not os.path.exists(f"{folder}/escaped")
    assert not list(Path(served.home.root).rglob("Dockerfile"))


@pytest.mark.parametrize("name", ["Dockerfile", "__dockerignore"])
def test_a_containerfile_that_is_a_link_is_one_of_the_context(served: Served, canary: str, name: str) -> None:
    link = member(name.replace("__", "."), tarfile.SYMTYPE, canary)
    body = context("FROM busybox\nCOPY . /x\n", link, name="Dockerfile" if name != "Dockerfile" else "Other")
    answer = build(served, body)
    assert SECRET not in str(answer.body)
    assert answer.status == (400 if name == "Dockerfile" else 200)


def test_cve_2024_1753_and_2024_9675_mounts_of_the_host(served: Served, canary: str) -> None:
    folder = os.path.dirname(canary)
    up = "../" * 20
    for mount in ("--mount=type=bind,source=way,target=/mnt", f"--mo\\\nunt=type=cache,id={up}{folder},target=/mnt"):
        lines = f"FROM busybox\nRUN {mount} cat /mnt/canary\n"
        answer = build(served, context(lines, member("way", tarfile.SYMTYPE, folder)))
        assert SECRET not in str(answer.body)
        assert "buildah 1.38.1 or newer" in answer.lines[-1]["error"] or "canary" in answer.lines[-1]["error"]


def test_images_are_not_named_by_places_of_the_host(served: Served, canary: str) -> None:
    for lines in (f"FROM dir:{os.path.dirname(canary)}\n", f"FROM busybox\nCOPY --from=oci-archive:{canary} / /\n"):
        assert "must be one that is here" in build(served, context(lines)).lines[-1]["error"]
