"""Volumes as clients see them."""

from __future__ import annotations

import io
import tarfile

import pytest

from service.served import Served


def test_a_volumes_life(served: Served) -> None:
    """Made once, told alike by every route; what is asked for again is the same one."""
    made = served.post("/volumes/create", {"Name": "data", "Labels": {"a": "b"}, "DriverOpts": None})
    assert made.status == 201
    assert made.json | {"CreatedAt": "", "Mountpoint": ""} == {
        "Name": "data", "Driver": "local", "Labels": {"a": "b"}, "Options": {}, "Scope": "local", "CreatedAt": "",
        "Mountpoint": "",
    }  # fmt: skip
    assert served.post("/volumes/create", {"Name": "data"}).json == made.json
    assert served.get("/volumes/data").json == made.json
    assert served.get("/volumes").json == {"Volumes": [made.json], "Warnings": None}
    assert served.get("/volumes/dat").status == served.delete("/volumes/dat").status == 404
    assert served.get("/libpod/volumes/data/exists").status == 204
    assert served.get("/libpod/volumes/dat/exists").status == served.get("/libpod/volumes/dat/json").status == 404
    assert served.delete("/volumes/data").status == 204
    assert served.delete("/volumes/data").status == 404
    assert served.delete("/volumes/data", force=True).status == 204


def test_what_cannot_be_made(served: Served) -> None:
    for wanted, status in (
        ({"Name": "x", "Driver": "nope"}, 404), ({"Name": "a/b"}, 400), ({"Name": "x", "DriverOpts": {"k": "v"}}, 400),
        ({"Name": "x", "DriverOpts": {"o": "size=5m"}}, 400), ({"Name": 5}, 400), ({"Labels": {"": "v"}}, 400),
    ):  # fmt: skip
        assert served.post("/volumes/create", wanted).status == status


def test_used_by_a_container(served: Served) -> None:
    """It stays, until the container is gone; podman's `force` takes the container away first."""
    ctr = served.engine.containers.create("busybox", ["true"], volumes=("data:/d",))
    for path in ("/volumes/data", "/libpod/volumes/data"):
        assert served.delete(path).status == 409
    assert served.delete("/volumes/data", force=True).status == 409
    assert served.get("/volumes", filters={"dangling": ["true"]}).json["Volumes"] == []
    assert served.delete("/libpod/volumes/data", force=True, timeout=0).status == 204
    assert not ctr.exists()


def test_filters(served: Served) -> None:
    for name in ("one", "two"):
        served.post("/volumes/create", {"Name": name, "Labels": {"a": name, "b": "c"}})

    def listed(**conditions: list[str]) -> list[str]:
        told = [each["Name"] for each in served.get("/libpod/volumes/json", filters=conditions).json]
        assert [each["Name"] for each in served.get("/volumes", filters=conditions).json["Volumes"]] == told
        return told

    assert listed(label=["b"]) == listed(name=["one", "two"]) == listed(driver=["local"]) == ["one", "two"]
    assert listed(label=["a=one", "b=c"]) == listed(name=["one"]) == ["one"]
    assert listed(label=["a=one", "a=two"]) == listed(dangling=["false"]) == []
    for wrong in ({"what": ["x"]}, {"dangling": ["x"]}, {"dangling": ["true", "false"]}):
        assert served.get("/volumes", filters=wrong).status == 400


def test_prune(served: Served) -> None:
    """From 1.42 on volumes with a name stay unless all are meant; what goes says what it gives back."""
    unnamed = served.post("/volumes/create").json
    assert unnamed["Labels"] == {"com.docker.volume.anonymous": ""}
    for name in ("one", "two", "three"):
        place = served.post("/volumes/create", {"Name": name, "Labels": {name: ""}}).json["Mountpoint"]
        with open(f"{place}/file", "w") as file:
            file.write("12345")
    assert served.post("/v1.44/volumes/prune").json == {"VolumesDeleted": [unnamed["Name"]], "SpaceReclaimed": 0}
    for key in ("name", "driver", "scope", "what"):
        assert served.post("/volumes/prune", filters={key: ["x"]}).status == 400
        assert served.post("/libpod/volumes/prune", filters={key: ["x"]}).status == 400
    assert served.post("/volumes/prune", filters={"all": ["x"]}).status == 400
    conditions = {"all": {"true": True}, "label": {"one": True}}
    assert served.post("/volumes/prune", filters=conditions).json == {"VolumesDeleted": ["one"], "SpaceReclaimed": 5}
    assert served.post("/v1.41/volumes/prune", filters={"label!": ["two"]}).json["VolumesDeleted"] == ["three"]
    assert served.post("/libpod/volumes/prune").json == [{"Id": "two", "Size": 5}]


def test_libpod_create(served: Served) -> None:
    """Keys in any case, the old name of the labels, an owner; a name is taken once."""
    made = served.post("/libpod/volumes/create", {"name": "foo", "label": {"a": "b", "c": ""}, "Labels": {"a": "d"}})
    assert made.status == 201
    assert (made.json["Name"], made.json["Labels"], made.json["Options"]) == ("foo", {"a": "d", "c": ""}, {})
    again = served.post("/libpod/volumes/create", {"Name": "foo"})
    assert (again.status, again.json["cause"]) == (409, "volume already exists")
    assert served.post("/libpod/volumes/create", {"Name": "foo", "IgnoreIfExists": True}).status == 201
    owned = served.post("/libpod/volumes/create", {"Options": {"type": "tmpfs", "o": "nodev"}, "UID": 5}).json
    assert (owned["UID"], owned["Options"]["o"]) == (5, "nodev,uid=5")


@pytest.mark.parametrize("empty", [True, False])
def test_archives(served: Served, empty: bool) -> None:
    """What one volume holds comes out as a tar archive and goes into another."""
    place = served.post("/volumes/create", {"Name": "one"}).json["Mountpoint"]
    other = served.post("/volumes/create", {"Name": "two"}).json["Mountpoint"]
    if not empty:
        with open(f"{place}/file", "w") as file:
            file.write("content")
    archive = served.get("/libpod/volumes/one/export").body
    with tarfile.open(fileobj=io.BytesIO(archive)) as read:
        assert [each.name for each in read if each.isfile()] == ([] if empty else ["file"])
    assert served.post("/libpod/volumes/two/import", archive).status == 204
    if not empty:
        with open(f"{other}/file") as file:
            assert file.read() == "content"
    assert served.post("/libpod/volumes/two/import", b"no archive" * 100).status in (400, 422)
    assert served.get("/libpod/volumes/none/export").status == 404
    assert served.post("/libpod/volumes/none/import", archive).status == 404
