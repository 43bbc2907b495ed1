"""Claims of this process: which of them an operation still stands behind."""

from __future__ import annotations

from contextlib import contextmanager

from ..kernel import process
from ..model.record import Claim, Intent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = (Intent.STOP, Intent.RESTART, Intent.REMOVE)
ENDING_FILE = "ending"  # in the run directory, as long as somebody ends the container under such a claim

_at_work: set[Claim] = set()


@contextmanager
def making(intent: Intent, since: int) -> Iterator[Claim]:
    """Inside the block the claim that is yielded is live, in this process and in the eyes of others."""
    claim = Claim(intent, process.myself(), since)
    _at_work.add(claim)
    try:
        yield claim
    finally:
        _at_work.discard(claim)


def is_live(claim: Claim | None) -> bool:
    """Whether an operation of a process that is still there stands behind the claim.

    One of this process whose operation has ended is dead: it could not be taken back when that failed.
    """
    if claim is None or not process.alive(claim.holder):
        return False
    return claim in _at_work or claim.holder != process.myself()
