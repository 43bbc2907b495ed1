"""Images that go to registries, with and without credentials."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from engine.images.conftest import PASSWORD, USER, Registry, guarded, registry
from service.served import Served

__all__ = ["guarded", "registry"]


def header(**account: object) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(account).encode()).decode()}


def test_docker_hears_of_layers_and_of_the_digest(served: Served, registry: Registry) -> None:
    name = f"{registry.host}/push/busybox"
    served.engine.images.tag("busybox", f"{name}:1")
    told = served.post(f"/images/{name}/push", tag="1")
    assert told.status == 200
    assert told.lines[0] == {"status": f"The push refers to repository [{name}]"}
    assert [line["status"] for line in told.lines[1:3]] == ["Preparing", "Pushed"]
    aux = told.lines[-1]["aux"]
    assert (aux["Tag"], aux["Digest"][:7], aux["Size"] > 100) == ("1", "sha256:", True)
    assert told.lines[-2] == {"status": f"1: digest: {aux['Digest']} size: {aux['Size']}"}
    assert served.engine.images.tags(name, registry.access) == ["1"]


def test_podmans_destination_on_dockers_route(served: Served, registry: Registry) -> None:
    target = f"{registry.host}/push/elsewhere"
    assert served.post("/images/busybox/push", destination=f"{target}:3").lines[-1]["aux"]["Tag"] == "3"
    assert served.engine.images.tags(target, registry.access) == ["3"]


def test_without_a_tag_docker_pushes_all(served: Served, registry: Registry) -> None:
    name = f"{registry.host}/push/several"
    served.engine.images.tag("busybox", f"{name}:1", f"{name}:2")
    served.post(f"/images/{name}/push")
    assert sorted(served.engine.images.tags(name, registry.access)) == ["1", "2"]


def test_what_is_not_here_cannot_be_pushed(served: Served, registry: Registry) -> None:
    for name, tag in (("missing", {"tag": "1"}), ("none", {})):
        told = served.post(f"/images/{registry.host}/push/{name}/push", **tag)
        assert told.status == 404
        assert told.json["message"] == f"An image does not exist locally with the tag: {registry.host}/push/{name}"
    assert served.post(f"/libpod/images/{registry.host}/push/missing:1/push").status == 404
    assert served.post("/libpod/images/busybox/push", destination="dir:/tmp/somewhere").status == 400
    assert served.post("/libpod/images/busybox/push", destination=f"{registry.host}/x", format="v9").status == 400


def test_podman_hears_of_it_if_it_wants_to(served: Served, registry: Registry) -> None:
    target = f"{registry.host}/push/podmans:1"
    quiet = served.post("/libpod/images/busybox/push", destination=target, tlsVerify=False)
    assert (quiet.status, quiet.body) == (200, b"")
    told = served.post("/libpod/images/busybox/push", destination=target, tlsVerify=False, quiet=False, format="oci")
    assert "Writing manifest to image destination\n" in [line.get("stream") for line in told.lines]
    assert told.lines[-1]["manifestdigest"].startswith("sha256:")
    refused = served.post("/libpod/images/busybox/push", destination="127.0.0.1:1/x", tlsVerify=False)
    assert (refused.status, "pushing image" in refused.json["message"]) == (400, True)
    refused = served.post("/libpod/images/busybox/push", destination="127.0.0.1:1/x", tlsVerify=False, quiet=False)
    assert (refused.status, "connection refused" in refused.lines[-1]["error"]) == (200, True)


def test_credentials_are_used_and_leave_no_trace(
    served: Served, guarded: Registry, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = f"{guarded.host}/push/secret"
    served.engine.images.tag("busybox", f"{name}:1")
    refused = served.ask("POST", f"/images/{name}/push", headers=header(username=USER, password="wr0ng-w0rd"), tag="1")
    assert "error" in refused.lines[-1]
    told = served.ask("POST", f"/images/{name}/push", headers=header(username=USER, password=PASSWORD), tag="1")
    assert "aux" in told.lines[-1]
    missing = served.post("/images/create", fromImage=name, tag="1")
    assert missing.status >= 400
    by_podman = {guarded.host: {"username": USER, "password": PASSWORD}, "quay.io": {"username": "x", "password": "y"}}
    wrong = served.ask("POST", "/images/create", headers=header(**by_podman), fromImage=name, tag="2")
    pulled = served.ask("POST", "/images/create", headers=header(**by_podman), fromImage=name, tag="1")
    assert pulled.lines[-1]["status"].startswith("Status: ")
    said = b"".join(answer.body for answer in (refused, told, missing, wrong, pulled)).decode()
    said += "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink())
    for secret in ("wr0ng-w0rd", PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()):
        assert secret not in said
        assert secret.encode() not in kept


def test_a_header_that_is_none_is_refused(served: Served) -> None:
    for value in ("!!!", base64.b64encode(b"[1]").decode(), base64.b64encode(b'{"username": 5}').decode(), "A" * 70000):
        if len(value) > 30000:
            continue  # h11 refuses it
        answer = served.ask("POST", "/images/create", headers={"X-Registry-Auth": value}, fromImage="x", tag="1")
        assert (answer.status, value in answer.body.decode()) == (400, False)
