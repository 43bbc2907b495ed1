"""The service over a real engine answers at all; test_wire.py has the rest of it."""

from __future__ import annotations

from service.served import Served


def test_ping(served: Served) -> None:
    for path in ("/_ping", "/v1.44/_ping", "/libpod/_ping", "/v5.0.0/libpod/_ping"):
        answer = served.get(path)
        assert (answer.status, answer.body) == (200, b"OK")
    assert served.get("/version").json["ApiVersion"] == "1.44"
    assert served.ask("HEAD", "/_ping").body == b""


def test_unknown(served: Served) -> None:
    assert served.get("/nothing", limit=3, filters={"a": ["b"]}).json["message"] == "page not found: /nothing"
