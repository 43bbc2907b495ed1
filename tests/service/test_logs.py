"""What containers wrote, over the wire."""

from __future__ import annotations

import re

import pytest

import seabox
from seabox.streams.mux import encode
from service.served import Served

RAW, FRAMED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
BOTH = {"stdout": True, "stderr": True}


def ended(served: Served, script: str, **options: object) -> seabox.Container:
    ctr = served.engine.containers.create("busybox", ["sh", "-c", script], **options)  # type: ignore[arg-type]
    ctr.start()
    ctr.wait(timeout=60)
    return ctr


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_lines(served: Served, api: str) -> None:
    ctr = ended(served, "echo one; echo bad >&2; echo two; printf end")
    path = f"{api}/containers/{ctr.id}/logs"
    whole = served.get(path, **BOTH)
    assert whole.headers["content-type"] == FRAMED
    assert whole.body.count(b"\1\0\0\0") == 3
    assert encode(2, b"bad\n") in whole.body
    assert served.get(path, stdout=True).body == encode(1, b"one\n") + encode(1, b"two\n") + encode(1, b"end")
    assert served.get(path, stderr=1, follow=1).body == encode(2, b"bad\n")
    assert served.get(path, tail="1", stdout=True).body == encode(1, b"end")
    assert served.get(path, tail="0", **BOTH).body == b""
    assert served.get(path, since="4000000000", **BOTH).body == b""
    assert served.get(path, until="1000000000.5", **BOTH).body == b""
    assert served.get(path, since="0", until="0", **BOTH).body == whole.body
    stamped = served.get(path, timestamps=True, stderr=True).body
    assert re.fullmatch(rb"\x02\x00{6}.\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z bad\n", stamped, re.DOTALL)
    assert served.get(f"/v1.41{path}", **BOTH).headers["content-type"] == RAW
    for wrong in ({}, {"stdout": True, "since": "x"}, {"stdout": "perhaps"}):
        assert served.get(path, **wrong).status == 400
    assert served.get(f"{api}/containers/nope/logs", **BOTH).status == 404


def test_a_terminal(served: Served) -> None:
    ctr = ended(served, "echo one", tty=True)
    told = served.get(f"/containers/{ctr.id}/logs", **BOTH)
    assert (told.headers["content-type"], told.body) == (RAW, b"one\r\n")
    assert served.get(f"/libpod/containers/{ctr.id}/logs", **BOTH).body == encode(1, b"one\r\n")
    assert served.get(f"/containers/{ctr.id}/logs", tail="some", details=True, **BOTH).body == b" one\r\n"


def test_following(served: Served) -> None:
    """Lines come as they are written; a client that leaves ends nothing; the container's end is that of the log."""
    ctr = served.engine.containers.create("busybox", ["sh", "-c", "echo one; read x; echo two"], stdin=True)
    with ctr.start_and_attach() as session:
        with served.begin("GET", f"/containers/{ctr.id}/logs?follow=1&stdout=1") as response:
            assert response.read(12) == encode(1, b"one\n")
        with served.begin("GET", f"/containers/{ctr.id}/logs?follow=1&stdout=1&tail=1") as response:
            assert response.read(12) == encode(1, b"one\n")
            session.write(b"\n")
            assert response.read() == encode(1, b"two\n")
    assert ctr.wait(timeout=60) == 0


def test_a_log_that_nobody_can_read(served: Served) -> None:
    ctr = ended(served, "echo one", log_driver="none")
    assert served.get(f"/containers/{ctr.id}/logs", **BOTH).status == 501
