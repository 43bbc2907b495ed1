"""How `logs` prints what it read."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from seabox.cli.commands import logs
from seabox.cli.parse import parse
from seabox.logs.k8s_file import LogLine


class Shared(io.RawIOBase):
    """A file that both streams go to."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self.data += piece
        return len(piece)


def test_lines_of_both_streams_in_one_file_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Shared()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(file)))
    ctr = SimpleNamespace(name="web", id="0" * 64)
    printer = logs.Printer(parse(logs.command("logs"), ["web"]), ctr, number=0, several=False)  # type: ignore[arg-type]
    streams = (1, 2, 1, 1, 2, 2, 1)
    for number, stream in enumerate(streams):
        printer.show(LogLine(at=0, stream=stream, partial=False, payload=b"%d\n" % number))
    sys.stdout.flush()
    assert file.data.split() == [b"%d" % number for number in range(len(streams))]
