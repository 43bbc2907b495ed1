"""What the supervisor is there for. Each duty looks at the containers and says when it wants to look again."""

from __future__ import annotations

from ..container.again import start_due
from ..container.container import Container
from ..kernel import process
from .crew import Crew

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..kernel.watch import Watch
    from ..model.record import ContainerRecord
    from ..rooms import Rooms

    class Duty(Protocol):
        """One reason for a supervisor to be there."""

        def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
            """What is due is done, or begun; seconds until the next time, None if there is nothing to wait for.

            `alive` are the containers that conmon watches; what else should wake the supervisor is added to `watch`.
            """

        def finish(self) -> None:
            """What was begun is done. Blocks."""


_STARTS_AT_ONCE = 4
_WATCHED = 400  # containers: each takes a descriptor
_DAY, _HOUR = 86_400.0, 3_600.0


class Starts:
    """Containers whose restart policy made a pause are started after it."""

    def __init__(self, on: Rooms) -> None:
        self._on, self._crew = on, Crew(_STARTS_AT_ONCE)

    def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
        """See Duty.look."""
        watch.add_fd(self._crew.fd)
        self._crew.heard()
        soonest: float | None = None
        for at, id in self._on.store.starts():
            left = max((at - self._on.clock.now()) / 1e9, self._crew.rests(id))
            if left <= 0:
                self._crew.begin(id, lambda id=id: start_due(self._on, Container(self._on, id)))  # type: ignore[misc]
                left = _DAY  # the end of the job wakes us
            soonest = left if soonest is None else min(soonest, left)
        return _DAY if soonest is None and self._crew.busy() else soonest

    def finish(self) -> None:
        """See Duty.finish."""
        self._crew.finish()


class Deaths:
    """Containers with a restart policy whose conmon was killed, so that nobody would see them end.

    No reason to stay: without a supervisor, whoever next looks finds out.
    """

    def __init__(self, on: Rooms) -> None:
        self._on, self._crew = on, Crew(1)

    def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
        """See Duty.look."""
        watch.add_fd(self._crew.fd)
        self._crew.heard()
        for record in [each for each in alive if each.facts.restart_policy != "no"][:_WATCHED]:
            last = [each for each in (record.state.conmon, record.state.process) if each is not None]
            if any(watch.add_process(each) for each in last if process.alive(each)):
                continue
            self._crew.begin(record.facts.id, lambda id=record.facts.id: self._settle(id))  # type: ignore[misc]
        return _DAY if self._crew.busy() else None

    def finish(self) -> None:
        """See Duty.finish."""
        self._crew.finish()

    def _settle(self, id: str) -> None:
        from ..container.ended import deal_with_end

        deal_with_end(Container(self._on, id))


class Retention:
    """Events and exit codes that are too old are forgotten. No reason to stay: removals do it too."""

    def __init__(self, on: Rooms) -> None:
        self._on, self._next = on, on.clock.monotonic() + _HOUR

    def look(self, alive: Sequence[ContainerRecord], watch: Watch) -> float | None:
        """See Duty.look."""
        if self._on.clock.monotonic() >= self._next:
            self._next += _HOUR
            self._on.store.prune()
        return None

    def finish(self) -> None:
        """See Duty.finish."""
