"""`ps` and `inspect` with many containers in the store. Ours are written into it; podman has to create them."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from measure import Goal, Row, environment, milliseconds, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

ONCE = True


def fill(place: Place, name: str, count: int) -> None:
    """A store with this many containers that have ended."""
    from seabox.kernel.process import myself
    from seabox.model.record import Claim, ContainerState, EventKind, Intent, Status
    from seabox.state.store import Occurrence

    engine = place.new_engine(name)
    engine.images.embed("busybox")
    model = engine.containers.create("busybox", ["sleep", "1000"])
    rooms = engine._rooms
    facts = rooms.store.load(model.id).facts
    config = rooms.store.config(model.id)
    holder = Claim(Intent.CREATE, myself(), 1)
    ended = ContainerState(status=Status.EXITED, run=1, started_at=1, finished_at=time.time_ns(), exit_code=0)
    for number in range(count - 1):
        facts.id, facts.name = f"{number:064x}", f"many-{number}"
        rooms.store.add(facts, config, (), holder)
        rooms.store.commit(facts.id, ended, [Occurrence(EventKind.CREATE)], unclaim=True)


def fill_podman(place: Place, count: int) -> Callable[..., list[str]]:
    """podman with this many containers; its command line."""
    here = subprocess.run(place.podman_argv("ps", "-aq"), check=True, capture_output=True, env=environment()).stdout
    for _ in range(count - len(here.split())):
        program(place.podman_argv("create", "busybox", "sleep", "1000"))
    return place.podman_argv


def rows(place: Place) -> list[Row]:
    """The rows of this group."""

    def listing(count: int, beside: bool) -> Callable[[ExitStack], Ways]:
        def prepare(_: ExitStack) -> Ways:
            store = f"store-{count}"
            fill(place, store, count)
            engine = place.new_engine(store)
            ways: dict[str, Callable[[], float]] = {
                "library": milliseconds(engine.containers.list),
                "CLI": lambda: program(place.seabox("ps", "--all", store=store)).wall,
            }
            if beside and place.podman:
                podman = fill_podman(place, count)
                ways["podman"] = lambda: program(podman("ps", "--all")).wall
            return ways

        return prepare

    def inspect(count: int, beside: bool) -> Callable[[ExitStack], Ways]:
        def prepare(_: ExitStack) -> Ways:
            store = f"store-{count}"
            name = f"many-{count // 2}"
            ways: dict[str, Callable[[], float]] = {
                "library": milliseconds(place.new_engine(store).containers.get(name).inspect),
                "CLI": lambda: program(place.seabox("inspect", name, store=store)).wall,
            }
            if beside and place.podman:
                found = subprocess.run(place.podman_argv("ps", "-aq"), check=True, capture_output=True, text=True,
                                       env=environment()).stdout.split()  # fmt: skip
                ways["podman"] = lambda: program(place.podman_argv("inspect", found[0])).wall
            return ways

        return prepare

    many, most = place.scale(1000, 100), place.scale(10_000, 1000)
    return [
        Row("ps --all, 10 containers", listing(10, True), "ms", [Goal("CLI", 1, "podman")]),
        Row("inspect, 10 containers", inspect(10, True)),
        Row(f"ps --all, {many} containers", listing(many, True), "ms", [Goal("CLI", 0.2, "podman")], 7),
        Row(f"inspect, {many} containers", inspect(many, True)),
        Row(f"ps --all, {most} containers", listing(most, False), "ms", [Goal("CLI", 1500)], 7),
        Row(f"inspect, {most} containers", inspect(most, False)),
    ]
