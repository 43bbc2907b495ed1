"""Following the outbox: every event of every process that works on the store, in order, each once."""

from __future__ import annotations

import time

from ..kernel.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from ..kernel.watch import Cancel
    from ..model.record import Event

    class Source(Protocol):
        """Where events are kept: the store."""

        def events(self, since_seq: int = 0, limit: int = 1000) -> list[Event]: ...


# seconds, the last one first: what was written is to be seen only a moment after the write that woke us, because the
# database publishes a commit through shared memory, which inotify does not see
_AFTER_A_WRITE = (1.0, 0.25, 0.05, 0.01)
_AT_LEAST_EVERY = 5.0


def past(source: Source, since: int) -> Iterator[Event]:
    """Everything after sequence number `since` that is there now, oldest first."""
    while batch := source.events(since):
        yield from batch
        since = batch[-1].seq


def follow(
    source: Source, journal: str, since: int, *, until: int | None = None, timeout: float | None = None,
    cancel: Cancel | None = None,
) -> Iterator[Event]:  # fmt: skip
    """As `past`, and then every event as it happens, until the moment `until` (ns) or a cancel.

    `journal` is a file that every commit is written to. Blocks between events. Raises: TimedOut, Cancelled.
    """
    with Watch(cancel, timeout) as watch:
        for event in past(source, since):  # the first read makes the journal
            yield event
            since = event.seq
        watch.add_file(journal)
        looks: list[float] = []
        while until is None or time.time_ns() < until:
            for event in past(source, since):
                yield event
                since = event.seq
            pause = looks.pop() if looks else _AT_LEAST_EVERY
            left = pause if until is None else (until - time.time_ns()) / 10**9
            if watch.wait(max(min(pause, left), 0)):
                looks = list(_AFTER_A_WRITE)
