"""Joining a log to its stream: what an attempt that failed does to the container."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from seabox.container import joined
from seabox.errors import Conflict
from seabox.oci.attachsock import AttachSocket


def closed(far: socket.socket) -> bool:
    """Whether conmon, at this end, sees the end of our input; it would then close the container's."""
    far.setblocking(False)
    try:
        return far.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:  # with output that was not read
        return True


def test_an_attempt_that_failed_does_not_end_the_containers_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[socket.socket] = []
    attempts = iter([True, True, False])

    def connect() -> AttachSocket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends.append(theirs)
        return AttachSocket(ours.detach())

    def run(search: object, deadline: float, cancel: object) -> None:
        if next(attempts, True):
            raise joined._Lost

    monkeypatch.setattr(joined._Search, "run", run)
    found = joined.join(connect, str(tmp_path / "log"), 0, str(tmp_path))
    assert [closed(far) for far in ends] == [False, False, False]
    with pytest.raises(BrokenPipeError):  # and nobody waits for the one that is not read
        ends[0].send(b"output")
    assert ends[2].send(b"output") == 6
    found.close()
    assert all(closed(far) for far in ends)
    with pytest.raises(Conflict, match="changes too fast"):
        joined.join(connect, str(tmp_path / "log"), 0, str(tmp_path))
    assert all(closed(far) for far in ends)
    for far in ends:
        far.close()
