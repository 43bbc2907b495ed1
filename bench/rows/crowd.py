"""One container among many others: what a full store adds to an operation, its worst moments included."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from measure import Goal, Row

from rows.listing import fill

if TYPE_CHECKING:
    from contextlib import ExitStack

    from measure import Ways
    from place import Place

    import seabox

_FEW = 10


def _operation(engine: seabox.Engine, verb: str) -> float:
    """How long one operation on a container of its own takes, ms; the container is gone afterwards."""
    took: dict[str, float] = {}
    begin = time.perf_counter()
    ctr = engine.containers.create("busybox", ["true"])
    took["create"] = time.perf_counter() - begin
    if verb == "start":
        begin = time.perf_counter()
        ctr.start()
        took["start"] = time.perf_counter() - begin
        ctr.wait()
    if verb == "inspect":
        begin = time.perf_counter()
        ctr.inspect()
        took["inspect"] = time.perf_counter() - begin
    begin = time.perf_counter()
    ctr.remove(force=True)
    took["rm"] = time.perf_counter() - begin
    return took[verb] * 1000


def rows(place: Place) -> list[Row]:
    """The rows of this group."""
    many = place.scale(10_000, 1000)

    def prepare(verb: str, _: ExitStack) -> Ways:
        engines = {}
        for subject, count in (("floor", _FEW), ("library", many)):
            store = f"crowd-{count}"
            if not place.has_store(store):
                fill(place, store, count)
            engines[subject] = place.new_engine(store)
        return {subject: partial(_operation, engine, verb) for subject, engine in engines.items()}

    return [
        Row(
            f"{verb} among {many} (floor: among {_FEW})", partial(prepare, verb), "ms",
            [Goal("library", 1.2, "floor")], place.scale(200, 60), [Goal("library", 1.5, "floor")],
        )
        for verb in ("create", "start", "inspect", "rm")
    ]  # fmt: skip
