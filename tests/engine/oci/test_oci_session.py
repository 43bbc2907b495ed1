"""A session on a real conmon."""

from __future__ import annotations

import os
from threading import Timer

import pytest

from engine.oci.oci_bundle import Bundle
from seabox.errors import Detached
from seabox.kernel import process
from seabox.oci import conmon
from seabox.streams.session import Session


def test_nothing_of_much_output_is_lost_while_the_caller_does_something_else(bundle: Bundle) -> None:
    bundle.shell("head -c 33554432 /dev/zero | tr '\\0' x; echo oops >&2; exit 9", log_driver="none")
    with Session(bundle.attach()) as session:
        bundle.start()
        assert bundle.await_exit().code == 9
        everything = session.read_all(timeout_seconds=120)
    assert everything.stderr == b"oops\n"
    assert len(everything.stdout) == 33554432
    assert everything.stdout.count(b"x") == 33554432


def test_input_output_and_the_end_of_the_input(bundle: Bundle) -> None:
    bundle.shell("tr a-z A-Z; echo done", stdin=True)
    with Session(bundle.attach()) as session:
        bundle.start()
        session.write(b"some words\n" * 10_000)
        session.close_stdin()
        assert session.read_all(timeout_seconds=120).stdout == b"SOME WORDS\n" * 10_000 + b"done\n"


def test_detaching_leaves_the_container_running(bundle: Bundle) -> None:
    launched = bundle.shell("stty -echo; echo ready; while read line; do echo got $line; done", tty=True, stdin=True)
    stdin, typing = os.pipe()
    out, out_end = os.pipe()
    with Session(bundle.attach(), resize=lambda *size: conmon.resize(bundle.path, *size)) as session:
        session.resize(40, 120)
        bundle.start()
        Timer(0.3, os.write, (typing, b"one\n\x10\x11")).start()
        with pytest.raises(Detached):
            session.pump(stdin, out_end, out_end, b"\x10\x11")
    assert process.alive(launched.process)
    with Session(bundle.attach()) as session:
        session.write(b"two\n")
        heard = b""
        for _, data in session:
            heard += data
            if b"got two" in heard:
                break
    for fd in (stdin, typing, out, out_end):
        os.close(fd)
