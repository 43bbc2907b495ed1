"""What containers use of the machine, as podman's clients ask for it."""

from __future__ import annotations

from contextlib import suppress

from ...errors import InvalidArgument, NoSuchContainer
from ...kernel.watch import Watch
from ..response import Response, Stream, json_line
from ..routing import Route, flag, number, texts
from ..stats import PARAMETERS, stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...container.stats import Stats
    from ...engine import Engine
    from ...kernel.watch import Cancel
    from ..request import Request

_LONGEST = 86400  # s between two reports


def report(on: Engine, ask: Request) -> Response:
    """What several containers use, or all that run: once, or again and again."""
    pause = ask.number("interval")
    assert pause is not None
    if not 1 <= pause <= _LONGEST:
        raise InvalidArgument("invalid interval, must be a positive number greater zero")
    ids = [on.containers.get(name).id for each in ask.texts("containers") for name in each.split(",") if name]
    if not ask.flag("stream"):
        return Stream(iter((json_line({"Error": None, "Stats": _rows(_look(on, ids, ask), {})}),)))
    return Stream(_reports(on, ids, ask, pause, ask.cancel))


def _reports(on: Engine, ids: list[str], ask: Request, pause: int, cancel: Cancel) -> Iterator[bytes]:
    before: dict[str, Stats] = {}
    with Watch(cancel) as watch:
        while True:
            found = _look(on, ids, ask)
            yield json_line({"Error": None, "Stats": _rows(found, before)})
            before = {each.id: each for each in found}
            watch.wait(pause)


def _look(on: Engine, ids: list[str], ask: Request) -> list[Stats]:
    chosen = ids or [seen.facts.id for seen in on.containers.list(all=ask.flag("all"))]
    found = []
    for id in chosen:
        with suppress(NoSuchContainer):  # it has gone meanwhile
            found.append(on.containers.get(id).stats(detailed=True))
    return found


def _rows(found: list[Stats], before: dict[str, Stats]) -> list[dict[str, Any]]:
    return [_row(now, before.get(now.id)) for now in found]


def _row(now: Stats, before: Stats | None) -> dict[str, Any]:
    about = now.details
    assert about is not None
    average = 100 * now.cpu / now.uptime if now.uptime else 0.0
    current = average
    if before is not None and now.at > before.at and now.cpu >= before.cpu:
        current = 100 * (now.cpu - before.cpu) / (now.at - before.at)
    return {
        "AvgCPU": average, "ContainerID": now.id, "Name": now.name, "PerCPU": None, "CPU": current,
        "CPUNano": now.cpu, "CPUSystemNano": about.kernel, "SystemNano": now.at,
        "MemUsage": now.memory, "MemLimit": now.memory_limit,
        "MemPerc": 100 * now.memory / now.memory_limit if now.memory_limit else 0.0,
        "NetInput": now.net_received, "NetOutput": now.net_sent,
        "Network": {name: _interface(counts) for name, counts in about.interfaces.items()} or None,
        "BlockInput": now.block_read, "BlockOutput": now.block_written, "PIDs": now.pids, "UpTime": now.uptime,
        "Duration": now.cpu,
    }  # fmt: skip


def _interface(counts: dict[str, int]) -> dict[str, int]:
    return {"".join(word.capitalize() for word in name.split("_")): count for name, count in counts.items()}


ROUTES = (
    Route(
        "GET", "/libpod/containers/stats", report, texts("containers", "Names or ids; all that run if there is none"),
        flag("stream", True, "Go on until the client leaves"), number("interval", 5, "Seconds between two reports"),
        flag("all", about="Those that do not run as well"), answer="lines",
    ),
    Route("GET", "/libpod/containers/{name}/stats", stats, *PARAMETERS, answer="lines"),
)  # fmt: skip
