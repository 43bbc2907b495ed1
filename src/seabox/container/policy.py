"""The restart policy: whether, and when, a container that has ended is started again.

Decided in the moment its death is recorded and stored with it, so that any process can act on it: the exit command,
the supervisor, whoever next looks.
"""

from __future__ import annotations

import os

from ..model.record import SUPERVISED, WATCHED, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record import ContainerFacts, ContainerState

_MS = 10**6  # ns
FIRST_PAUSE = 100 * _MS
LONGEST_PAUSE = 60_000 * _MS
_SETTLED = 10_000 * _MS  # a run that lasted so long begins the pauses anew
TINY = FIRST_PAUSE + FIRST_PAUSE // 4  # a pause that a process may sit out


def planned(facts: ContainerFacts, dead: ContainerState, now: int) -> ContainerState:
    """The state of a container that has just ended, with the time of its next start if its policy wants one."""
    if not _wants(facts, dead):
        return dead
    lasted = dead.finished_at - dead.started_at >= _SETTLED
    return _with_pause(dead, min(dead.finished_at, now), FIRST_PAUSE if lasted else _longer(dead.backoff))


def postponed(facts: ContainerFacts, state: ContainerState, now: int, why: str) -> ContainerState:
    """The state after a start by the policy has failed: it counts as one, and the next comes later, if at all."""
    state = state.replace(restart_count=state.restart_count + 1, error=why)
    if facts.restart_policy == "on-failure" and 0 < facts.restart_retries <= state.restart_count:
        return state.replace(next_start_at=0)
    return _with_pause(state, now, _longer(state.backoff))


def _wants(facts: ContainerFacts, dead: ContainerState) -> bool:
    if dead.stopped_by_user or dead.exit_reason in ("pending", "reboot"):
        return False
    if facts.restart_policy == "on-failure":
        return dead.exit_code != 0 and not 0 < facts.restart_retries <= dead.restart_count
    return facts.restart_policy in ("always", "unless-stopped")


def _longer(pause: int) -> int:
    return min(pause * 2, LONGEST_PAUSE) if pause else FIRST_PAUSE


def _with_pause(state: ContainerState, since: int, pause: int) -> ContainerState:
    # up to a tenth more, so that many which fell together do not rise together
    jitter = pause // 10 * int.from_bytes(os.urandom(1), "big") // 255
    return state.replace(next_start_at=since + pause + jitter, backoff=pause)


def needs_supervisor(facts: ContainerFacts, state: ContainerState, now: int) -> bool:
    """Whether somebody has to be there for the container: while it runs, or for its next start.

    Not for one that is due this moment after the first pause: whoever dealt with the end is about to make it. After a
    longer one it is the supervisor who makes it, and he may have been killed.
    """
    if state.next_start_at:
        return state.backoff > FIRST_PAUSE or abs(state.next_start_at - now) > TINY
    # with a policy, also one whose conmon is killed has to be seen to end
    urgent = facts.supervised == SUPERVISED or (facts.supervised == WATCHED and facts.restart_policy != "no")
    return urgent and state.status in (Status.RUNNING, Status.PAUSED)


def needs_lookout(facts: ContainerFacts, state: ContainerState) -> bool:
    """Whether somebody has to see when the container's log has been rotated."""
    return facts.supervised == WATCHED and state.status in (Status.RUNNING, Status.PAUSED)
