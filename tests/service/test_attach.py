"""Joining containers' streams over the wire: before they start, with early input, half-closed, stalled, many."""

from __future__ import annotations

import threading

import pytest

import seabox
from seabox.streams.mux import encode
from service.hijacked import Hijacked
from service.served import Served

ALL = "stream=1&stdin=1&stdout=1&stderr=1"
RAW, FRAMED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
COPIER = ("sh", "-c", "cat; echo done >&2")


@pytest.mark.parametrize("api", ["", "/libpod"])
def test_before_it_starts(served: Served, api: str) -> None:
    """Input that comes with the request and before the start is kept, and so is its end."""
    ctr = served.engine.containers.create("busybox", COPIER, stdin=True)
    with Hijacked(served, f"{api}/containers/{ctr.id}/attach?{ALL}", early=b"early ") as wire:
        assert wire.status == 101
        assert wire.headers["content-type"] == FRAMED
        wire.send(b"bird\n", end=True)
        ctr.start()
        assert wire.outputs() == (b"early bird\n", b"done\n")
    assert ctr.wait(timeout=60) == 0


def test_what_it_is_called(served: Served) -> None:
    """Frames have a name for clients that know it, and ask for an upgrade; a terminal has none."""
    framed = served.engine.containers.create("busybox", ["sleep", "1000"])
    raw = served.engine.containers.create("busybox", ["sleep", "1000"], tty=True)
    for path, upgrade, status, name in (
        (f"/v1.44/containers/{framed.id}", True, 101, FRAMED), (f"/v1.41/containers/{framed.id}", True, 101, RAW),
        (f"/v4.6.0/libpod/containers/{framed.id}", False, 200, RAW),
        (f"/v4.7.0/libpod/containers/{framed.id}", False, 200, FRAMED),
        (f"/containers/{framed.id}", False, 200, RAW), (f"/containers/{raw.id}", True, 101, RAW),
    ):  # fmt: skip
        with Hijacked(served, f"{path}/attach?{ALL}", upgrade=upgrade) as wire:
            assert (wire.status, wire.headers["content-type"]) == (status, name)


def test_a_failure_to_start_is_told_to_who_starts(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["/nothing"])
    with Hijacked(served, f"/containers/{ctr.id}/attach?{ALL}") as wire:
        assert wire.status == 101
        assert wire.rest() == b""
    with pytest.raises(seabox.errors.CommandNotFound):
        ctr.start()


def test_in_the_network_of_one_that_does_not_run(served: Served) -> None:
    """It is attached to in order to be started: the other is started before."""
    other = served.engine.containers.create("busybox", ["sleep", "1000"])
    ctr = served.engine.containers.create("busybox", ["echo", "hello"], network=f"container:{other.id}")
    with Hijacked(served, f"/containers/{ctr.id}/attach?{ALL}") as wire:
        assert served.post(f"/containers/{ctr.id}/start").status == 204
        assert wire.outputs() == (b"hello\n", b"")
    assert other.status == "running"


def test_keys_are_for_terminals(served: Served) -> None:
    ctr = served.engine.containers.run("busybox", ["sh", "-c", "stty raw -echo; echo ready; cat"], tty=True)
    with Hijacked(served, f"/containers/{ctr.id}/attach?{ALL}&logs=1&detachKeys=x,y") as wire:
        wire.until(b"ready")
        wire.send(b"ab")
        wire.until(b"ab")
        wire.send(b"xy")
        assert wire.rest() == b""
    assert ctr.status == "running"
    piped = served.engine.containers.create("busybox", ["cat"], stdin=True)
    with Hijacked(served, f"/containers/{piped.id}/attach?{ALL}") as wire:
        piped.start()
        wire.send(b"\x10\x11", end=True)
        assert wire.outputs() == (b"\x10\x11", b"")


def test_the_log_and_what_is_wrong(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["echo", "hello"])
    with ctr.start_and_attach() as session:
        session.read_all()
    ctr.wait()
    with Hijacked(served, f"/containers/{ctr.id}/attach?logs=1&stdout=1") as wire:
        assert wire.rest() == encode(1, b"hello\n")
    with Hijacked(served, f"/containers/{ctr.id}/attach?stdout=1") as wire:
        assert (wire.status, wire.rest()) == (101, b"")
    assert served.post("/libpod/containers/x/attach?stdin=0").status == 400
    assert served.post(f"/libpod/containers/{ctr.id}/attach?stream=0").status == 400
    assert served.post(f"/libpod/containers/{ctr.id}/attach?logs=perhaps").status == 400
    for api in ("", "/libpod"):
        assert served.post(f"{api}/containers/nope/attach?{ALL}").status == 404
    running = served.engine.containers.run("busybox", ["sleep", "1000"], tty=True)
    assert served.post(f"/containers/{running.id}/attach?{ALL}&detachKeys=ctrl-ab").status == 400
    running.pause()
    assert served.post(f"/containers/{running.id}/attach?{ALL}").status == 409
    running.unpause()


def test_a_stalled_client(served: Served) -> None:
    """It does not stall the container."""
    script = "head -c 30000000 /dev/zero; echo over >&2"
    ctr = served.engine.containers.create("busybox", ["sh", "-c", script], log_driver="none")
    with Hijacked(served, f"/containers/{ctr.id}/attach?{ALL}") as wire:
        ctr.start()
        assert ctr.wait(timeout=60) == 0
        out, err = wire.outputs()
        assert (len(out), err) == (30_000_000, b"over\n")


def test_many_at_once(served: Served) -> None:
    ctr = served.engine.containers.create("busybox", ["sh", "-c", "read go; echo went"], stdin=True)
    wires = [Hijacked(served, f"/containers/{ctr.id}/attach?{ALL}")]
    wires += [Hijacked(served, f"/containers/{ctr.id}/attach?stream=1&stdout=1&stderr=1") for _ in range(60)]
    found: list[tuple[bytes, bytes]] = []
    readers = [threading.Thread(target=lambda each=each: found.append(each.outputs()), daemon=True) for each in wires]
    for reader in readers:
        reader.start()
    ctr.start()
    wires[0].send(b"\n")
    for reader, wire in zip(readers, wires, strict=True):
        reader.join(30)
        wire.socket.close()
    assert found == [(b"went\n", b"")] * 61
