"""Images for podman's clients."""

from __future__ import annotations

import json

from engine.home import obedient
from service.served import Served

NAME = "localhost/busybox:latest"


def test_the_list(served: Served) -> None:
    (row,) = served.get("/libpod/images/json").json
    image = served.engine.images.find("busybox")
    assert row["Id"] == image.id
    assert (row["Names"], row["RepoTags"], row["Containers"], row["ParentId"]) == ([NAME], [NAME], 0, "")
    assert (row["Size"], row["Os"], row["IsManifestList"]) == (image.size, "linux", False)
    assert served.get("/libpod/images/json", filters={"reference": ["busy*"]}).json == [row]
    assert served.get("/libpod/images/json", filters={"label": ["x"]}).json == []
    assert served.get("/libpod/images/json", filters={"nothing": ["x"]}).status == 400


def test_one(served: Served) -> None:
    image = served.engine.images.find("busybox")
    for name in ("busybox", image.id, image.id[:12], "localhost/busybox", "localhost%2Fbusybox%3Alatest"):
        found = served.get(f"/v5.0.0/libpod/images/{name}/json").json
        assert (found["Id"], found["RepoTags"]) == (image.id, [NAME])
        assert served.get(f"/libpod/images/{name}/exists").status == 204
    missing = served.get("/libpod/images/nothing/json")
    assert (missing.status, missing.json) == (
        404, {"cause": "image not known", "message": "nothing: image not known", "response": 404},
    )  # fmt: skip
    for name in ("nothing", "Impossible", f"{image.id}ab"):
        missing = served.get(f"/libpod/images/{name}/exists")
        assert (missing.status, missing.json["cause"]) == (404, f"failed to find image {name}")


def test_where_it_would_be_looked_for(served: Served) -> None:
    assert served.get("/libpod/images/docker.io/busybox/resolve").json == {
        "Names": ["docker.io/library/busybox:latest"],
    }  # fmt: skip
    wrong = served.get("/libpod/images/noCAPITALcharAllowed/resolve")
    assert (wrong.status, wrong.json["cause"]) == (400, "repository name must be lowercase")


def test_how_it_was_made(served: Served) -> None:
    image = served.engine.images.find("busybox")
    (step,) = served.get("/libpod/images/busybox/history").json
    assert (step["Id"], step["Tags"], step["Size"]) == (image.id, [NAME], image.size)
    assert served.get("/libpod/images/busybox/tree?whatrequires=1").json["Tree"].startswith("Image ID: ")
    ctr = served.engine.containers.create("busybox", ["sh", "-c", "echo > /new; rm /bin/vi"])
    ctr.start()
    ctr.wait()
    served.engine.images.commit(ctr.id, "web")
    found = served.get("/libpod/images/web/changes").json
    assert {"Path": "/new", "Kind": 1} in found
    assert {"Path": "/bin/vi", "Kind": 2} in found
    assert served.get("/libpod/images/web/json").json["Parent"] == image.id


def test_tags(served: Served) -> None:
    assert served.post("/libpod/images/busybox/tag", repo="r.example:5000/web", tag="1").status == 201
    assert served.post("/libpod/images/busybox/tag", repo="web").status == 201
    assert served.engine.images.find("busybox").names == (
        NAME, "localhost/web:latest", "r.example:5000/web:1",
    )  # fmt: skip
    assert served.post("/libpod/images/busybox/tag").status == 400
    assert served.post("/libpod/images/nothing/tag", repo="web").status == 404
    assert served.post("/libpod/images/busybox/untag", repo="web").status == 201
    assert served.post("/libpod/images/busybox/untag", repo="other").status == 400
    assert served.post("/libpod/images/busybox/untag", tag="x").status == 400
    id = served.engine.images.find("busybox").id
    assert served.post("/libpod/images/busybox/untag").status == 201
    assert served.engine.images.find(id).names == ()


def test_removing_one(served: Served) -> None:
    """By force, its containers go as well."""
    image = served.engine.images.find("busybox")
    served.post("/libpod/images/busybox/tag", repo="web")
    assert served.delete("/libpod/images/web").json == {
        "Untagged": ["localhost/web:latest"], "Deleted": [], "Errors": [], "ExitCode": 0,
    }  # fmt: skip
    obedient(served.engine)
    assert served.delete("/libpod/images/busybox").status == 409
    assert served.delete("/libpod/images/busybox?force=true").json == {
        "Untagged": [NAME], "Deleted": [image.id], "Errors": [], "ExitCode": 0,
    }  # fmt: skip
    assert served.engine.containers.list() == []
    assert served.delete("/libpod/images/busybox").status == 404


def test_removing_several(served: Served) -> None:
    image = served.engine.images.find("busybox")
    served.post("/libpod/images/busybox/tag", repo="web")
    told = served.delete("/libpod/images/remove?images=web&images=nothing").json
    assert told == {
        "Untagged": ["localhost/web:latest"], "Deleted": [], "Errors": ["nothing: image not known"], "ExitCode": 1,
    }  # fmt: skip
    assert served.delete("/libpod/images/remove?images=nothing&ignore=1").json["ExitCode"] == 0
    served.post("/libpod/images/busybox/tag", repo="web")
    ctr = served.engine.containers.create("busybox", ["true"])
    told = served.delete("/libpod/images/remove?all=true").json
    assert (told["Deleted"], told["ExitCode"]) == ([], 2)
    assert len(served.engine.images.find("busybox").names) == 2
    ctr.remove()
    told = served.delete("/libpod/images/remove?all=true").json
    assert (told["Deleted"], told["Errors"]) == ([image.id], [])


def test_pruning(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["true"])
    nameless = served.engine.images.commit(ctr.id, changes=["LABEL a=b"])
    assert served.post("/libpod/images/prune", filters={"label": ["c"]}).json == []
    (told,) = served.post("/libpod/images/prune", filters={"until": ["0s"], "dangling": ["true"]}).json
    assert (told["Id"], told["Err"]) == (nameless, None)
    assert told["Size"] > 0
    assert served.post("/libpod/images/prune", all=True).json == []
    ctr.remove()
    assert len(served.post("/libpod/images/prune", filters={"all": ["true"]}).json) == 1
    for query in ("all=garbage", "filters=garb1age}", "filters=%7B%22all%22:%5B%22x%22%5D%7D"):
        assert served.post(f"/libpod/images/prune?{query}").status == 400


def test_committing(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["sh"], labels={"kept": "yes"}, env={"A": "1", "B": "2"})
    given = {
        "Entrypoint": ["/bin/crash"], "Cmd": ["and", "burn"], "Labels": {"for": "ever"}, "Env": ["A=3"], "Tty": True,
        "ExposedPorts": {"80/tcp": {}}, "Volumes": None, "WorkingDir": "",
    }  # fmt: skip
    answer = served.post("/libpod/commit", given, container=ctr.name, repo="native", tag="1", comment="said")
    assert answer.status == 200
    found = served.get("/libpod/images/native:1/json").json
    assert found["Id"] == answer.json["Id"]
    config = found["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["/bin/crash"], ["and", "burn"])
    assert config["Labels"] == {"kept": "yes", "for": "ever"}
    assert {"A=3", "B=2"} < set(config["Env"])
    image = "native:1"
    for form, comment in (("docker", "said"), ("docker", ""), ("oci", "")):  # its own, not that of the image below
        base = served.engine.containers.create(image)
        image = "native:docker"
        query = {"comment": comment} if comment else {}
        served.post("/libpod/commit", container=base.name, repo="native", tag="docker", format=form, **query)
        assert served.get("/libpod/images/native:docker/json").json["Comment"] == comment
    assert served.post("/libpod/commit", container=ctr.name, format="x").status == 400
    assert served.post("/libpod/commit", container="nothing").status == 404
    assert served.post("/libpod/commit").status == 400
    answer = served.post("/libpod/commit", container=ctr.name, stream=True, squash=True)
    assert json.loads(answer.body.splitlines()[-1])["stream"].strip() == served.engine.images.list()[0].id


def test_committing_for_docker(served: Served) -> None:
    ctr = served.engine.containers.run("busybox", ["sh", "-c", "echo ready > /ready; sleep 1000"])
    answer = served.post(
        "/commit?changes=ENV+X=1%0AEXPOSE+8000&changes=USER+me", container=ctr.name, repo="web", tag="1", author="me",
        comment="it is",
    )  # fmt: skip
    assert answer.status == 201
    found = served.get("/images/web:1/json").json
    assert (found["Id"], found["RepoTags"]) == (answer.json["Id"], ["web:1"])
    assert (found["Author"], found["Comment"]) == ("me", "it is")
    assert (found["Config"]["User"], found["Config"]["ExposedPorts"]) == ("me", {"8000/tcp": {}})
    assert ctr.status == "running"
    nameless = served.post("/commit", {"Cmd": ["ls"]}, container=ctr.name, pause=0).json["Id"]
    found = served.get(f"/images/{nameless}/json").json
    assert (found["RepoTags"], found["Config"]["Cmd"]) == ([], ["ls"])
    assert (found["Container"], found["ContainerConfig"]["Image"]) == (ctr.id, "localhost/busybox:latest")
    assert found["ContainerConfig"]["Cmd"][0] == "sh"
    for query, status in (("container=nothing", 404), (f"container={ctr.name}&changes=FROM+x", 400), ("", 400)):
        assert served.post(f"/commit?{query}").status == status
    assert served.post("/commit", {"Cmd": 3}, container=ctr.name).status == 400
    assert ctr.status == "running"
