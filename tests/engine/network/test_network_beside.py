"""The runtime creates a container while its network is being made: neither waits for the other or outlives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import seabox
from engine.home import Home
from engine.network import lan
from seabox.config import find_program
from seabox.container.container import Container
from seabox.errors import CommandNotFound
from seabox.kernel.process import spawned_for, wait_gone
from seabox.network import netns
from seabox.network.errors import NetworkFailed

NETAVARK = find_program("netavark")
# waits, at most a minute, until the container of its namespace is there
_AFTER_CREATE = """
case "$*" in *" setup "*)
    for netns; do :; done
    id=${{netns##*seabox-}} tries=0
    until [ -s {runroot}/containers/$id/pid ] || [ $tries = 600 ]; do sleep 0.1; tries=$((tries + 1)); done
    [ -s {runroot}/containers/$id/pid ] || exit 9;;
esac
"""
_GO_ON = f'exec {NETAVARK} "$@"\n'
_FAIL = """case "$*" in *" setup "*) echo '{{"error": "the cable is out"}}'; exit 1;; esac
"""

Wrap = Callable[..., seabox.Engine]


@pytest.fixture
def wrapped(home: Home, tmp_path: Path, engine: seabox.Engine) -> Wrap:
    """An engine whose netavark does this first."""

    def make(script: str) -> seabox.Engine:
        program = tmp_path / "netavark"
        program.write_text("#!/bin/sh\n" + script.format(runroot=home.runroot) + _GO_ON)
        program.chmod(0o755)
        return home.engine(netavark=str(program))

    return make


def nothing_is_left(ctr: Container) -> bool:
    """Of a start that failed, but the container as it was."""
    return (
        all(wait_gone(conmon, 60) for conmon in spawned_for(ctr.id, ("conmon",)))  # they may be on their way
        and not netns.is_pinned(ctr.id)
        and ctr.snapshot().status == "created"
        and lan.traces() == []
    )


@pytest.mark.parametrize("runtime", ["runc", "crun"], indirect=True)
def test_the_runtime_does_not_wait_for_the_network(wrapped: Wrap) -> None:
    with wrapped(_AFTER_CREATE) as engine:
        engine.networks.create("front")
        ctr = engine.containers.run("busybox", ["sleep", "1000"], network="front", name="web", stop_timeout=0)
        (server,) = {line for line in ctr.exec_run(["cat", "/etc/resolv.conf"]).stdout.splitlines() if b"10." in line}
        asked = f"until nslookup web.dns.podman {server.split()[1].decode()}; do :; done"  # it is told by a signal
        assert ctr.exec_run(["sh", "-c", asked], timeout=60).code == 0
        ctr.remove(force=True)


@pytest.mark.parametrize("runtime", ["runc", "crun"], indirect=True)
def test_a_network_that_fails_takes_the_created_container_with_it(wrapped: Wrap) -> None:
    with wrapped(_AFTER_CREATE + _FAIL) as engine:
        ctr = engine.containers.create("busybox", ["true"], network="bridge")
        with pytest.raises(NetworkFailed, match=r"^netavark: the cable is out$"):
            ctr.start()
        assert nothing_is_left(ctr)


def test_a_container_that_cannot_be_created_waits_for_its_network_and_takes_it_down(engine: seabox.Engine) -> None:
    ctr = engine.containers.create("busybox", ["no-such-command"], network="bridge")
    with pytest.raises(CommandNotFound):
        ctr.start()
    assert nothing_is_left(ctr)


def test_a_parameter_of_the_network_comes_after_the_interfaces(engine: seabox.Engine) -> None:
    name = "net.ipv4.conf.eth0.forwarding"
    ctr = engine.containers.run("busybox", ["sleep", "1000"], network="bridge", sysctls={name: "1"}, stop_timeout=0)
    assert ctr.exec_run(["cat", "/proc/sys/net/ipv4/conf/eth0/forwarding"]).stdout == b"1\n"


def test_setting_up_costs_little_beyond_netavark(engine: seabox.Engine) -> None:
    """In CPU time, which a busy machine leaves as it is, and at its best, for caches are somebody else's too."""
    ctr = engine.containers.create("busybox", ["true"], network="bridge")
    networking = engine._rooms.networking
    with ctr.locked() as same:
        config, name = same.config, same.facts.name
    spent = []
    for _ in range(3):
        began = time.process_time()
        with networking.setting_up(config, name) as work:
            work.finish()
        spent.append(time.process_time() - began)
        networking.tear_down(ctr.id)
    assert min(spent) <= 0.05
