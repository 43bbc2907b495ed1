"""A container in the foreground: its streams are ours, our signals are its, and its exit code becomes ours."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, contextmanager

from seabox.cli.relay import Relay
from seabox.diagnostics import debug, warning
from seabox.errors import Detached, NoSuchContainer, SeaboxError
from seabox.kernel.tty import is_terminal, raw_mode, window_size
from seabox.rooms import Rooms
from seabox.streams.keys import parse_detach_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from seabox.container.container import Container
    from seabox.container.exec_session import ExecSession
    from seabox.engine import Engine
    from seabox.streams.session import Session

    class Target(Protocol):
        """Who gets the signals that we get."""

        @property
        def id(self) -> str: ...
        def kill(self, signal: int, /) -> object: ...

_STANDARD = (0, 1, 2)
_OVER = 0  # no signal has this number
# what is sent to us on purpose; not what the kernel tells us about ourselves, our children or our terminal
_FORWARDED = tuple(
    getattr(signal, f"SIG{name}") for name in "HUP INT QUIT ABRT USR1 USR2 ALRM TERM CONT XCPU IO SYS".split()
) + tuple(range(signal.SIGRTMIN, signal.SIGRTMAX + 1))


class Streams:
    """What of a container's standard streams we join, and how."""

    __slots__ = ("keys", "preserve_fds", "sig_proxy", "stderr", "stdin", "stdout", "tty")

    def __init__(
        self, *, stdin: bool, tty: bool, keys: str, sig_proxy: bool, stdout: bool = True, stderr: bool = True,
        preserve_fds: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.preserve_fds = tuple(preserve_fds)
        self.tty, self.keys, self.sig_proxy = tty, parse_detach_keys(keys), sig_proxy

    def relay(self, afterwards: Sequence[str] = ()) -> Relay:
        """What will pass them on."""
        # what comes from a pipe is data: no bytes in it are keys that somebody typed
        keys = self.keys if self.tty or is_terminal(0) else b""
        return Relay(self.stdin, self.stdout, self.stderr, keys, afterwards)


def attend(on: Engine, ctr: Container, streams: Streams, *, running: bool = False) -> int:
    """The container has ended, and all it wrote was passed on; its exit code (0 if the user detached).

    One that is `running` is joined, any other is started. Raises: as Container.start and attach; Disconnected;
    BrokenPipeError (nobody reads our output any more; the container goes on).
    """
    size = window_size(_terminal()) if streams.tty else None
    with ExitStack() as undo:
        forward = undo.enter_context(proxy()) if streams.sig_proxy else None
        relay = streams.relay(Rooms(on.config).exit_command(ctr.id, always=True))
        undo.callback(relay.close)
        session = (
            ctr.attach(begin=False, joined=relay.begin)
            if running
            else _start(ctr, size, relay, streams.preserve_fds)
        )
        undo.callback(session.close)
        if forward is not None:
            forward(ctr)
        try:
            _serve(session, relay, streams, resize_first=running)
        except Detached:
            return 0
        return _end(ctr)


def attend_exec(start: Callable[[tuple[int, int] | None], ExecSession], streams: Streams) -> int:
    """The session that `start` makes, given the size of our terminal, has ended; its exit code (0 if detached).

    Raises: as `start`; BrokenPipeError (nobody reads our output any more: its process is killed).
    """
    with ExitStack() as undo:
        forward = undo.enter_context(proxy())
        relay = streams.relay()
        undo.callback(relay.close)
        session = undo.enter_context(start(window_size(_terminal()) if streams.tty else None))
        relay.begin(session)
        forward(session)
        try:
            _serve(session, relay, streams, resize_first=True)
        except Detached:
            return 0
        except BrokenPipeError:
            session.kill()
            raise
        return session.wait() & 0xFF


def warn_without_terminal() -> None:
    """The user is told, if there is no terminal to be the one of --tty and --interactive."""
    if not is_terminal(0):
        warning("The input device is not a TTY. The --tty and --interactive flags might not work properly")


def _start(ctr: Container, size: tuple[int, int] | None, relay: Relay, preserve_fds: tuple[int, ...]) -> Session:
    """The container runs, its terminal having our terminal's size from the start."""
    if size is None:
        return ctr.start_and_attach(recursive=True, preserve_fds=preserve_fds, begin=False, joined=relay.begin)
    ctr.start_dependencies()
    with ctr.batch() as same:
        fresh = same.status != "created" or not same.snapshot().state.pid
        if fresh:
            same.init(preserve_fds=preserve_fds)
        try:
            same.resize(*size)
            return same.start_and_attach(begin=False, joined=relay.begin)
        except BaseException:
            if fresh:
                same.cleanup()
            raise


def _serve(session: Session, relay: Relay, streams: Streams, *, resize_first: bool) -> None:
    """Everything is passed on until the container ends. Raises: Detached, Disconnected, BrokenPipeError."""
    terminal = _terminal() if streams.tty else -1
    with ExitStack() as undo:
        if terminal >= 0:

            def follow_size(*_: object) -> None:
                size = window_size(terminal)
                try:
                    if size is not None:
                        session.resize(*size)
                except (OSError, SeaboxError) as problem:
                    debug("the container's terminal keeps its size: %s", problem)

            before = signal.signal(signal.SIGWINCH, follow_size)
            undo.callback(signal.signal, signal.SIGWINCH, before)
            if resize_first:
                follow_size()
            if streams.stdin:
                undo.enter_context(raw_mode(0))
        if dropped := relay.wait(over=session.close):
            warning("%d bytes that nobody had read were thrown away when the container was to end", dropped)


def _end(ctr: Container) -> int:
    """The container's end is dealt with; its exit code. Raises: ExitCodeUnknown."""
    from seabox.container.ended import deal_with_end

    try:
        code = ctr.wait()
    finally:
        try:
            deal_with_end(ctr)
        except NoSuchContainer:
            debug("container %s was removed meanwhile", ctr.id)
    assert code is not None
    return code & 0xFF


def _terminal() -> int:
    """The first of our standard streams that is a terminal, -1 if none is."""
    return next((fd for fd in _STANDARD if is_terminal(fd)), -1)


@contextmanager
def proxy() -> Iterator[Callable[[Target], None]]:
    """Inside the block signals do not act on us; those that came and come go to the target, once it is told."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with ExitStack() as undo:
        undo.callback(os.close, ours)
        undo.callback(os.close, theirs)
        undo.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(theirs, warn_on_full_buffer=False))
        for number in _FORWARDED:
            before = signal.getsignal(number)
            if number == signal.SIGHUP and before == signal.SIG_IGN:
                continue  # nohup: the container is not to notice either
            signal.signal(number, lambda *_: None)
            undo.callback(signal.signal, number, before)
        threads: list[threading.Thread] = []

        def begin(target: Target) -> None:
            thread = threading.Thread(target=_forward, args=(ours, target), daemon=True)
            thread.start()
            threads.append(thread)

        try:
            yield begin
        finally:
            for thread in threads:
                os.write(theirs, bytes([_OVER]))
                thread.join()


def _forward(queue: int, target: Target) -> None:
    """The thread: each signal from the queue goes to the target. A handler must not do this: it may take locks."""
    while _OVER not in (numbers := os.read(queue, 64)):
        for number in numbers:
            if number in _FORWARDED:
                try:
                    target.kill(number)
                except (OSError, SeaboxError) as problem:
                    debug("signal %d was not forwarded to %s: %s", number, target.id, problem)
