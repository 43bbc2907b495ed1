"""What containers use of the machine, as Docker's clients reckon with it."""

from __future__ import annotations

from ..errors import InvalidArgument, NoSuchContainer
from ..kernel.watch import Watch
from ..model.times import utc
from .response import Response, Stream, json_line
from .routing import flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..container.container import Container
    from ..container.stats import Stats
    from ..engine import Engine
    from ..kernel.watch import Cancel
    from .request import Request

_PAUSE = 1.0  # s between two samples
PARAMETERS = (
    flag("stream", True, "Go on until the client leaves"),
    flag("one-shot", about="One sample, at once, with none before it"),
)  # fmt: skip


def stats(on: Engine, ask: Request) -> Response:
    """What the container uses, with the sample before; a container that does not run uses nothing."""
    ctr = on.containers.get(ask.place("name"))
    stream, one_shot = ask.flag("stream"), ask.flag("one-shot")
    more = {"Id": ctr.id} if ask.libpod else {}  # as podman writes it
    if stream and one_shot and ask.given("stream"):
        raise InvalidArgument("cannot have stream=true and one-shot=true")
    if stream and not one_shot:
        return Stream(_stream(ctr, more, ask.cancel))
    before = None
    if not one_shot and ctr.status in ("running", "paused"):
        before = ctr.stats(detailed=True)
        _rest(ask.cancel)
    return Stream(iter((json_line(told(ctr.stats(detailed=True), before) | more),)))


def _stream(ctr: Container, more: dict[str, str], cancel: Cancel) -> Iterator[bytes]:
    before = None
    try:
        while True:
            now = ctr.stats(detailed=True)
            yield json_line(told(now, before) | more)
            before = now
            _rest(cancel)
    except NoSuchContainer:
        return


def _rest(cancel: Cancel) -> None:
    """A second has gone by. Raises: Cancelled."""
    with Watch(cancel) as watch:
        watch.wait(_PAUSE)


def told(now: Stats, before: Stats | None) -> dict[str, Any]:
    """One sample under docker's names."""
    about = now.details
    assert about is not None
    found: dict[str, Any] = {
        "name": f"/{now.name}", "id": now.id, "read": utc(now.at), "preread": utc(before.at if before else 0),
        "num_procs": 0, "storage_stats": {},
        "pids_stats": {"current": now.pids} | ({"limit": about.pids_limit} if about.pids_limit else {}),
        "blkio_stats": {
            "io_service_bytes_recursive": [
                {"major": major, "minor": minor, "op": what, "value": count}
                for major, minor, what, count in about.transferred
            ] or None,
            **dict.fromkeys((
                "io_serviced_recursive", "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive",
                "io_merged_recursive", "io_time_recursive", "sectors_recursive",
            )),
        },
        "cpu_stats": _processor(now), "precpu_stats": _processor(before),
        "memory_stats": {
            "usage": about.memory, "limit": now.memory_limit, "stats": about.memory_items,
        } | ({} if about.v2 else {"max_usage": about.memory_most, "failcnt": about.memory_failures}),
    }  # fmt: skip
    if about.interfaces:
        found["networks"] = about.interfaces
    return found


def _processor(moment: Stats | None) -> dict[str, Any]:
    about = moment.details if moment is not None else None
    found = {
        "cpu_usage": {
            "total_usage": moment.cpu if moment else 0, "usage_in_kernelmode": about.kernel if about else 0,
            "usage_in_usermode": about.user if about else 0,
        },
        "throttling_data": {
            "periods": about.periods if about else 0, "throttled_periods": about.throttled if about else 0,
            "throttled_time": about.throttled_time if about else 0,
        },
    }  # fmt: skip
    return found | ({"system_cpu_usage": about.system, "online_cpus": about.processors} if about else {})
