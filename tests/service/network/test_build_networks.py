"""Builds in networks of the engine's."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from seabox.kernel import process
from service.served import Served
from service.test_transfer_build import build, context, text

pytestmark = pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
_SERVER = "mkdir /www; echo ahoy > /www/index.html; httpd -h /www; echo ready; exec sleep 1000"


def test_in_a_network_and_in_a_containers(served: Served) -> None:
    """A build reaches who is there, by name as well; nothing is left of its own place there."""
    served.post("/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": "10.11.17.0/24"}]}})
    ctr = served.engine.containers.create("busybox", ["sh", "-c", _SERVER], name="db", network="n")
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    body = context("FROM busybox\nRUN grep -q 10.11.17.1 /etc/resolv.conf && wget -q -O - http://10.11.17.2/\n")
    told = build(served, body, networkmode="n")
    assert "ahoy\n" in text(told), told
    body = context("FROM busybox\nRUN wget -q -O - http://127.0.0.1/\n")
    assert "ahoy\n" in text(build(served, body, networkmode="container:db"))
    assert served.engine.pods.list() == []
    ctr.stop(0)
    for mode, status in (("container:db", 409), ("container:nope", 404), ("nope", 404), ("slirp4netns:x", 400)):
        assert build(served, body, networkmode=mode).status == status


def test_what_a_killed_service_leaves(served: Served) -> None:
    """Its pod goes with the next build; those of builds that go on, and of others, stay."""
    pods = served.engine.pods
    me, child = process.myself(), subprocess.Popen(["sleep", "1000"])
    gone = process.identify(child.pid)
    assert gone is not None
    child.kill()
    child.wait()
    for name, pid, start in (("killed", gone.pid, gone.start), ("at-work", me.pid, me.start)):
        pods.create(name=name, network="none", labels={"io.seabox.build.process": f"{pid} {start} {me.boot}"})
    pods.create(name="other", network="none", labels={"io.seabox.build.process": "anything"})
    served.post("/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": "10.11.18.0/24"}]}})
    assert build(served, context("FROM busybox\n"), networkmode="n").status == 200
    assert {seen.facts.name for seen in pods.list()} == {"at-work", "other"}
    for name in ("at-work", "other"):
        pods.get(name).remove(force=True)
