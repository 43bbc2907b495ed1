"""Addresses: one for each of many that start at once, and none lost to those that are killed at it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import seabox
from engine.home import Home
from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.kernel import mounts, process
from seabox.model.record import Status
from seabox.network import netns
from seabox.testing.killpoints import kill_at, record

MANY = int(os.environ.get("SEABOX_TEST_MANY", "12"))  # 50 for the full measure
KILLS = int(os.environ.get("SEABOX_TEST_KILLS", "30"))  # 500 for the full measure


def addresses(engine: seabox.Engine) -> list[str]:
    return [
        engine.containers.get(seen.facts.id).inspect()["NetworkSettings"]["IPAddress"]
        for seen in engine.containers.list()
    ]


def test_many_starts_at_once_get_different_addresses(engine: seabox.Engine, home: Home) -> None:
    engine.networks.create("many", subnets=["10.71.0.0/24"], dns=False)
    script = "engine.containers.run('busybox', ['sleep', '1000'], network='many', stop_timeout=0)"
    processes = [home.python(script) for _ in range(MANY)]
    assert [process.wait(timeout=300) for process in processes] == [0] * MANY
    found = addresses(engine)
    assert len(set(found)) == MANY
    assert set(found) == set(engine.networks.leases("many"))


def test_killed_starts_leave_a_small_network_usable(engine: seabox.Engine) -> None:
    """A /28 has room for 13 containers: far more starts than that are killed, and then 13 run."""
    engine.networks.create("small", subnets=["10.72.0.0/28"], dns=False)
    chance = random.Random(7)

    def make() -> Container:
        return engine.containers.create("busybox", ["sleep", "1000"], network="small", stop_timeout=0)

    first = make()
    points = record(first.start)
    first.remove(force=True)
    for _ in range(KILLS):
        kill_at(make().start, chance.choice(points))
    for seen in engine.containers.list():  # those that got as far as to run do no wrong
        if seen.state.status is not Status.CREATED:
            continue
        ctr = engine.containers.get(seen.facts.id)
        if ctr.snapshot().status == "running":
            ctr.remove(force=True)
    for seen in engine.containers.list():
        if seen.status == "running":
            engine.containers.get(seen.facts.id).remove(force=True)
    left = len(engine.containers.list())
    fresh = [make() for _ in range(13)]
    for ctr in fresh:
        ctr.start()
    one_more = make()
    with pytest.raises(SeaboxError, match="failed to find free IP in range"):
        one_more.start()
    assert len(engine.containers.list()) == left + 14
    assert sorted(engine.networks.leases("small").values()) == sorted(ctr.id for ctr in fresh)


def test_containers_that_were_killed_while_starting_give_their_address_back(engine: seabox.Engine, home: Home) -> None:
    """Nobody asks for the dead: whoever needs the address finds out, and no namespace answers for it any more."""
    engine.networks.create("tiny", subnets=["10.73.0.0/29"], ip_ranges=["10.73.0.2-10.73.0.2"], dns=False)
    dead = engine.containers.create("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    points = [point for point in record(dead.start) if point.effect == "spawn" and point.edge == "after"]
    dead.remove(force=True)
    dead = engine.containers.create("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    assert kill_at(dead.start, points[0]).killed
    assert engine.networks.leases("tiny") == {"10.73.0.2": dead.id}
    other = engine.containers.run("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    assert engine.networks.leases("tiny") == {"10.73.0.2": other.id}
    assert not netns.is_pinned(dead.id)


def test_an_address_of_a_container_whose_exit_command_was_killed(engine: seabox.Engine, home: Home) -> None:
    engine.networks.create("tiny", subnets=["10.73.0.0/29"], ip_ranges=["10.73.0.2-10.73.0.2"], dns=False)
    dead = engine.containers.run("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    state = dead.snapshot().state
    assert state.conmon is not None
    assert state.process is not None
    process.send_signal(state.conmon, signal.SIGKILL)
    process.send_signal(state.process, signal.SIGKILL)
    assert process.wait_gone(state.process, 60)
    other = engine.containers.run("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    assert engine.networks.leases("tiny") == {"10.73.0.2": other.id}
    assert dead.snapshot().status == "exited"
    with pytest.raises(SeaboxError, match="failed to find free IP in range"):
        dead.start()
    assert other.snapshot().status == "running"


def test_a_static_address_is_given_once_and_kept(engine: seabox.Engine) -> None:
    engine.networks.create("lan", subnets=["10.74.0.0/24"])
    fixed = {"ip": "10.74.0.9", "mac_address": "02:00:00:00:00:09"}
    first = engine.containers.run("busybox", ["sleep", "1000"], network="lan", **fixed)
    seen = first.inspect()["NetworkSettings"]
    assert (seen["IPAddress"], seen["MacAddress"]) == ("10.74.0.9", "02:00:00:00:00:09")
    second = engine.containers.create("busybox", ["true"], network="lan", ip="10.74.0.9")
    with pytest.raises(SeaboxError, match=f"ip address 10.74.0.9 is already allocated to container ID {first.id}"):
        second.start()
    first.remove(force=True, timeout=0)
    second.start()


def test_after_a_reboot_the_addresses_are_free(engine: seabox.Engine, home: Home) -> None:
    """What ends with a boot is gone: processes, namespaces, the run directory; the leases bear another boot's name."""
    engine.networks.create("tiny", subnets=["10.73.0.0/29"], ip_ranges=["10.73.0.2-10.73.0.2"], dns=False)
    old = engine.containers.create("busybox", ["true"], network="tiny")
    rows = engine._rooms.store.networks
    network = engine.networks.get("tiny")
    rows.lease(old.id, network.id, "another-boot", lambda taken: ["10.73.0.2"])
    ctr = engine.containers.run("busybox", ["sleep", "1000"], network="tiny", stop_timeout=0)
    assert engine.networks.leases("tiny") == {"10.73.0.2": ctr.id}


def test_nothing_is_left_of_a_container_with_many_networks(engine: seabox.Engine) -> None:
    for number in range(3):
        engine.networks.create(f"n{number}")
    ctr = engine.containers.run(
        "busybox", ["sleep", "1000"], network=["n0", "n1", "n2"], publish=["127.0.0.1:18090-18092:90-92"]
    )
    path = netns.path_of(ctr.id)
    assert mounts.is_mounted(path)
    ctr.remove(force=True, timeout=0)
    assert not os.path.exists(path)
    with ThreadPoolExecutor(3) as pool:
        assert [network.name for network in pool.submit(engine.networks.prune).result()] == ["n0", "n1", "n2"]


def test_a_namespace_that_somebody_else_removed_is_no_obstacle(engine: seabox.Engine) -> None:
    engine.networks.create("lan")
    ctr = engine.containers.run("busybox", ["sleep", "1000"], network="lan", publish=["127.0.0.1:18093:80"])
    subprocess.run(["umount", netns.path_of(ctr.id)], check=True)
    os.unlink(netns.path_of(ctr.id))
    ctr.stop(timeout=0)
    ctr.start()
    assert isinstance(ctr, Container)


@pytest.mark.parametrize("runtime", ["runc"], indirect=True)
def test_names_by_keyword(engine: seabox.Engine) -> None:
    """`name=` was once taken and not used."""
    assert engine.networks.create(name="called").name == "called"
    assert engine.pods.create(name="called", network="none").name == "called"
