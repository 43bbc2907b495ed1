"""Health checks: what is run how often, and what came of it."""

from __future__ import annotations

import msgspec

STARTING, HEALTHY, UNHEALTHY = "starting", "healthy", "unhealthy"
ON_FAILURE = ("none", "kill", "restart", "stop")
RESULTS_KEPT = 5
OUTPUT_KEPT = 500  # characters of one result
MOST_RESULTS, MOST_OUTPUT = 1000, 1_000_000  # where no bound is asked for: 0


class Healthcheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is run in a container to learn whether it is well. Times in ns."""

    test: tuple[str, ...]  # ("CMD", program, argument...) or ("CMD-SHELL", line)
    interval: int = 30 * 10**9  # from the end of one check to the next; 0 = only when asked for
    timeout: int = 30 * 10**9  # after which the check is killed and has failed
    start_period: int = 0  # since the start, in which failures do not count
    start_interval: int = 0  # in place of the interval while it is starting, in that period; 0 = none of its own
    retries: int = 3  # failures in a row that make it unhealthy
    on_failure: str = "none"  # what is done when it becomes unhealthy
    results_kept: int = RESULTS_KEPT
    output_kept: int = OUTPUT_KEPT  # characters of each

    @property
    def output_bound(self) -> int:
        """How many characters of one result are kept."""
        return self.output_kept or MOST_OUTPUT

    def pause(self, status: str, ran: int) -> int:
        """From the end of one check to the next, of a container that is `status` and has run for `ran` ns."""
        begins = status == STARTING and ran < self.start_period
        return self.start_interval if begins and self.start_interval else self.interval

    @property
    def command(self) -> tuple[str, ...]:
        """The check's argv."""
        return ("/bin/sh", "-c", *self.test[1:]) if self.test[0] == "CMD-SHELL" else self.test[1:]


class HealthResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check: when it ran (ns), its exit code (-1: killed, or it could not be run), the beginning of its output."""

    began_at: int
    ended_at: int
    exit_code: int
    output: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a container is: "starting", "healthy", "unhealthy", or "" without checks; the last results, oldest first."""

    status: str = ""
    run: int = 0  # of the container, to which all this belongs
    failing_streak: int = 0
    results: tuple[HealthResult, ...] = ()


def judged(before: Health, check: Healthcheck, result: HealthResult, started_at: int) -> Health:
    """How a container that was started at `started_at` is after one more check."""
    failed = result.exit_code != 0
    patient = result.began_at - started_at < check.start_period
    streak = before.failing_streak + (not patient) if failed else 0
    status = before.status
    if not failed:
        status = HEALTHY
    elif streak >= check.retries:
        status = UNHEALTHY
    results = (*before.results, result)[-(check.results_kept or MOST_RESULTS) :]
    return Health(status=status, run=before.run, failing_streak=streak, results=results)
