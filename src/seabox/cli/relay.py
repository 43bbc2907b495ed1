"""Passing on a container's streams from a process of its own session: what stops us does not stop the container.

conmon makes a container wait whose client does not read. A client of a terminal is stopped by one key (^Z), any other
by a signal. So the descriptors are served by a child that no terminal controls, and we keep to what needs us: keys that
are typed, signals, the size of the window, the container's end. That the child sees to if we have been stopped, by the
program that conmon would have run.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress

from seabox.errors import Detached, Disconnected, SeaboxError
from seabox.kernel.apart import fork_apart
from seabox.kernel.process import clean_env, poll_one, reap, spawn, stopped
from seabox.kernel.tty import is_terminal
from seabox.streams.pump import Ends, Pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seabox.streams.session import Session

_ENDED, _DETACHED, _NO_READER, _TOO_SLOW, _FAILED = b"E", b"D", b"R", b"S", b"F"
_OVER = b"O\n"  # comes first
_GO = b"g"
_TYPED = 8192


class Relay:
    """The streams of a session: kept for us from `begin` on, passed on in `wait`.

    `afterwards` is what the child runs at the container's end if we have been stopped.
    """

    __slots__ = ("_afterwards", "_child", "_keys", "_leash", "_news", "_outputs", "_stdin", "_typed")

    def __init__(self, stdin: bool, stdout: bool, stderr: bool, keys: bytes, afterwards: Sequence[str] = ()) -> None:
        self._stdin, self._outputs, self._keys = stdin, (stdout, stderr), keys
        self._afterwards = afterwards
        self._child = self._news = self._leash = self._typed = -1

    def begin(self, session: Session) -> None:
        """The child serves the session; nothing else reads it from here on. Raises: OSError."""
        ours: list[int] = []
        theirs: list[int] = []
        try:
            news, tell = os.pipe()
            ours.append(news)
            theirs.append(tell)
            held, leash = os.pipe()
            ours.append(leash)
            theirs.append(held)
            stdin = 0 if self._stdin else None
            if self._stdin and is_terminal(0):  # the child would take from it even when we may not
                stdin, typed = os.pipe()
                os.set_blocking(typed, False)
                theirs.append(stdin)
                ours.append(typed)
            us, connection = os.getpid(), session.connection.fileno()

            def serve() -> None:
                owner = _Owner(us, held)
                ends = Ends(
                    stdin, 1 if self._outputs[0] else None, 2 if self._outputs[1] else None, self._keys,
                    gate=owner.lets_write, person=stdin not in (None, 0),
                )  # fmt: skip
                _serve(session, ends, owner, tell, self._afterwards)

            self._child = fork_apart(serve, keep=[*theirs, connection])
        except BaseException:
            for fd in ours:
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self._news, self._leash, self._typed = ours[0], ours[1], ours[2] if len(ours) > 2 else -1
        session.connection.close()

    def wait(self, over: Callable[[], object]) -> int:
        """All has been passed on; how many bytes were thrown away because the container was to end. Blocks.

        `over` is called when the container's streams have ended; it may take long until all is written.

        Raises: Detached, Disconnected, BrokenPipeError (nobody reads our output any more).
        """
        said = b""
        typed = b""
        with suppress(BrokenPipeError):
            os.write(self._leash, _GO)
        while True:
            poller = select.poll()
            poller.register(self._news, select.POLLIN)
            if typed:
                poller.register(self._typed, select.POLLOUT)
            elif self._typed >= 0:
                poller.register(0, select.POLLIN)
            ready = dict(poller.poll())
            if self._typed >= 0 and (0 in ready or self._typed in ready):
                typed = self._type(typed or self._key())
            if self._news in ready:
                if not (data := os.read(self._news, 1 << 16)):
                    return _heard(said)
                said += data
                if said.startswith(_OVER):
                    said = said.removeprefix(_OVER)
                    over()

    def _key(self) -> bytes:
        try:
            return os.read(0, _TYPED)
        except OSError:  # EIO: the terminal is gone, or we are in its background
            return b""

    def _type(self, data: bytes) -> bytes:
        """What of `data` the child could not take yet; with b"" there is no more."""
        try:
            if data:
                return data[os.write(self._typed, data) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:  # it is about to tell us why
            pass
        os.close(self._typed)
        self._typed = -1
        return b""

    def close(self) -> None:
        """The child has ended. Idempotent."""
        for fd in (self._leash, self._typed, self._news):
            if fd >= 0:
                os.close(fd)
        self._leash = self._typed = self._news = -1
        if self._child > 0:
            reap(self._child)
            self._child = -1


def _heard(said: bytes) -> int:
    """What the child's last words mean."""
    kind, text = said[:1], said[1:].decode(errors="replace").rstrip("\n")
    if kind == _ENDED:
        return int(text or "0")
    if kind == _DETACHED:
        raise Detached(text)
    if kind == _NO_READER:
        raise BrokenPipeError(text)
    if kind == _TOO_SLOW:
        raise Disconnected(text)
    raise SeaboxError(f"the streams could not be passed on: {text or 'the process that did it was killed'}")


class _Owner:
    """The process for which the child works; ends the pump with it (streams.pump.Stopper)."""

    __slots__ = ("_goes", "_pid", "fd")

    def __init__(self, pid: int, fd: int) -> None:
        self._pid, self.fd = pid, fd
        self._goes = False  # it is ready for output

    @property
    def fired(self) -> bool:
        """Whether it is gone."""
        while poll_one(self.fd, select.POLLIN, 0):
            if not os.read(self.fd, 1):
                return True
            self._goes = True
        return False

    def lets_write(self, terminal: bool) -> bool:
        """Whether output may be written; to a terminal only while it has not been stopped."""
        return self._goes and not (terminal and self.stopped)

    @property
    def stopped(self) -> bool:
        """Whether a signal has stopped it."""
        return stopped(self._pid)


def _serve(session: Session, ends: Ends, owner: _Owner, tell: int, afterwards: Sequence[str]) -> None:
    """The child."""
    helpers: list[int] = []

    def over() -> None:
        with suppress(BrokenPipeError):
            os.write(tell, _OVER)
        if owner.stopped and afterwards:
            helpers.append(spawn(afterwards, env=clean_env(), new_session=True))

    said = b""
    try:
        dropped = Pump(session.connection, ends, session.patience, [owner], over).run()
        said = _ENDED + b"%d" % dropped
    except Detached as problem:
        said = _DETACHED + str(problem).encode()
    except Disconnected as problem:
        said = _TOO_SLOW + str(problem).encode()
    except BrokenPipeError as problem:
        said = _NO_READER + str(problem).encode()
    except SeaboxError:  # our owner is gone; the container goes on
        said = b""
    except Exception as problem:
        said = _FAILED + repr(problem).encode()
    with suppress(BrokenPipeError):
        os.write(tell, said)
    for helper in helpers:
        reap(helper)
