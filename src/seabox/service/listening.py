"""Where the service is reached: a unix socket, a port, or sockets that whoever started it has opened already."""

from __future__ import annotations

import ipaddress
import os
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from ..errors import Conflict, InvalidArgument
from ..kernel import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_FD = 3  # of those handed over, as sd_listen_fds(3) has it
_BACKLOG = 512


class SocketInUse(Conflict):
    """Another service answers there: use that, or another address."""

    def __init__(self, where: str) -> None:
        super().__init__(f"a service is listening on {where} already")
        self.where = where


def listen(address: str) -> socket.socket:
    """A listening socket at unix:///PATH or tcp://HOST:PORT.

    A unix socket is its owner's alone (0600); one that was left by a service that died is replaced. A port has to be
    on a loopback address: nothing asks who calls. Raises: InvalidArgument, SocketInUse, OSError.
    """
    try:
        if address.startswith("tcp:") and not address.startswith("tcp://"):  # podman takes tcp:localhost:8080 as well
            address = address.replace(":", "://", 1)
        url = urlsplit(address if "://" in address else f"unix://{address}")
        port = url.port
    except ValueError as problem:
        raise InvalidArgument(f"{address!a} is no address of a service: {problem}") from None
    if url.scheme == "unix":
        path = (url.netloc + url.path) or ""
        if not path.startswith("/"):
            raise InvalidArgument(f"{address!a} is no address of a service: the path of the socket must be absolute")
        return _unix(path)
    if url.scheme != "tcp":
        raise InvalidArgument(f"{address!a} is no address of a service: unix:///PATH or tcp://HOST:PORT")
    return _tcp(url.hostname or "", 0 if port is None else port)


def _unix(path: str) -> socket.socket:
    files.make_dirs(os.path.dirname(path), 0o700)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                files.remove_file(path)
            else:
                raise SocketInUse(path)
        mask = os.umask(0o177)
        try:
            found.bind(path)
        finally:
            os.umask(mask)
        found.listen(_BACKLOG)
    except BaseException:
        found.close()
        raise
    return found


def _tcp(host: str, port: int) -> socket.socket:
    host = "127.0.0.1" if host in ("", "localhost") else host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise InvalidArgument(f"the service listens on an address, not on a name: {host!a}") from None
    if not address.is_loopback:
        raise InvalidArgument(
            f"the service does not listen on {host}: whoever reaches it is root here. Take a loopback address"
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(_BACKLOG)
    except BaseException:
        found.close()
        raise
    return found


def withdraw(listener: socket.socket) -> None:
    """Nobody finds the service at its unix socket any more."""
    if listener.family == socket.AF_UNIX and (path := listener.getsockname()):
        with suppress(OSError):
            files.remove_file(path)


def handed_over(environment: Mapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that a service manager has opened for this process. See sd_listen_fds(3)."""
    try:
        if int(environment.get("LISTEN_PID", "0")) != pid:
            return []
        count = int(environment.get("LISTEN_FDS", "0"))
    except ValueError:
        return []
    found = []
    for fd in range(_FIRST_FD, _FIRST_FD + count):
        os.set_inheritable(fd, False)
        found.append(socket.socket(fileno=fd))
    return found


def names_of(listeners: list[socket.socket]) -> frozenset[str] | None:
    """The host names under which these may be asked; None = any, for unix sockets."""
    if all(each.family == socket.AF_UNIX for each in listeners):
        return None
    return frozenset({"localhost", "127.0.0.1", "::1", *(str(each.getsockname()[0]) for each in listeners
                      if each.family != socket.AF_UNIX)})  # fmt: skip
