"""How containers are looked after, as both APIs ask for it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..model.options import CreateOptions

    class Check(Protocol):
        """A health check in a body; times in ns, 0 and None say nothing."""

        @property
        def test(self) -> list[str] | None: ...
        @property
        def interval(self) -> int | None: ...
        @property
        def timeout(self) -> int | None: ...
        @property
        def start_period(self) -> int | None: ...
        @property
        def retries(self) -> int | None: ...


SECOND = 10**9  # ns


def add_check(said: Check, options: CreateOptions) -> None:
    """The check is among the options, as far as it was said."""
    if said.test:
        options["healthcheck"] = said.test
    if said.interval:
        options["health_interval"] = said.interval / SECOND
    if said.timeout:
        options["health_timeout"] = said.timeout / SECOND
    if said.start_period:
        options["health_start_period"] = said.start_period / SECOND
    if said.retries:
        options["health_retries"] = said.retries
