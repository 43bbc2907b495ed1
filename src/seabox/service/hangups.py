"""Clients that hang up while their request is worked on: one thread sees it, and ends the request's waiting."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from threading import Lock, Thread

from ..kernel.watch import Cancel


class Hangups:
    """The connections whose requests want to know. Its thread begins with the first, and ends at `close`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._lock = Lock()
        self._cancels: dict[int, Cancel] = {}
        self._thread: Thread | None = None
        self._over = self._closed = False
        self._end = Cancel()
        self._epoll.register(self._end.fd, select.EPOLLIN)

    def watch(self, connection: socket.socket) -> Cancel:
        """Fired when the client is gone, or at `fire_all`; until `forget`.

        Over TCP a client that only says that it sends no more looks as one that is gone; over a unix socket not.
        """
        cancel = Cancel()
        with self._lock:
            if self._over:
                cancel.fire()
            if self._closed:
                return cancel
            if self._thread is None:
                self._thread = Thread(target=self._look, name="seabox-hangups", daemon=True)
                self._thread.start()
            fd = connection.fileno()
            self._cancels[fd] = cancel
            tcp = connection.family != socket.AF_UNIX
            self._epoll.register(fd, (select.EPOLLRDHUP if tcp else 0) | select.EPOLLONESHOT)
        return cancel

    def forget(self, connection: socket.socket) -> None:
        """The connection is not watched any more; to be called before it is closed."""
        with self._lock:
            if self._cancels.pop(connection.fileno(), None) is not None:
                with suppress(OSError):
                    self._epoll.unregister(connection.fileno())

    def half_close_allowed(self, connection: socket.socket) -> None:
        """From now on a client that sends no more is not taken for gone: the connection is a stream."""
        with self._lock:
            if connection.fileno() in self._cancels:
                self._epoll.modify(connection.fileno(), select.EPOLLONESHOT)

    @property
    def over(self) -> bool:
        """Whether all requests are to end."""
        return self._over

    def fire_all(self) -> None:
        """Every request ends its waiting, now and later."""
        with self._lock:
            self._over = True
            for cancel in self._cancels.values():
                cancel.fire()

    def close(self) -> None:
        """Nothing is watched any more. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._over = self._closed = True
            self._cancels.clear()
        self._end.fire()
        if self._thread is not None:
            self._thread.join()
        self._epoll.close()

    def _look(self) -> None:
        while not self._end.fired:
            for fd, _ in self._epoll.poll():
                with self._lock:
                    if (cancel := self._cancels.get(fd)) is not None:
                        cancel.fire()
