"""How long something that is done piece by piece may take, and whether it is still wanted."""

from __future__ import annotations

from time import monotonic

from ..errors import Cancelled, TimedOut
from ..model.times import check_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..kernel.watch import Cancel


class Bounds:
    """From now on `timeout` seconds (None = for ever), unless `cancel` is fired. Raises: InvalidArgument."""

    __slots__ = ("_deadline", "cancel")

    def __init__(self, timeout: float | None, cancel: Cancel | None) -> None:
        check_timeout(timeout)
        self._deadline = None if timeout is None else monotonic() + timeout
        self.cancel = cancel

    def check(self) -> None:
        """Nothing, while there is time. Raises: TimedOut, Cancelled."""
        if self.cancel is not None and self.cancel.fired:
            raise Cancelled("the operation was cancelled")
        if self._deadline is not None and monotonic() >= self._deadline:
            raise TimedOut("the operation was not done in the time given")

    @property
    def over(self) -> bool:
        """Whether there is no time left, or it was cancelled."""
        return self.left == 0 or (self.cancel is not None and self.cancel.fired)

    @property
    def left(self) -> float | None:
        """Seconds that are left, None without an end."""
        return None if self._deadline is None else max(0.0, self._deadline - monotonic())

    def within(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, as long as there is time. Raises: TimedOut, Cancelled."""
        for piece in pieces:
            self.check()
            yield piece


FOR_EVER = Bounds(None, None)
