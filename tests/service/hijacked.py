"""A connection that became a stream, and what came by it."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any

from seabox.streams import mux
from service.served import Served


class Hijacked:
    """The answer's head, and the stream after it."""

    def __init__(
        self, served: Served, path: str, body: Any = None, *, upgrade: bool = True, early: bytes = b""
    ) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        if upgrade:
            head += "Connection: Upgrade\r\nUpgrade: tcp\r\n"
        self.socket = served.connect()
        try:
            self.socket.sendall(head.encode() + b"\r\n" + data + early)
            found = b""
            while b"\r\n\r\n" not in found:
                piece = self.socket.recv(65536)
                assert piece, found
                found += piece
        except BaseException:
            self.socket.close()
            raise
        told, _, self._ahead = found.partition(b"\r\n\r\n")
        first, *lines = told.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def __enter__(self) -> Hijacked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes, *, end: bool = False) -> None:
        self.socket.sendall(data)
        if end:
            self.socket.shutdown(socket.SHUT_WR)

    def until(self, wanted: bytes) -> bytes:
        """What comes, up to and with `wanted`; the rest is for the next call."""
        found = self._ahead
        while wanted not in found:
            piece = self.socket.recv(65536)
            assert piece, found
            found += piece
        end = found.index(wanted) + len(wanted)
        self._ahead = found[end:]
        return found[:end]

    def rest(self) -> bytes:
        found = bytearray(self._ahead)
        self._ahead = b""
        while piece := self.socket.recv(1 << 20):
            found += piece
        return bytes(found)

    def outputs(self) -> tuple[bytes, bytes]:
        """The rest, which is frames, as stdout and stderr."""
        wire, at = memoryview(self.rest()), 0
        found = {mux.STDOUT: bytearray(), mux.STDERR: bytearray()}
        while at < len(wire):
            end = at + mux.HEADER + int.from_bytes(wire[at + 4 : at + mux.HEADER], "big")
            assert end <= len(wire)
            found[wire[at]] += wire[at + mux.HEADER : end]
            at = end
        return bytes(found[mux.STDOUT]), bytes(found[mux.STDERR])
