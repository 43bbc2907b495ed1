"""The service: a thread for each connection, up to a limit; ends when told to, or when nobody has asked for a while."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic

from ..kernel.process import milliseconds
from ..kernel.watch import Cancel
from .connection import Connection
from .guard import Guard
from .hangups import Hangups
from .routing import Router

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..engine import Engine
    from .routing import Route

MOST = 512  # connections at a time
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 34\r\n"
    b'Retry-After: 1\r\nConnection: close\r\n\r\n{"message":"too many connections"}'
)
_TOLD = 32  # clients at a time that are told so
_FAREWELL = 1.0  # s that they get to read it
_PATIENCE = 5.0  # s that requests get to end when the service does


class Server:
    """Answers on listening sockets, which stay open: whoever made them closes them.

    linger  s without a connection after which it ends; None = never
    """

    def __init__(
        self, engine: Engine, listeners: Sequence[socket.socket], routes: Iterable[Route], *,
        guard: Guard | None = None, linger: float | None = None, most: int = MOST,
    ) -> None:  # fmt: skip
        self._engine, self._listeners, self._guard = engine, listeners, guard or Guard()
        self._router = Router(routes)
        self._linger, self._most = linger, most
        self._hangups = Hangups()
        self._stop = Cancel()
        self._lock = Lock()
        self._refusing = BoundedSemaphore(_TOLD)
        self._connections: dict[Connection, Thread] = {}
        self._quiet_since = monotonic()

    def stop(self) -> None:
        """`serve` returns soon. From any thread, or a signal's handler."""
        self._stop.fire()

    def serve(self) -> None:
        """Every connection was answered until `stop`, or until nobody came for `linger` seconds. Blocks."""
        poller = select.poll()
        poller.register(self._stop.fd, select.POLLIN)
        for listener in self._listeners:
            listener.setblocking(False)
            poller.register(listener, select.POLLIN)
        by_fd = {listener.fileno(): listener for listener in self._listeners}
        try:
            while not self._stop.fired:
                left = self._left()
                if left is not None and left <= 0:
                    return
                for fd, _ in poller.poll(milliseconds(left)):
                    if fd in by_fd:
                        self._accept(by_fd[fd])
        finally:
            self._end()

    def _left(self) -> float | None:
        if self._linger is None:
            return None
        with self._lock:
            since = monotonic() if self._connections else self._quiet_since
        return since + self._linger - monotonic()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # gone again; or no descriptors left, of which some are freed when others go
        if client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            full = len(self._connections) >= self._most
        if full:
            self._refuse(client)
            return
        connection = Connection(client, self._engine, self._router, self._hangups, self._guard)
        thread = Thread(target=self._serve, args=(connection,), name="seabox-connection", daemon=True)
        with self._lock:
            self._connections[connection] = thread
        try:
            thread.start()
        except RuntimeError:  # no more threads
            self._forget(connection)
            connection.close()

    def _refuse(self, client: socket.socket) -> None:
        """The client is told that there are too many, if not too many are being told so."""
        if self._refusing.acquire(blocking=False):
            Thread(target=self._tell, args=(client,), name="seabox-refusal", daemon=True).start()
        else:
            client.close()

    def _tell(self, client: socket.socket) -> None:
        try:
            with suppress(OSError), client:
                client.settimeout(_FAREWELL)
                client.sendall(_FULL)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 16):  # a close with its input unread would throw the answer away
                    pass
        finally:
            self._refusing.release()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.pop(connection, None)
            self._quiet_since = monotonic()

    def _end(self) -> None:
        """Nobody is answered any more, and every request has had the time to end."""
        self._hangups.fire_all()
        with self._lock:
            left = dict(self._connections)
        for connection in left:
            connection.interrupt()
        deadline = monotonic() + _PATIENCE
        for thread in left.values():
            thread.join(max(0.0, deadline - monotonic()))
        self._hangups.close()
