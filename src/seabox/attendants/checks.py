"""Health checks of running containers, at most so many at once."""

from __future__ import annotations

import os

from ..container.container import Container
from ..model.record import Status
from .crew import Crew

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.watch import Watch
    from ..model.health import Healthcheck
    from ..model.record import ContainerRecord
    from ..rooms import Rooms

AT_ONCE = 4
_DAY = 86_400.0


class Checks:
    """The first check of a run comes at once, each other an interval after the last one ended."""

    def __init__(self, on: Rooms) -> None:
        self._on, self._crew = on, Crew(AT_ONCE)
        self._checks: dict[str, tuple[int, Healthcheck | None]] = {}  # by id: as of which change
        self._ended: dict[tuple[str, int], int] = {}  # by id and run: when the last check did, ns

    def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
        """See Duty.look."""
        checked = [each for each in alive if each.state.health and each.facts.supervised]
        watch.add_fd(self._crew.fd)
        self._crew.heard()
        self._forget({record.facts.id for record in checked})
        soonest: float | None = None
        for record in checked:
            id, run = record.facts.id, record.state.run
            check = self._check(id)
            if check is None or not check.interval or record.state.status is not Status.RUNNING:
                continue
            if self._crew.busy(id):
                left = _DAY  # the end of the job wakes us
            else:
                state, now = record.state, self._on.clock.now()
                pause = check.pause(state.health, now - state.started_at)
                left = max((self._last(id, run) + pause - now) / 1e9, self._crew.rests(id))
                if left <= 0:
                    self._crew.begin(id, lambda id=id, run=run: self._run(id, run))  # type: ignore[misc]
                    left = _DAY
            soonest = left if soonest is None else min(soonest, left)
        return _DAY if soonest is None and self._crew.busy() else soonest

    def finish(self) -> None:
        """See Duty.finish."""
        self._crew.finish()

    def _run(self, id: str, run: int) -> None:
        from ..container.health import run_check

        try:
            run_check(self._on, Container(self._on, id))
        finally:
            self._ended[id, run] = self._on.clock.now()

    def _check(self, id: str) -> Healthcheck | None:
        try:  # an update writes the copy of the configuration anew
            written = os.stat(f"{self._on.config.static_dir(id)}/container.json").st_mtime_ns
        except FileNotFoundError:
            return None
        if id not in self._checks or self._checks[id][0] != written:
            from ..container.health import check_of
            from ..errors import SeaboxError

            try:
                self._checks[id] = written, check_of(self._on, id)
            except SeaboxError:
                self._checks[id] = written, None
        return self._checks[id][1]

    def _last(self, id: str, run: int) -> int:
        """When the last check of this run ended, 0 if there was none: perhaps by a supervisor before us."""
        if (id, run) not in self._ended:
            from ..container.health import health_of

            known = health_of(self._on, id)
            self._ended[id, run] = known.results[-1].ended_at if known.run == run and known.results else 0
        return self._ended[id, run]

    def _forget(self, kept: set[str]) -> None:
        for id in self._checks.keys() - kept:
            del self._checks[id]
        for key in [key for key in self._ended if key[0] not in kept]:
            del self._ended[key]
