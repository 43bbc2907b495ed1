"""A container's streams over a websocket (RFC 6455), for clients that can have no other connection: web pages.

The messages mean nothing but their bytes: what comes, binary or text, is input, and each piece of output is a binary
message, both outputs mixed. There is no half-close: who closes is gone, but what came before that is still input.
"""

from __future__ import annotations

import os
import select
import socket
from base64 import b64decode
from contextlib import suppress
from threading import Thread
from time import monotonic

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import generate_accept_token

from ..container.http_wire import PATIENCE, hang_up
from ..errors import InvalidArgument
from ..kernel.process import milliseconds
from ..kernel.sockets import await_taken
from ..streams import mux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .connection import Taken
    from .request import Request

_VERSION = "13"
_KEY = 16  # bytes
_ROOM = 1 << 16  # bytes that wait for the client before no more are fetched
_READ = 1 << 16
_FAREWELL = 1.0  # s that the container gets to take what a client sent before it left
_GONE = select.POLLHUP | select.POLLERR


def accepted(ask: Request) -> dict[str, str]:
    """The headers by which a client knows that its handshake was understood. Raises: InvalidArgument."""
    if not (_lists(ask.header("connection"), "upgrade") and _lists(ask.header("upgrade"), "websocket")):
        raise InvalidArgument("this is for websockets: ask for an upgrade to one")
    if ask.header("sec-websocket-version") != _VERSION:
        raise InvalidArgument(f"only version {_VERSION} of the websocket protocol is spoken here")
    key = ask.header("sec-websocket-key").encode("latin-1")
    try:
        known = len(b64decode(key, validate=True)) == _KEY
    except ValueError:
        known = False
    if not known:
        raise InvalidArgument("Sec-WebSocket-Key is not 16 bytes in base64")
    return {"Sec-WebSocket-Accept": generate_accept_token(key).decode()}


def _lists(header: str, word: str) -> bool:
    return word in (each.strip().lower() for each in header.split(","))


class Conversation:
    """A client by websocket, as Container.http_attach takes one: a descriptor that carries docker's stream.

    `early`: what came together with the handshake; `framed`: the stream is in docker's frames. Close it.
    """

    def __init__(self, taken: Taken, early: bytes, *, framed: bool) -> None:
        self._taken = taken
        self._protocol = Connection(ConnectionType.SERVER, trailing_data=early)
        self._frames = mux.Decoder() if framed else None
        self._output, self._input = bytearray(), bytearray()
        self._gone = self._ended = False  # the client; the stream
        self._inner, self._outer = socket.socketpair()
        self._thread = Thread(target=self._relay, name="seabox-websocket", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads
            for each in (self._inner, self._outer, taken):
                each.close()
            raise

    def fileno(self) -> int:
        """The stream's descriptor."""
        return self._inner.fileno()

    def close(self) -> None:
        """The client has been told the rest and the end, or had the time to hear it. Blocks."""
        self._inner.close()
        self._thread.join()
        self._taken.close()

    # --- the thread between the two ------------------------------------------------------------------------------

    def _relay(self) -> None:
        with self._outer as stream, socket.socket(fileno=os.dup(self._taken.fileno())) as client:
            client.setblocking(False)
            stream.setblocking(False)
            self._take_apart()
            self._pass_on(client, stream)
            if self._gone:
                with suppress(OSError):
                    client.send(self._output)
                    stream.shutdown(socket.SHUT_WR)
                    await_taken(stream.fileno(), _FAREWELL)
            else:
                hang_up(client.fileno())

    def _pass_on(self, client: socket.socket, stream: socket.socket) -> None:
        """All was said to the client, or it has gone and what it had said was passed on."""
        deadline: float | None = None
        while (self._input and not self._ended) if self._gone else (self._output or not self._ended):
            if deadline is None and (self._gone or self._ended):
                deadline = monotonic() + (_FAREWELL if self._gone else PATIENCE)
            poller = select.poll()
            room = len(self._output) < _ROOM
            if not self._gone:
                poller.register(client, _events(reads=room and not self._input, writes=self._output))
            if not self._ended:
                poller.register(stream, _events(reads=room and not self._gone, writes=self._input))
            ready = dict(poller.poll(milliseconds(None if deadline is None else deadline - monotonic())))
            if not ready and deadline is not None:
                return
            heard, told = ready.get(client.fileno(), 0), ready.get(stream.fileno(), 0)
            if heard & select.POLLOUT and _send(client, self._output):
                deadline = None
            if told & select.POLLOUT:
                _send(stream, self._input)
            if heard & (select.POLLIN | _GONE):
                self._hear(_received(client))
            if told & (select.POLLIN | _GONE):
                self._tell(_received(stream))

    def _tell(self, data: bytes | None) -> None:
        """What the container has written is a message for the client, its end a farewell."""
        if data == b"":
            self._say(CloseConnection(code=CloseReason.NORMAL_CLOSURE))
            self._ended = True
        elif data and self._frames is None:
            self._say(BytesMessage(data=data))
        elif data and self._frames is not None:
            for _, payload in self._frames.feed(data):
                self._say(BytesMessage(data=payload))

    def _hear(self, data: bytes | None) -> None:
        """What the client has sent is input, and its end the end."""
        if data == b"":
            self._gone = True
        elif data:
            self._protocol.receive_data(data)
            self._take_apart()

    def _take_apart(self) -> None:
        for event in self._protocol.events():
            if isinstance(event, Message):
                self._input += event.data.encode() if isinstance(event.data, str) else event.data
            elif isinstance(event, Ping):
                self._say(event.response())
            elif isinstance(event, CloseConnection):  # or what came is no websocket
                self._say(event.response())
                self._gone = True

    def _say(self, event: Event) -> None:
        if not self._gone and not self._ended:
            self._output += self._protocol.send(event)


def _events(*, reads: bool, writes: bytearray) -> int:
    return (select.POLLIN if reads else 0) | (select.POLLOUT if writes else 0)


def _send(to: socket.socket, data: bytearray) -> int:
    """How many bytes of `data` were sent, and are not in it any more; all are dropped if nobody takes them."""
    try:
        count = to.send(data)
    except BlockingIOError:
        return 0
    except OSError:
        count = len(data)
    del data[:count]
    return count


def _received(sender: socket.socket) -> bytes | None:
    """What has come, b"" at the end, None if it is nothing."""
    try:
        return sender.recv(_READ)
    except BlockingIOError:
        return None
    except OSError:
        return b""
