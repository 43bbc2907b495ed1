"""update: stored, told to the runtime if the container runs, taken back if the runtime refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seabox.container.container import Container
from seabox.errors import InvalidArgument, OCIRuntimeFailed
from seabox.model.container import ContainerConfig
from seabox.model.record import Claim, Intent, ProcessId
from seabox.testing.rooms import FakeRooms

MEGABYTE = 1 << 20


def config(ctr: Container) -> ContainerConfig:
    with ctr.locked() as locked:
        return locked.config


def kinds(rooms: FakeRooms) -> list[str]:
    return [event.kind for event in rooms.store.events()]


def told(rooms: FakeRooms, ctr: Container) -> Any:
    return json.loads(rooms.fake.limits[ctr.id])


def test_of_a_container_that_does_not_run(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.update(memory=64 * MEGABYTE, restart="on-failure:3")
    assert config(ctr).resources.memory == 64 * MEGABYTE
    assert (config(ctr).restart_policy, config(ctr).restart_retries) == ("on-failure", 3)
    assert ctr.snapshot().facts.restart_policy == "on-failure"
    assert rooms.fake.limits == {}
    assert kinds(rooms) == ["create", "update"]
    with open(f"{rooms.config.static_dir(ctr.id)}/container.json") as file:
        assert json.load(file)["resources"]["memory"] == 64 * MEGABYTE


def test_of_one_that_runs(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.update(memory=64 * MEGABYTE)
    ctr.update(pids_limit=100)
    assert told(rooms, ctr)["memory"]["limit"] == 64 * MEGABYTE
    assert told(rooms, ctr)["pids"]["limit"] == 100
    ctr.update(cpus=1.5)
    assert (told(rooms, ctr)["cpu"]["quota"], told(rooms, ctr)["cpu"]["period"]) == (150_000, 100_000)
    ctr.update(restart="always")
    assert rooms.fake.calls.count("update") == 3  # a policy is nothing to a runtime


def test_a_refusal_takes_it_back(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.update(memory=64 * MEGABYTE)
    rooms.fake.refuse = {"update"}
    with pytest.raises(OCIRuntimeFailed):
        ctr.update(memory=32 * MEGABYTE, restart="always")
    assert config(ctr).resources.memory == 64 * MEGABYTE
    assert config(ctr).restart_policy == "no"
    assert kinds(rooms)[-1] == "update"
    assert kinds(rooms).count("update") == 1
    assert rooms.store.load(ctr.id).claim is None


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"colour": "blue"}, {"memory": -5}, {"memory": "much"}, {"pids_limit": -7}, {"restart": "sometimes"},
        {"cpus": 1.0, "cpu_quota": 5000}, {"cpuset_cpus": "2-1"}, {"image": "other"},
    ],
)  # fmt: skip
def test_bad_input(rooms: FakeRooms, changes: dict[str, object]) -> None:
    ctr = rooms.container()
    before = config(ctr)
    with pytest.raises(InvalidArgument):
        ctr.update(**changes)
    assert config(ctr) == before
    assert kinds(rooms) == ["create"]


def test_one_that_was_cut_short_is_completed(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.update(memory=64 * MEGABYTE)
    rooms.fake.limits.clear()
    rooms.store.claim(ctr.id, Claim(Intent.UPDATE, ProcessId(2**22 - 1, 1, "no such boot"), 1))
    ctr.mend()
    assert told(rooms, ctr)["memory"]["limit"] == 64 * MEGABYTE
    assert rooms.store.load(ctr.id).claim is None


def test_variables(rooms: FakeRooms) -> None:
    ctr = rooms.container(env={"A": "1", "B": "2"})
    ctr.update(env={"B": "3", "C": "4"}, unset_env=["A"])
    assert {name: config(ctr).env.get(name) for name in "ABC"} == {"A": None, "B": "3", "C": "4"}
    with pytest.raises(InvalidArgument, match="invalid environment variable name"):
        ctr.update(env={"x=y": "1"})


def test_health_checks(rooms: FakeRooms) -> None:
    ctr = rooms.container()
    ctr.start()
    ctr.update(healthcheck="true", health_interval=5, health_on_failure="kill")
    check = config(ctr).healthcheck
    assert check is not None
    assert (check.test, check.interval, check.on_failure) == (("CMD-SHELL", "true"), 5 * 10**9, "kill")
    assert (ctr.health.status, ctr.snapshot().facts.supervised) == ("starting", True)
    ctr.update(health_retries=7)
    check = config(ctr).healthcheck
    assert check is not None
    assert (check.test, check.interval, check.on_failure, check.retries) == (
        ("CMD-SHELL", "true"), 5 * 10**9, "kill", 7,
    )  # fmt: skip
    ctr.update(health_max_log_count=2, health_max_log_size=0)
    check = config(ctr).healthcheck
    assert check is not None
    assert (check.retries, check.results_kept, check.output_kept) == (7, 2, 0)
    ctr.update(healthcheck=["NONE"])
    assert (config(ctr).healthcheck, ctr.health.status) == (None, "")
    with pytest.raises(InvalidArgument, match="healthcheck command is not set"):
        ctr.update(health_retries=2)
