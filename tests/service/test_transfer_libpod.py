"""Images that come and go through podman's API."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from engine.images.conftest import Registry, registry
from seabox.service.progress import Pulled
from service.served import Served
from service.test_transfer_docker import archive

__all__ = ["registry"]


@pytest.fixture
def there(served: Served, registry: Registry) -> str:
    """A name in the registry; the image is not here."""
    name = f"{registry.host}/libpod/busybox:1"
    served.engine.images.push("busybox", name, access=registry.access)
    served.engine.images.remove("busybox")
    return name


def test_a_pull_tells_podmans_lines_and_the_id_at_the_end(served: Served, there: str) -> None:
    told = served.post("/libpod/images/pull", reference=there, tlsVerify=False)
    id = served.engine.images.find(there).id
    assert told.status == 200
    assert told.lines[0] == {"stream": f"Trying to pull {there}...\n"}
    assert told.lines[-1] == {"images": [id], "id": id}
    quiet = served.post("/libpod/images/pull", reference=f"docker://{there}", policy="missing", quiet=True)
    assert quiet.json == {"images": [id], "id": id}


def test_in_compatible_mode_every_line_has_a_status(served: Served, there: str) -> None:
    told = served.post("/libpod/images/pull", reference=there, tlsVerify=False, compatMode=True, policy="always")
    assert all("status" in line for line in told.lines)
    assert served.engine.images.find(told.lines[-1]["id"]).id == served.engine.images.find(there).id


def test_a_short_name_is_told_as_it_is() -> None:
    told: list[bytes] = []
    Pulled(told.append, "alpine").heard("Getting image source signatures")
    assert json.loads(told[0]) == {"status": "Pulling from alpine", "id": "latest"}


def test_all_tags(served: Served, registry: Registry, there: str) -> None:
    place = there.rpartition(":")[0]
    told = served.post("/libpod/images/pull", reference=place, tlsVerify=False, allTags=True)
    assert told.lines[-1]["images"] == [served.engine.images.find(there).id]


def test_how_a_failed_pull_is_told(served: Served, registry: Registry) -> None:
    name = f"{registry.host}/libpod/missing:1"
    told = served.post("/libpod/images/pull", reference=name, tlsVerify=False)
    assert (told.status, "manifest unknown" in told.lines[-1]["error"]) == (200, True)
    quiet = served.post("/libpod/images/pull", reference=name, tlsVerify=False, quiet=True)
    assert (quiet.status, "manifest unknown" in quiet.json["error"]) == (200, True)
    compatible = served.post("/libpod/images/pull", reference=name, tlsVerify=False, compatMode=True)
    assert (compatible.status, compatible.json["response"]) == (404, 404)
    for wrong in ({}, {"reference": "dir:/etc"}, {"reference": "x", "policy": "often"}, {"reference": "X"}):
        assert served.post("/libpod/images/pull", **wrong).status == 400


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_what_was_saved_can_be_loaded(served: Served, form: str) -> None:
    saved = served.get("/libpod/images/busybox/get", format=form)
    served.engine.images.remove("busybox")
    loaded = served.post("/libpod/images/load", saved.body, reference="again:1")
    assert (loaded.status, loaded.json) == (200, {"Names": ["localhost/busybox:latest"]})
    assert served.engine.images.exists("again:1")


def test_several_images_and_archives_of_directories(served: Served) -> None:
    served.engine.images.import_tar([archive(a=b"")], "other")
    saved = served.get("/libpod/images/export", references=["busybox", "other"], format="docker-archive")
    assert saved.status == 200
    loaded = served.post("/libpod/images/load", saved.body)
    assert sorted(loaded.json["Names"]) == ["localhost/busybox:latest", "localhost/other:latest"]
    for form, name in (("oci-dir", "oci-layout"), ("docker-dir", "version")):
        packed = served.get("/libpod/images/busybox/get", format=form, compress=True)
        with tarfile.open(fileobj=io.BytesIO(packed.body)) as tar:
            assert name in tar.getnames()
    assert served.get("/libpod/images/busybox/get", format="zip").status == 400
    assert served.get("/libpod/images/missing/get").status == 404
    assert served.get("/libpod/images/export").status == 400


def test_files_are_imported(served: Served) -> None:
    told = served.post("/libpod/images/import", archive(a=b""), reference="imported", changes=["CMD /a"], message="m")
    assert served.engine.images.find("localhost/imported:latest").id == told.json["Id"]
    assert served.post("/libpod/images/import", b"x", url="/etc/passwd").status == 400
    assert served.post("/libpod/images/load", b"x").status == 400
