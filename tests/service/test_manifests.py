"""Lists of images for podman's clients."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.images.conftest import REGISTRY, Registry
from seabox.errors import NoSuchImage
from service.served import Served

pytestmark = pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    if REGISTRY is None:
        pytest.skip("docker-registry is not installed")
    (tmp_path / "registry").mkdir()
    found = Registry(tmp_path / "registry", guarded=False)
    yield found
    found.close()


def test_a_list(served: Served, registry: Registry) -> None:
    image = served.engine.images.find("busybox")
    digest = f"sha256:{hashlib.sha256(image.manifest).hexdigest()}"
    made = served.post("/libpod/manifests/localhost%2Fteam%2Fall", images=["busybox"])
    assert made.status == 201
    assert len(made.json["Id"]) == 64
    for name in ("team/all", "localhost%2Fteam%2Fall", made.json["Id"]):
        assert served.get(f"/libpod/manifests/{name}/exists").status == 204
    listed = served.get("/libpod/manifests/team/all/json").json
    assert (listed["schemaVersion"], [each["digest"] for each in listed["manifests"]]) == (2, [digest])
    (row,) = (row for row in served.get("/libpod/images/json").json if row["IsManifestList"])
    assert (row["Id"], row["Names"], row["Containers"]) == (made.json["Id"], ["localhost/team/all:latest"], 0)
    assert abs(row["Created"] - time.time()) < 600
    assert served.get("/libpod/images/json", filters={"reference": ["team/*"], "containers": ["false"]}).json == [row]
    assert served.get("/libpod/images/json", filters={"manifest": ["true"]}).json == [row]
    assert served.get("/libpod/images/json", filters={"manifest": ["false"]}).json[0]["Id"] == image.id
    assert [each["RepoTags"] for each in served.get("/images/json").json] == [["localhost/busybox:latest"]]
    for path in (f"/images/{row['Id']}/json", "/images/team/all/json", "/libpod/images/team/all/json"):
        shown = served.get(path).json
        assert (shown["Id"].removeprefix("sha256:"), shown["RepoTags"]) == (made.json["Id"], row["Names"])
    assert served.post("/libpod/manifests/team/all").status == 409
    changed = served.ask("PUT", "/libpod/manifests/team/all", {
        "operation": "annotate", "images": [digest], "arch": "arm64", "annotation": {"a": "b"}, "features": None,
    })  # fmt: skip
    assert (changed.status, changed.json["images"]) == (200, [digest]), changed
    (entry,) = served.get("/libpod/manifests/team/all/json").json["manifests"]
    assert (entry["platform"]["architecture"], entry["annotations"]) == ("arm64", {"a": "b"})
    place = registry.host + "/team/all"
    for quiet in (True, False):
        pushed = served.post(
            f"/libpod/manifests/team/all/registry/{place.replace('/', '%2F')}:1", all=True, tlsVerify=False, quiet=quiet
        )  # fmt: skip
        assert pushed.status == 200
        assert json.loads(pushed.body.splitlines()[-1])["Id"].startswith("sha256:"), pushed
    again = served.post("/libpod/manifests/team/all/push", destination=f"{place}:2", tlsVerify=False, all=True)
    assert (again.status, again.json["Id"][:7]) == (200, "sha256:")
    for path, query in (("registry/127.0.0.1:1%2Fall:1", {}), ("push", {"destination": "127.0.0.1:1/all:1"})):
        refused = served.post(f"/libpod/manifests/team/all/{path}", all=True, tlsVerify=False, **query)
        assert (refused.status, "connection refused" in refused.json["message"]) == (400, True)
    changed = served.ask("PUT", "/libpod/manifests/team/all", {"operation": "remove", "images": ["busybox", "no"]})
    assert changed.status == 409
    assert (changed.json["images"], len(changed.json["errors"])) == (["busybox"], 1)
    assert served.get("/libpod/manifests/team/all/json").json["manifests"] == []
    (entry,) = served.get("/libpod/manifests/busybox/json").json["manifests"]
    assert (entry["digest"], entry["platform"]["os"]) == (digest, "linux")
    gone = served.delete("/libpod/manifests/team/all").json
    assert gone == {"Untagged": ["localhost/team/all:latest"], "Deleted": [made.json["Id"]], "Errors": [],
                    "ExitCode": 0}  # fmt: skip


def test_a_list_is_removed_as_an_image(served: Served) -> None:
    for path in ("/libpod/images/one", "/images/one"):
        id = served.post("/libpod/manifests/one").json["Id"]
        assert served.delete(path).status == 200
        assert served.get("/libpod/manifests/one/exists").status == 404
        assert id not in [row["Id"] for row in served.get("/libpod/images/json").json]
    assert served.delete("/images/one").status == 404


def test_a_list_that_two_remove_at_once(served: Served) -> None:
    """The slower one is told that there is none."""
    images = served.engine.images
    images.manifest("create", ["localhost/gone"], account=lambda stream, piece: None)
    found = images.find_list("localhost/gone")
    assert found is not None
    assert images.remove(found.id).id == found.id
    with pytest.raises(NoSuchImage):
        images._remove_list(found)  # as one that had found it before


def test_podman_3(served: Served) -> None:
    """Its paths, which clients still use."""
    made = served.post("/v3.4.0/libpod/manifests/create", name="abc")
    assert made.status == 200
    added = served.post("/v3.4.0/libpod/manifests/abc/add", {"images": ["containers-storage:busybox"], "os": "plan9"})
    assert (added.status, added.json["Id"]) == (200, made.json["Id"]), added
    (entry,) = served.get("/v3.4.0/libpod/manifests/abc/json").json["manifests"]
    assert entry["platform"]["os"] == "plan9"
    assert served.delete("/v3.4.0/libpod/manifests/abc", digest=entry["digest"]).json == made.json
    assert served.delete("/libpod/manifests/abc").status == 200


def test_wrong(served: Served) -> None:
    assert served.post("/libpod/manifests/NoSuchName").status == 400
    assert served.post("/libpod/manifests/123456!@#$%25%5E").status == 400
    for method, path in (("GET", "json"), ("GET", "exists"), ("POST", "add"), ("POST", "push?destination=r.x/y")):
        assert served.ask(method, f"/libpod/manifests/nothing/{path}").status == 404
    assert served.ask("PUT", "/libpod/manifests/nothing", {"operation": "update", "images": ["busybox"]}).status == 404
    assert served.delete("/libpod/manifests/nothing").status == 404
    served.post("/libpod/manifests/list")
    for body in ({}, {"operation": "x", "images": ["a"]}, {"operation": "update"},
                 {"operation": "update", "images": ["--help"]}, {"operation": "remove", "images": ["x x"]}):
        assert served.ask("PUT", "/libpod/manifests/list", body).status == 400
    missing = served.ask("PUT", "/libpod/manifests/list", {"operation": "update", "images": ["oci:/nothing"]})
    assert missing.status == 400
    assert "\n" not in missing.json["message"]
    assert served.post("/libpod/manifests/list/push", destination="X").status == 400
