"""One client's connection: its requests are answered one after the other, until it is closed or taken over."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack, suppress
from http import HTTPStatus
from itertools import count
from time import monotonic

import h11

from ..diagnostics import debug
from ..errors import Cancelled, SeaboxError, TimedOut
from ..kernel.sockets import await_taken
from .guard import check_sender
from .problems import answer
from .request import Client, Request
from .response import Response, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..engine import Engine
    from ..kernel.watch import Cancel
    from .guard import Guard
    from .hangups import Hangups
    from .routing import Router

FIRST = 10.0  # s in which a request must have come since its first byte, or since the connection was made
IDLE = 300.0  # s that a connection may wait for its next request
BODY = 60.0  # s that a body may pause
STALLED = 3600.0  # s in which a client must take some of what it is sent: a pager may be left open
_HEADERS_AT_MOST = 32 << 10  # bytes
_READ = 1 << 16
_PODMANS = "/libpod/"
_REFERENCE_AT_MOST = 64  # letters
_numbers = count(1)
_REASONS = {int(each): each.phrase.encode() for each in HTTPStatus}
_HEAD_TAKEN = 0.1  # s that a client gets to read the head of a stream before the stream begins
_HEAD_READ = 20  # ms that it gets over TCP, where it cannot be seen reading
_LEFT_OVER = 1 << 16  # bytes of an unread body that are worth keeping the connection for


class Taken:
    """The connection of a client that was told that it is a stream now. Close it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fileno(self) -> int:
        """Its descriptor, blocking."""
        return self._connection.fileno()

    def close(self) -> None:
        """Hung up. Idempotent."""
        self._connection.close()


class Connection:
    """See the module. Belongs to the thread that serves it, but for `interrupt`."""

    def __init__(self, connection: socket.socket, engine: Engine, router: Router, hangups: Hangups, guard: Guard):
        self._socket, self._engine, self._router, self._hangups = connection, engine, router, hangups
        self._guard = guard
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADERS_AT_MOST)
        self._cancel: Cancel | None = None
        self._taken = self._upgrade = self._head = self._closed = False
        self._body_over = True
        self._reference = "0x0"  # what a client may call its request by
        self._trusted = False  # whether it is sure where the request ends

    def fileno(self) -> int:
        """The connection's descriptor."""
        return self._socket.fileno()

    def serve(self) -> None:
        """Every request that came was answered, and the connection is closed. Blocks."""
        try:
            patience = FIRST
            while self._answer_one(patience):
                patience = IDLE
        except (OSError, SeaboxError) as problem:  # the client is gone, or takes nothing; or a stream ended early
            debug("a client's connection: %s", problem)
        finally:
            if not self._taken:
                self._hang_up()
            self.close()

    def interrupt(self) -> None:
        """Whatever the connection waits for ends. From any thread."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD if not self._taken else socket.SHUT_RDWR)

    def close(self) -> None:
        """Nothing of it is open. Idempotent."""
        if not self._closed:
            self._closed = True
            self._hangups.forget(self._socket)
            self._socket.close()

    # --- one request ---------------------------------------------------------------------------------------------

    def _answer_one(self, patience: float) -> bool:
        """Whether the connection is good for another request. Raises: OSError, and whatever ends a stream."""
        try:
            event = self._event(patience, FIRST)
        except h11.RemoteProtocolError as problem:
            self._say(answer(_BadRequest(problem)), close=True)
            return False
        if not isinstance(event, h11.Request):
            return False
        try:
            response = self._handle(event)
            if self._taken or response is None:
                return False
            reusable = self._trusted and self._drained()
            self._say(response, close=not reusable)
            return reusable and self._next()
        finally:
            if self._cancel is not None and not self._closed:
                self._hangups.forget(self._socket)
            self._cancel = None

    def _handle(self, event: h11.Request) -> Response | None:
        """What the request comes to; None: its connection was taken over, or nobody is there to be told."""
        method, target = event.method.decode("ascii"), event.target.decode("ascii")
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        self._body_over = False
        said = headers.get("x-reference-id", "")[:_REFERENCE_AT_MOST]
        self._reference = said if said.isascii() and said.isalnum() else f"0x{next(_numbers):x}"
        self._upgrade, self._head = "upgrade" in headers, method == "HEAD"
        try:
            self._trusted = False
            check_sender(self._guard, event.headers.raw_items(), headers)
            self._trusted = True
            match = self._router.find(method, target)
            client = Client(self._body(), self._watched, self._take_over, self._typed)
            return match.route.handler(self._engine, Request(method, target, headers, match, client))
        except h11.RemoteProtocolError as problem:
            return answer(_BadRequest(problem))
        except Exception as problem:
            if self._taken or (isinstance(problem, Cancelled) and self._gone()):
                return None
            return answer(problem, libpod=_PODMANS in target.partition("?")[0])

    def _gone(self) -> bool:
        return self._cancel is not None and self._cancel.fired and not self._hangups.over

    def _event(self, first: float, whole: float) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event; its first byte comes within `first` seconds, the rest within `whole`. Raises: OSError."""
        began = bool(self._http.trailing_data[0])  # which copies it: once
        deadline = monotonic() + (whole if began else first)
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                self._send(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
            self._socket.settimeout(max(0.001, deadline - monotonic()))
            data = self._socket.recv(_READ)
            if not began:
                began, deadline = True, monotonic() + whole
            self._http.receive_data(data)

    def _body(self) -> Iterator[bytes]:
        while not self._body_over:
            try:
                event = self._event(BODY, BODY)
            except TimeoutError:
                raise TimedOut("the rest of the request's body did not come") from None
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._body_over = True
            else:
                raise ConnectionAbortedError("the client has gone before the end of its request")

    def _drained(self) -> bool:
        """Whether the request's body has been read, or as good as: what follows it is the next request."""
        if self._http.they_are_waiting_for_100_continue:
            return False
        left = 0
        try:
            for piece in self._body():
                left += len(piece)
                if left > _LEFT_OVER:
                    return False
        except (h11.RemoteProtocolError, SeaboxError, OSError):
            return False
        return True

    def _next(self) -> bool:
        if self._http.their_state is not h11.DONE or self._http.our_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    # --- the answer ----------------------------------------------------------------------------------------------

    def _say(self, response: Response, *, close: bool) -> None:
        """The response was sent; a stream is closed, whatever happens. Raises: OSError, and whatever ends a stream."""
        with ExitStack() as undo:
            if (close_pieces := getattr(getattr(response, "pieces", None), "close", None)) is not None:
                undo.callback(close_pieces)
            self._tell(response, close=close)

    def _tell(self, response: Response, *, close: bool) -> None:
        headers = [*self._guard.headers, ("X-Reference-Id", self._reference), *response.headers.items()]
        if response.content_type:
            headers.append(("Content-Type", response.content_type))
        sized = isinstance(response, Stream) or response.status in (204, 304) or "Content-Length" in response.headers
        if not sized:
            headers.append(("Content-Length", str(len(response.body))))
        if close:
            headers.append(("Connection", "close"))
        self._send(self._http.send(h11.Response(
            status_code=response.status, headers=headers, reason=_REASONS.get(response.status, b"")
        )))
        if isinstance(response, Stream):
            for piece in response.pieces:
                if piece:
                    self._send(self._http.send(h11.Data(data=piece)))
        elif response.body and not self._head:
            self._send(self._http.send(h11.Data(data=response.body)))
        self._send(self._http.send(h11.EndOfMessage()))

    def _send(self, data: bytes | None) -> None:
        left = memoryview(data or b"")
        if left:
            self._socket.settimeout(STALLED)
        while left:
            left = left[self._socket.send(left) :]

    def _hang_up(self) -> None:
        """The client has read what it was told: a close with its input unread would throw that away."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(1.0)
            deadline = monotonic() + 1.0
            while monotonic() < deadline and self._socket.recv(_READ):
                pass

    # --- what a handler can do -----------------------------------------------------------------------------------

    def _watched(self) -> Cancel:
        if self._cancel is None:
            self._cancel = self._hangups.watch(self._socket)
        return self._cancel

    def _typed(self) -> bytes:
        for _ in self._body():
            pass
        return bytes(self._http.trailing_data[0])

    def _take_over(self, headers: Mapping[str, str], protocol: str) -> Taken:
        for _ in self._body():
            pass
        lines = [f"{name}: {value}" for name, value in (*self._guard.headers, *headers.items())]
        if self._upgrade:
            head = ["HTTP/1.1 101 UPGRADED", *lines, "Connection: Upgrade", f"Upgrade: {protocol}"]
        else:
            head = ["HTTP/1.1 200 OK", *lines]
        self._hangups.half_close_allowed(self._socket)
        self._send("\r\n".join([*head, "", ""]).encode("latin-1"))
        # docker-py loses what it reads together with the head
        await_taken(self._socket.fileno(), _HEAD_TAKEN)
        if self._socket.family != socket.AF_UNIX:  # its kernel has it; whether the client has, nobody says
            select.poll().poll(_HEAD_READ)
        self._taken = True
        self._socket.settimeout(None)
        return Taken(self)


class _BadRequest(SeaboxError):
    """What came is not HTTP as we take it; the connection is closed."""

    def __init__(self, problem: h11.RemoteProtocolError) -> None:
        super().__init__(f"bad request: {problem}")
        self.http_status = problem.error_status_hint
