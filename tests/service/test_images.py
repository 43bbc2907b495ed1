"""Images for Docker's clients."""

from __future__ import annotations

import pytest

from seabox.errors import InvalidArgument, NoSuchImage
from seabox.service import image_names
from service.served import Served

ZERO = "0001-01-01T00:00:00Z"


def test_names() -> None:
    assert image_names.complete("busybox") == "docker.io/library/busybox:latest"
    assert image_names.complete("me/web:1") == "docker.io/me/web:1"
    assert image_names.complete("localhost/web") == "localhost/web:latest"
    assert image_names.short("docker.io/library/busybox:latest") == "busybox:latest"
    assert image_names.short("docker.io/me/web:1") == "me/web:1"
    assert image_names.short("localhost/web:latest") == "localhost/web:latest"
    assert image_names.joined("busybox", "") == "docker.io/library/busybox:latest"
    assert image_names.joined("r.example:5000/a:b", "c") == "r.example:5000/a:c"
    assert image_names.joined("a", "sha256:" + "0" * 64) == "docker.io/library/a@sha256:" + "0" * 64
    for repository in ("", "A", "a b"):
        with pytest.raises(InvalidArgument):
            image_names.joined(repository, "x")


def test_finding(served: Served) -> None:
    """A Docker client's names are the Hub's first, then localhost's; what is not there is told in Docker's words."""
    on = served.engine
    here = on.images.find("localhost/busybox")
    assert image_names.find(on, "busybox").id == here.id
    assert image_names.find(on, f"sha256:{here.id}").id == image_names.find(on, here.id[:12]).id == here.id
    assert image_names.names_meant(here, "busybox") == ["localhost/busybox:latest"]
    assert image_names.names_meant(here, here.id[:12]) == []
    with pytest.raises(NoSuchImage, match=r"^No such image: nothing:latest$"):
        image_names.find(on, "nothing")
    on.images.tag(here.id, "docker.io/library/busybox:latest")
    both = on.images.find(here.id)
    assert image_names.names_meant(both, "busybox") == ["docker.io/library/busybox:latest"]


def test_the_list(served: Served) -> None:
    served.post("/images/busybox/tag", repo="web", tag="1")
    id = served.engine.images.find("web:1").id
    (row,) = served.get("/images/json").json
    assert row == {
        "Containers": -1, "Created": row["Created"], "Id": f"sha256:{id}", "Labels": None, "ParentId": "",
        "RepoDigests": row["RepoDigests"], "RepoTags": ["web:1", "localhost/busybox:latest"], "SharedSize": -1,
        "Size": row["Size"],
    }  # fmt: skip
    assert row["Size"] > 0
    assert served.get("/v1.40/images/json").json[0]["VirtualSize"] == row["Size"]
    assert served.get("/images/json?shared-size=1").json[0]["SharedSize"] == 0


def test_filters(served: Served) -> None:
    def tags(**conditions: list[str]) -> list[list[str]]:
        return [row["RepoTags"] for row in served.get("/images/json", filters=conditions).json]

    served.post("/images/busybox/tag", repo="me/web", tag="1")
    served.engine.images.untag("busybox", "localhost/busybox")
    assert tags() == [["me/web:1"]]
    for pattern in ("me/web", "me/web:1", "me/*", "m?/w[e]b", "docker.io/me/web"):
        assert tags(reference=[pattern]) == [["me/web:1"]]
    for pattern in ("*", "web:2", "me/web:2", "me", "[", "me/w[^e]b"):
        assert tags(reference=[pattern]) == []
    assert tags(dangling=["true"]) == tags(label=["a"]) == tags(before=["me/web:1"]) == tags(since=["me/web:1"]) == []
    assert tags(dangling=["false"]) == tags(until=["0s"]) == [["me/web:1"]]
    for conditions, status in (
        ({"nothing": ["x"]}, 400), ({"dangling": ["x"]}, 400), ({"before": ["nothing"]}, 404), ({"until": ["x"]}, 400),
    ):  # fmt: skip
        assert served.get("/images/json", filters=conditions).status == status
    assert [row["RepoTags"] for row in served.get("/v1.24/images/json?filter=me/web").json] == [["me/web:1"]]


def test_a_name_in_another_registry(served: Served) -> None:
    """The list finds by a name what an inspection finds by it."""
    served.engine.images.tag("busybox", "r.example/team/web:latest")
    (row,) = served.get("/images/json", filters={"reference": ["team/web"]}).json
    assert row["RepoTags"] == ["r.example/team/web:latest"]
    assert served.get("/images/team/web/json").status == 200


def test_without_a_name(served: Served) -> None:
    served.engine.images.untag("busybox")
    (row,) = served.get("/images/json", filters={"dangling": ["1"]}).json
    assert row["RepoTags"] == []
    (row,) = served.get("/v1.42/images/json").json
    assert row["RepoTags"] == ["<none>:<none>"]


def test_inspecting(served: Served) -> None:
    found = served.get("/images/busybox/json").json
    id = served.engine.images.find("busybox").id
    assert found["Id"] == f"sha256:{id}"
    assert found["RepoTags"] == ["localhost/busybox:latest"]
    assert (found["Os"], found["Parent"], found["Metadata"]) == ("linux", "", {"LastTagTime": ZERO})
    assert found["Config"]["Cmd"] == ["sh"]
    assert found["Config"]["Labels"] is found["Config"]["Entrypoint"] is None
    assert found["RootFS"]["Layers"][0].startswith("sha256:")
    assert found["GraphDriver"]["Name"] in ("overlay", "vfs")
    assert "VirtualSize" not in found
    assert served.get(f"/v1.40/images/sha256:{id}/json").json["VirtualSize"] == found["Size"]
    missing = served.get("/images/nothing/json")
    assert (missing.status, missing.json["message"]) == (404, "No such image: nothing:latest")
    assert served.get("/images/No/json").status == 400


def test_history(served: Served) -> None:
    (step,) = served.get("/images/busybox/history").json
    assert step["Tags"] == ["localhost/busybox:latest"]
    assert step["Id"] == "sha256:" + served.engine.images.find("busybox").id
    assert step["CreatedBy"] == "seabox image embed busybox"
    assert served.get("/images/nothing/history").status == 404


def test_tagging(served: Served) -> None:
    assert served.post("/images/busybox/tag", repo="r.example:5000/a/b", tag="c").status == 201
    assert served.post("/images/busybox/tag", repo="web").status == 201
    assert served.engine.images.find("busybox").names == (
        "docker.io/library/web:latest", "localhost/busybox:latest", "r.example:5000/a/b:c",
    )  # fmt: skip
    assert served.post("/images/nothing/tag", repo="web").status == 404
    for repository, tag in (("Web", ""), ("", "x"), ("web", "a b"), ("web", "sha256:" + "0" * 64)):
        assert served.post("/images/busybox/tag", repo=repository, tag=tag).status == 400


def test_removing_names(served: Served) -> None:
    """The last name takes the image with it."""
    image = served.engine.images.find("busybox")
    served.post("/images/busybox/tag", repo="web")
    assert served.delete("/images/web").json == [{"Untagged": "web:latest"}]
    told = served.delete("/images/busybox").json
    assert told == [
        {"Untagged": "localhost/busybox:latest"}, {"Deleted": f"sha256:{image.id}"},
        {"Deleted": f"sha256:{image.layers[0]}"},
    ]  # fmt: skip
    missing = served.delete("/images/busybox")
    assert (missing.status, missing.json["message"]) == (404, "No such image: busybox:latest")


def test_removing_by_id(served: Served) -> None:
    id = served.engine.images.find("busybox").id
    served.post("/images/busybox/tag", repo="web")
    refused = served.delete(f"/images/{id}")
    assert refused.status == 409
    assert refused.json["message"] == (
        f"conflict: unable to delete {id[:12]} (must be forced) - image is referenced in multiple repositories"
    )
    told = served.delete(f"/images/{id}?force=1").json
    assert [*told[0], *told[1], *told[2]] == ["Untagged", "Untagged", "Deleted"]
    assert served.engine.images.list() == []


def test_removing_what_is_used(served: Served) -> None:
    """Containers are not removed with it; one that was stopped goes on having its files."""
    ctr = served.engine.containers.create("busybox", ["true"])
    id = served.engine.images.find("busybox").id
    refused = served.delete("/images/busybox")
    assert refused.status == 409
    assert refused.json["message"] == (
        'conflict: unable to remove repository reference "busybox" (must force) - '
        f"container {ctr.id[:12]} is using its referenced image {id[:12]}"
    )
    assert "used by stopped container" in served.delete(f"/images/{id}").json["message"]
    ctr.start()
    ctr.wait()
    assert served.delete("/images/busybox?force=1").json == [{"Untagged": "localhost/busybox:latest"}]
    assert "cannot be forced" in served.delete(f"/images/{id}?force=1").json["message"]
    ctr.start()
    assert ctr.wait() == 0


def test_removing_what_runs(served: Served) -> None:
    ctr = served.engine.containers.run("busybox", ["sleep", "1000"])
    refused = served.delete("/images/busybox?force=true")
    assert refused.status == 409
    assert f"image is being used by running container {ctr.id[:12]}" in refused.json["message"]
    assert served.engine.images.exists("busybox")


def test_removing_what_it_was_made_of(served: Served) -> None:
    """Forebears without a name go with it, unless the client wants to keep them."""
    ctr = served.engine.containers.create("busybox", ["true"])
    first = served.engine.images.commit(ctr.id)
    ctr.remove()
    again = served.engine.containers.create(first, ["true"])
    last = served.engine.images.commit(again.id, "web")
    again.remove()
    assert served.get("/images/web/json").json["Parent"] == f"sha256:{first}"
    assert [row["Id"] for row in served.get("/images/json").json if row["RepoTags"] == []] == []
    assert f"sha256:{first}" in [row["Id"] for row in served.get("/images/json?all=1").json]
    served.engine.images.tag(last, "keep")
    served.delete("/images/web")
    assert len(served.engine.images.list()) == 3
    assert served.delete("/images/keep?noprune=1").status == 200
    assert len(served.engine.images.list()) == 2
    ctr = served.engine.containers.create(first, ["true"])
    served.engine.images.commit(ctr.id, "web")
    ctr.remove()
    told = served.delete("/images/localhost/web").json
    assert {"Deleted": f"sha256:{first}"} in told
    assert [image.names for image in served.engine.images.list()] == [("localhost/busybox:latest",)]


def test_pruning(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["sh", "-c", "echo 1234 > /new"])
    ctr.start()
    ctr.wait()
    nameless = served.engine.images.commit(ctr.id, changes=["LABEL a=b"])
    named = served.engine.images.commit(ctr.id, "web")
    assert served.post("/images/prune", filters={"label!": ["a"]}).json == {"ImagesDeleted": None, "SpaceReclaimed": 0}
    assert served.post("/images/prune", filters={"reference": ["a"]}).status == 400
    told = served.post("/images/prune", filters={"dangling": ["true"]}).json
    assert {"Deleted": f"sha256:{nameless}"} in told["ImagesDeleted"]
    told = served.post("/images/prune", filters={"dangling": ["false"]}).json
    assert told["ImagesDeleted"][:2] == [{"Untagged": "localhost/web:latest"}, {"Deleted": f"sha256:{named}"}]
    assert told["SpaceReclaimed"] > 0
    assert len(served.engine.images.list()) == 1
