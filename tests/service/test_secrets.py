"""Secrets as clients see them."""

from __future__ import annotations

import base64
import json

from service.served import Served

CANARY = "s3cr3t-c4n4ry-5e"
DATA = base64.b64encode(CANARY.encode()).decode()


def test_a_secrets_life(served: Served) -> None:
    """Made by Docker's form, told alike by both, without what it holds unless podman's is asked for that."""
    made = served.post("/secrets/create", {"Name": "mine", "Data": DATA, "Labels": {"foo": "bar"}})
    assert made.status == 200
    id = made.json["ID"]
    assert served.post("/secrets/create", {"Name": "mine", "Data": DATA}).status == 409
    told = served.get("/secrets/mine").json
    assert told["Spec"] == {"Name": "mine", "Driver": {"Name": "file", "Options": {}}, "Labels": {"foo": "bar"}}
    assert (told["ID"], told["Version"], told["CreatedAt"] == told["UpdatedAt"]) == (id, {"Index": 1}, True)
    assert served.get("/secrets").json == [told] == [served.get(f"/secrets/{id}").json]
    libpod = served.get("/libpod/secrets/mine/json").json
    assert libpod == {key: told[key] for key in told if key != "Version"}
    assert served.get("/libpod/secrets/json").json == [libpod]
    assert served.get("/libpod/secrets/mine/json", showsecret=True).json == libpod | {"SecretData": CANARY}
    assert served.get("/libpod/secrets/mine/exists").status == 204
    assert served.post("/secrets/mine/update", {}).status == 501
    assert served.delete("/secrets/mine").status == 204
    for path in ("/secrets/mine", "/libpod/secrets/mine/json", "/libpod/secrets/mine/exists"):
        assert served.get(path).status == 404
    gone = served.delete("/libpod/secrets/mine")
    assert (gone.status, gone.json["cause"]) == (404, "no such secret")


def test_libpod_create(served: Served) -> None:
    """The body is the secret; maps of the query are JSON."""
    create = "/libpod/secrets/create"
    first = served.post(create, b"\xff\0bytes", name="one", driver="file", labels={"a": "b"}, driveropts={"k": "v"})
    assert first.status == 200
    spec = served.get("/libpod/secrets/one/json").json["Spec"]
    assert spec == {"Name": "one", "Driver": {"Name": "file", "Options": {"k": "v"}}, "Labels": {"a": "b"}}
    assert served.engine.secrets.data("one") == b"\xff\0bytes"
    taken = served.post(create, b"x", name="one")
    assert (taken.status, taken.json["cause"]) == (409, "secret name in use")
    assert served.post(create, b"x", name="one", ignore=True).json == first.json
    assert served.post(create, b"x", name="one", replace=True).json != first.json
    assert served.engine.secrets.data("one") == b"x"
    assert served.post(create, b"x", name="two", labels="null").status == 200
    assert served.delete("/libpod/secrets/one", all=True).status == 204
    assert [each.name for each in served.engine.secrets.list()] == ["two"]


def test_what_cannot_be_made(served: Served) -> None:
    for wanted, status in (
        ({"Name": "x", "Data": "not base64!"}, 400), ({"Name": "x"}, 400), ({"Name": "a/b", "Data": DATA}, 400),
        ({"Name": "x", "Data": DATA, "Driver": {"Name": "pass"}}, 501), ({"Name": 5, "Data": DATA}, 400),
    ):  # fmt: skip
        assert served.post("/secrets/create", wanted).status == status, wanted
    for body, query, status in (
        (b"", {"name": "x"}, 400), (b"x", {}, 400), (b"x", {"name": "x", "driver": "nope"}, 501),
        (bytes(512_000), {"name": "x"}, 400), (bytes(512_001), {"name": "x"}, 413),
        (b"x", {"name": "x", "labels": "nope"}, 400), (b"x", {"name": "x", "labels": '{"a": 1}'}, 400),
    ):  # fmt: skip
        assert served.post("/libpod/secrets/create", body, **query).status == status, query
    assert served.engine.secrets.list() == []


def test_filters(served: Served) -> None:
    ids = {name: served.engine.secrets.create(name, "x").id for name in ("one", "two")}

    def listed(**conditions: list[str]) -> list[str]:
        told = [each["Spec"]["Name"] for each in served.get("/libpod/secrets/json", filters=conditions).json]
        assert [each["Spec"]["Name"] for each in served.get("/secrets", filters=conditions).json] == told
        return told

    assert listed(name=["on"]) == listed(id=[ids["one"][:8]]) == ["one"]
    assert listed(name=["one", "two"]) == ["one", "two"]
    assert listed(name=["one"], id=[ids["two"]]) == listed(name=["three"]) == []
    for path in ("/secrets", "/libpod/secrets/json"):
        assert served.get(path, filters={"label": ["x"]}).status == 400
        assert served.get(f"{path}?filters=garb1age%7D").status == 400


def test_containers_are_made_with_them(served: Served) -> None:
    served.engine.secrets.create("token", CANARY)
    spec = {
        "image": "busybox", "command": ["sh", "-c", "cat /run/secrets/token /x; echo; echo $T; stat -c %a:%u /x"],
        "secrets": [{"source": "token"}, {"Source": "token", "Target": "/x", "UID": 7, "Mode": 0o400}],
        "secret_env": {"T": "token"}, "name": "c",
    }  # fmt: skip
    assert served.post("/libpod/containers/create", spec).status == 201
    ctr = served.engine.containers.get("c")
    with ctr.start_and_attach() as session:
        assert session.read_all().stdout.decode().splitlines() == [CANARY * 2, CANARY, "400:7"]
    for path in ("/libpod/containers/c/json", "/containers/c/json"):
        told = served.get(path)
        assert CANARY not in told.body.decode()
    assert [each["Mode"] for each in served.get("/libpod/containers/c/json").json["Config"]["Secrets"]] == [292, 256]
    wrong = served.post("/libpod/containers/create", spec | {"name": "d", "secrets": [{"source": "nobody"}]})
    assert (wrong.status, wrong.json["cause"]) == (404, "no such secret")
    assert not served.engine.containers.exists("d")


def test_events_and_the_room_it_takes(served: Served) -> None:
    id = served.post("/libpod/secrets/create", b"12345", name="x").json["ID"]
    served.delete("/secrets/x")
    for path in ("/libpod/events", "/events"):
        told = served.get(path, since="1h", stream=False, filters={"type": ["secret"]}).lines
        assert [(each["Action"], each["Actor"]["ID"]) for each in told] == [("create", id), ("remove", id)]
    assert json.dumps(served.get("/libpod/system/df").json)
