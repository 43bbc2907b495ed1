"""What the service tells of registries: whether they know somebody, and what they have."""

from __future__ import annotations

import pytest

from engine.images.conftest import PASSWORD, USER, Registry, guarded, registry
from service.served import Served
from service.test_transfer_push import header

__all__ = ["guarded", "registry"]


def test_credentials_are_checked_and_not_kept(
    served: Served, guarded: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    right = {"username": USER, "password": PASSWORD, "serveraddress": guarded.host}
    told = served.post("/auth", right)
    assert (told.status, told.json) == (200, {"Status": "Login Succeeded", "IdentityToken": ""})
    wrong = served.post("/auth", right | {"password": "wr0ng-w0rd", "serveraddress": f"http://{guarded.host}/v2/"})
    assert (wrong.status, "wr0ng-w0rd" in str(wrong.body) + str(capfd.readouterr())) == (401, False)
    assert served.post("/images/create", fromImage=f"{guarded.host}/x", tag="1").status >= 400
    for body in ({}, right | {"password": ""}, right | {"serveraddress": "--help"}, right | {"username": "a\nb"}):
        assert served.post("/auth", body).status in (400, 401), body
    assert served.post("/auth", right | {"serveraddress": "127.0.0.1:1"}).status == 500


def test_what_a_registry_says_of_an_image(served: Served, registry: Registry, guarded: Registry) -> None:
    name = f"{registry.host}/told/busybox:1"
    digest = served.engine.images.push("busybox", name, access=registry.access)
    told = served.get(f"/distribution/{name}/json")
    assert (told.json["Descriptor"]["digest"], told.json["Descriptor"]["size"] > 100) == (digest, True)
    assert told.json["Platforms"] == [{"architecture": "amd64", "os": "linux"}]
    assert served.get(f"/distribution/{registry.host}/told/missing:1/json").status == 404
    secret = f"{guarded.host}/told/busybox:1"
    served.engine.images.push("busybox", secret, access=guarded.login)
    assert served.get(f"/distribution/{secret}/json").status >= 400
    account = header(username=USER, password=PASSWORD)
    assert served.ask("GET", f"/distribution/{secret}/json", headers=account).status == 200


def test_repositories_are_searched(served: Served, registry: Registry) -> None:
    for name in ("search/one:1", "search/two:1", "search/two:2"):
        served.engine.images.push("busybox", f"{registry.host}/{name}", access=registry.access)
    found = served.get("/images/search", term=f"{registry.host}/search").json
    assert [row["name"] for row in found] == [f"{registry.host}/search/{name}" for name in ("one", "two")]
    assert found[0] | {"name": ""} == {
        "name": "", "description": "", "star_count": 0, "is_official": False, "is_automated": False,
    }  # fmt: skip
    assert served.get("/images/search", term=f"{registry.host}/search", filters={"stars": ["1"]}).json == []
    assert served.get("/images/search").status == 400
    assert served.get("/images/search", term="x", limit=0).status == 400
    rows = served.get("/libpod/images/search", term=f"{registry.host}/search/two", tlsVerify=False).json
    assert [(row["Index"], row["Name"]) for row in rows] == [(registry.host, f"{registry.host}/search/two")]
    tags = served.get("/libpod/images/search", term=rows[0]["Name"], tlsVerify=False, listTags=True).json
    assert sorted(row["Tag"] for row in tags) == ["1", "2"]
    assert served.get("/libpod/images/search").status == 400
