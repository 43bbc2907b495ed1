"""Unix sockets that keep messages apart, and fifos, as plain descriptors: importing `socket` costs 8 ms."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import sys

from .effects import effect
from .libc import check, libc

_AF_UNIX, _SEQPACKET, _CLOEXEC = 1, 5, os.O_CLOEXEC
_SHUT_RD, _SHUT_WR = 0, 1
_DONTWAIT, _NOSIGNAL = 0x40, 0x4000
_FIONREAD, _SIOCOUTQ = 0x541B, 0x5411


def connect_seqpacket(directory: str, name: str) -> int:
    """A blocking, close-on-exec descriptor connected to the socket `name` in `directory`, however long the path.

    os.read returns one message (b"" = the peer is done), os.write sends one.

    Raises: OSError (ENOENT: no such socket; ECONNREFUSED: nobody listens any more).
    """
    path = f"{directory}/{name}"
    folder = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = check(libc.socket(_AF_UNIX, _SEQPACKET | _CLOEXEC, 0), "socket", path)
        address = _AF_UNIX.to_bytes(2, sys.byteorder) + os.fsencode(f"/proc/self/fd/{folder}/{name}") + b"\0"
        try:
            check(libc.connect(fd, ctypes.c_char_p(address), len(address)), "connect", path)
        except BaseException:
            os.close(fd)
            raise
        return fd
    finally:
        os.close(folder)


def send_now(fd: int, data: bytes) -> int:
    """How many bytes of `data` the socket took at once, whether or not it blocks for others who have it.

    Raises: BlockingIOError, BrokenPipeError, ConnectionResetError.
    """
    return check(libc.send(fd, ctypes.c_char_p(data), len(data), _DONTWAIT | _NOSIGNAL), "send")


def await_taken(fd: int, patience_seconds: float) -> bool:
    """Whether the peer of this unix socket has read, within the time, all that was sent to it. Blocks."""
    pause = select.poll()
    for _ in range(max(1, int(patience_seconds / 0.001))):  # the kernel has no event for "it is empty again"
        if fcntl.ioctl(fd, _SIOCOUTQ, b"\0" * 4) == b"\0" * 4:
            return True
        pause.poll(1)
    return False


def shutdown_read(fd: int) -> None:
    """The peer's writing fails from now on; it does not see an end of what we send. No error if the peer is gone."""
    _shutdown(fd, _SHUT_RD)


def shutdown_write(fd: int) -> None:
    """The peer sees the end of what we send; we may go on reading. No error if the peer is gone."""
    _shutdown(fd, _SHUT_WR)


def _shutdown(fd: int, how: int) -> None:
    try:
        check(libc.shutdown(fd, how), "shutdown")
    except OSError as problem:
        if problem.errno not in (errno.ENOTCONN, errno.EPIPE):
            raise


@effect("write")
def write_fifo(path: str, line: bytes, patience_seconds: float = 0.5) -> bool:
    """`line` was written to the fifo in one piece and, if the reader is quick, read; False if nobody reads it.

    A reader that takes two lines in one read may lose the second, so this waits until ours is taken.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        if problem.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    try:
        os.write(fd, line)
        pause = select.poll()
        for _ in range(int(patience_seconds / 0.005)):  # the kernel has no event for "the fifo is empty again"
            if fcntl.ioctl(fd, _FIONREAD, b"\0" * 4) == b"\0" * 4:
                break
            pause.poll(5)
    except (BrokenPipeError, BlockingIOError):  # gone, or it has not read for very long
        return False
    finally:
        os.close(fd)
    return True


@effect("bind")
def reserve_port(address: str, port: int, protocol: str) -> int:
    """A close-on-exec socket that has this port of the host ("" = all its IPv4 addresses) and answers nobody.

    Nobody else can listen on the port while the descriptor, or a copy of it, is open. Port 0 = any free one.

    Raises: OSError (EADDRINUSE, EADDRNOTAVAIL, EACCES).
    """
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "sctp": socket.SOCK_STREAM}
    number = socket.IPPROTO_SCTP if protocol == "sctp" else 0
    with socket.socket(family, kinds[protocol] | socket.SOCK_CLOEXEC, number) as bound:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol != "udp":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that ended do not count
        bound.bind((address, port))
        if protocol != "udp":
            bound.listen(0)  # who else has SO_REUSEADDR could bind the port otherwise
        return bound.detach()


def port_of(fd: int) -> int:
    """The port that a socket is bound to."""
    import socket

    with socket.socket(fileno=os.dup(fd)) as bound:
        return int(bound.getsockname()[1])


@effect("send")
def send_datagram(path: str, data: bytes) -> None:
    """`data` was sent to the unix datagram socket `path`; one that begins with @ is in the abstract namespace.

    Never blocks. Raises: OSError (nobody is there, or it is full).
    """
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(data, f"\0{path[1:]}" if path.startswith("@") else path)
