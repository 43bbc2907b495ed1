"""Images that come and go through Docker's API: from a registry on this host, and in archives."""

from __future__ import annotations

import io
import json
import socket
import tarfile
import threading

from engine.images.conftest import Registry, registry
from service.served import Served

__all__ = ["registry"]


def archive(**files: bytes) -> bytes:
    """A tar archive of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return out.getvalue()


def test_what_was_saved_can_be_loaded(served: Served) -> None:
    saved = served.get("/images/busybox/get")
    assert (saved.status, saved.headers["content-type"]) == (200, "application/x-tar")
    with tarfile.open(fileobj=io.BytesIO(saved.body)) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        assert json.load(member)[0]["RepoTags"] == ["localhost/busybox:latest"]
        assert "repositories" in tar.getnames()
    served.engine.images.remove("busybox")
    loaded = served.post("/images/load", saved.body, quiet=True)
    assert loaded.status == 200
    assert loaded.lines == [{"stream": "Loaded image: localhost/busybox:latest\n"}]
    assert served.engine.images.exists("busybox")


def test_several_images_in_one_archive_and_one_without_a_name(served: Served) -> None:
    images = served.engine.images
    images.tag("busybox", "docker.io/library/boat:1")
    other = images.import_tar([archive(etc=b"")], "registry.example.com/team/other")
    saved = served.get("/images/get", names=["boat:1", other])
    for name in ("busybox", "boat:1", "registry.example.com/team/other"):
        images.remove(name)
    with tarfile.open(fileobj=io.BytesIO(saved.body)) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        assert [image["RepoTags"] for image in json.load(member)] == [["boat:1"], []]
    said = served.post("/images/load", saved.body).lines
    assert said == [{"stream": "Loaded image: boat:1\n"}, {"stream": f"Loaded image ID: sha256:{other}\n"}]
    assert served.get("/images/get", names=["boat:1", "no-such"]).status == 404
    assert served.get("/images/get").status == 400


def test_an_archive_of_ocis_form_is_loaded(served: Served) -> None:
    pieces = list(served.engine.images.archived(["busybox"], "oci-archive"))
    served.engine.images.remove("busybox")
    told = served.post("/images/load", b"".join(pieces))
    assert told.lines == [{"stream": "Loaded image: localhost/busybox:latest\n"}]


def test_what_is_no_archive_is_told_as_dockerd_does(served: Served) -> None:
    told = served.post("/images/load", b"no tar at all")
    assert told.status == 200
    assert told.json["error"] == told.json["errorDetail"]["message"] != ""


def test_a_pull_tells_of_layers_and_ends_with_its_status(served: Served, registry: Registry) -> None:
    name = f"{registry.host}/docker/busybox"
    served.engine.images.push("busybox", f"{name}:1", access=registry.access)
    served.engine.images.remove("busybox")
    told = served.post("/images/create", fromImage=name, tag="1")
    assert told.status == 200
    assert told.lines[0] == {"status": f"Pulling from {name}", "id": "1"}
    assert [line["status"] for line in told.lines[1:4]] == ["Pulling fs layer", "Download complete", "Pull complete"]
    assert told.lines[-2]["status"].startswith("Digest: sha256:")
    assert told.lines[-1] == {"status": f"Status: Downloaded newer image for {name}:1"}
    again = served.post("/images/create", fromImage=f"{name}:1")
    assert again.lines[-1] == {"status": f"Status: Image is up to date for {name}:1"}
    digest = told.lines[-2]["status"].removeprefix("Digest: ")
    assert served.post("/images/create", fromImage=name, tag=digest).lines[-1] == {
        "status": f"Status: Image is up to date for {name}@{digest}"
    }


def test_without_a_tag_all_tags_are_pulled(served: Served, registry: Registry) -> None:
    name = f"{registry.host}/docker/several"
    for tag in ("1", "2"):
        served.engine.images.push("busybox", f"{name}:{tag}", access=registry.access)
    served.post("/images/create", fromImage=name)
    assert {f"{name}:1", f"{name}:2"} <= set(served.engine.images.find("busybox").names)


def test_a_pull_that_fails_at_once_has_a_status(served: Served, registry: Registry) -> None:
    missing = served.post("/images/create", fromImage=f"{registry.host}/docker/missing", tag="1")
    assert missing.status == 404
    assert f"manifest for {registry.host}/docker/missing:1 not found" in missing.json["message"]
    nowhere = served.post("/images/create", fromImage="127.0.0.1:1/x", tag="1")
    assert (nowhere.status, "connection refused" in nowhere.json["message"]) == (500, True)
    strange = served.post("/images/create", fromImage="x", tag="1", platform="foobar")
    assert (strange.status, "unknown operating system" in strange.json["message"]) == (400, True)
    assert served.post("/images/create", fromImage="UPPER", tag="1").status == 400
    assert served.post("/images/create").status == 400


def test_a_client_that_hangs_up_ends_the_pull(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as registry:
        registry.settimeout(30)
        with served.connect() as client:
            name = f"127.0.0.1:{registry.getsockname()[1]}/x"
            client.sendall(f"POST /images/create?fromImage={name}&tag=1 HTTP/1.1\r\nHost: d\r\n\r\n".encode())
            asking, _ = registry.accept()  # skopeo is there, and is told nothing
        with asking:
            asking.settimeout(30)
            while asking.recv(1000):
                pass
    for thread in threading.enumerate():
        if thread.name in ("seabox-telling", "seabox-connection"):
            thread.join(30)
            assert not thread.is_alive()


def test_files_are_imported(served: Served) -> None:
    told = served.post(
        "/images/create", archive(hello=b"ahoy"), fromSrc="-", repo="imported", tag="1", message="by hand",
        changes=['CMD ["/hello"]', "ENV A=1"],
    )  # fmt: skip
    image = served.engine.images.find("docker.io/library/imported:1")
    assert told.lines == [{"status": f"sha256:{image.id}"}]
    assert served.engine.images.get(image.id).command == ("/hello",)
    assert served.post("/images/create", b"no tar", fromSrc="-").status == 400
    assert served.post("/images/create", fromSrc="-", repo="empty").status == 200


def test_no_file_of_the_host_is_imported(served: Served) -> None:
    for place in ("/etc/passwd", "file:///etc/passwd", "../x"):
        assert served.post("/images/create", fromSrc=place).status == 400
