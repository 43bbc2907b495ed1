"""Exec sessions that were created and not started: kept in memory, for a while; once started they are the engine's.

What was asked for is kept beyond the start, as long as there is room: the engine does not know all that is told of it,
and nothing at all of a session whose start failed.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Condition, Lock
from time import monotonic

from ..errors import Conflict
from ..model.ids import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.options import ExecOptions

AT_MOST = 1024  # sessions
AT_MOST_OLD = 1800.0  # s
CREATED, STARTING, STARTED, FAILED = "created", "starting", "started", "failed"


class Prepared:
    """One session, as it was asked for, and how far it is.

    code  of one whose start failed, as a shell would put it
    size  that its terminal gets: rows, columns
    """

    __slots__ = ("at", "changed", "code", "command", "container", "detach_keys", "id", "options", "size", "state",
                 "streams")  # fmt: skip

    def __init__(
        self, container: str, command: Sequence[str], options: ExecOptions, *, streams: Sequence[str],
        detach_keys: str, size: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        self.id, self.at = new_id(), monotonic()
        self.container, self.command, self.options = container, list(command), options
        self.streams, self.detach_keys, self.size = list(streams), detach_keys, size
        self.state, self.code = CREATED, 0
        self.changed = Condition()

    def begin(self) -> None:
        """This caller starts it. Raises: Conflict: another has done so."""
        with self.changed:
            if self.state != CREATED:
                raise Conflict(f"Error: Exec command {self.id} has already run")
            self.state = STARTING

    def become(self, state: str, code: int = 0) -> None:
        """It is so far; who waits for that goes on."""
        with self.changed:
            self.state, self.code = state, code
            self.changed.notify_all()

    def await_start(self, timeout: float) -> str:
        """Its state, once it is not being started. Blocks for `timeout` seconds at most."""
        with self.changed:
            self.changed.wait_for(lambda: self.state != STARTING, timeout)
            return self.state


class Sessions:
    """Those of this process, the newest of them."""

    def __init__(self, at_most: int = AT_MOST, at_most_old: float = AT_MOST_OLD) -> None:
        self._at_most, self._at_most_old = at_most, at_most_old
        self._lock = Lock()
        self._known: OrderedDict[str, Prepared] = OrderedDict()

    def add(self, session: Prepared) -> None:
        """It is known, in place of the oldest if there are too many."""
        with self._lock:
            self._known[session.id] = session
            self._forget_old()

    def find(self, id: str) -> Prepared | None:
        """The session with this id, None if it is not, or no more, known here."""
        with self._lock:
            self._forget_old()
            return self._known.get(id)

    def remove(self, id: str) -> None:
        """It is not known any more."""
        with self._lock:
            self._known.pop(id, None)

    def waiting(self, container: str) -> list[str]:
        """The ids of a container's sessions that have not been started."""
        with self._lock:
            self._forget_old()
            return [each.id for each in self._known.values() if each.container == container and each.state == CREATED]

    def _forget_old(self) -> None:
        now = monotonic()
        while self._known:
            first = next(iter(self._known.values()))
            if len(self._known) <= self._at_most and now - first.at <= self._at_most_old:
                return
            del self._known[first.id]


SESSIONS = Sessions()
