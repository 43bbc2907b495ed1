"""Docker's routes that move containers from one state to another."""

from __future__ import annotations

from ...errors import (
    Busy,
    Cancelled,
    CommandNotFound,
    Conflict,
    ExitCodeUnknown,
    InvalidArgument,
    NoSuchContainer,
    RemovalFinished,
    SeaboxError,
    StateConflict,
    TimedOut,
)
from ...model.ids import is_id
from ..lifecycle import (
    STREAM,
    Waiting,
    again_and_again,
    goes_on,
    is_over,
    is_up,
    last_code,
    named,
    patience,
    pause,
    processes,
    prune,
    settled,
    signal_in,
    unpause,
)
from ..response import Response, Stream, empty, json, json_line
from ..routing import Route, filters, flag, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...container.container import Container
    from ...engine import Engine
    from ...kernel.watch import Cancel
    from ..request import Request

_CONDITIONS = ("", "not-running", "next-exit", "removed")
_NOBODY_KNOWS = 255  # the exit code of a process whose end nobody saw
_NOT_FOUND = ("executable file not found", "no such file or directory")  # by which docker's CLI knows it


class NotStarted(SeaboxError):
    """The command does not exist in the container, in words by which Docker's CLI knows that."""

    http_status = 400


def start(on: Engine, ask: Request) -> Response:
    """It runs; if it cannot, whoever waits for its end is told so, and it is gone if it was to go at its end."""
    ctr = named(on, ask)
    seen = ctr.snapshot()
    if seen.status in ("running", "stopping"):
        return empty(304)
    if seen.status == "paused":
        raise StateConflict(ctr.id, "paused", ("created", "exited"), "cannot start a paused container, try unpause")
    try:
        ctr.start(recursive=True, cancel=ask.cancel)
    except StateConflict:
        if ctr.status == "running":  # somebody else was faster
            return empty(304)
        raise
    except (Busy, Cancelled, TimedOut):  # nothing was tried
        raise
    except (SeaboxError, OSError) as problem:
        ctr.give_up(problem)
        if isinstance(problem, CommandNotFound) and not any(words in str(problem) for words in _NOT_FOUND):
            raise NotStarted(f"{problem}: {_NOT_FOUND[0]}") from problem
        raise
    return empty()


def stop(on: Engine, ask: Request) -> Response:
    """It does not run."""
    ctr = named(on, ask)
    seconds, signal = patience(ask.number("t")), signal_in(ask.text("signal"))
    if not _thawed(ctr, ask.cancel):
        return empty(304)
    try:
        stopped = ctr.stop(seconds, cancel=ask.cancel, signal=signal)
    except NoSuchContainer:  # (AutoRemove) it ended and went
        stopped = True
    return empty() if stopped else empty(304)


def restart(on: Engine, ask: Request) -> Response:
    """It runs anew."""
    ctr = named(on, ask)
    seconds, signal = patience(ask.number("t")), signal_in(ask.text("signal"))
    _thawed(ctr, ask.cancel)
    ctr.restart(seconds, cancel=ask.cancel, signal=signal)
    return empty()


def _thawed(ctr: Container, cancel: Cancel) -> bool:
    """Whether the container has processes; they are not frozen any more."""
    seen = settled(ctr, cancel)
    if seen.status == "paused":
        ctr.unpause()
    return goes_on(seen)


def kill(on: Engine, ask: Request) -> Response:
    """Its first process has got the signal."""
    ctr = named(on, ask)
    signal = signal_in(ask.text("signal") or "KILL")
    assert signal is not None
    if not is_up(seen := ctr.snapshot()):
        raise Conflict(f"cannot kill container: {seen.facts.name}: container {ctr.id} is not running")
    ctr.kill(signal, cancel=ask.cancel)
    return empty()


def rename(on: Engine, ask: Request) -> Response:
    """It has another name."""
    ctr, name = named(on, ask), ask.text("name").removeprefix("/")
    if not name:
        raise InvalidArgument("neither old nor new names may be empty")
    if name == ctr.name:
        raise InvalidArgument("renaming a container with the same name as its current name")
    ctr.rename(name)
    return empty()


def wait(on: Engine, ask: Request) -> Response:
    """Its exit code, when it comes to that; a client starts the container when it sees the beginning of the answer."""
    condition = ask.text("condition")
    if condition not in _CONDITIONS:
        raise InvalidArgument(f'invalid condition: "{condition}"')
    try:
        ctr = named(on, ask)
    except NoSuchContainer:
        id = ask.place("name")
        if condition == "next-exit" or not is_id(id):
            raise
        return json(_ended(on.containers.wait_code(id)))  # it has just removed itself, and somebody wants to know
    cancel = ask.cancel
    if condition == "removed":

        def code() -> int:
            try:
                return ctr.wait("removed", cancel=cancel) or 0
            except NoSuchContainer:  # it never ran
                return 0

    elif condition != "next-exit" and is_over(seen := settled(ctr, ask.cancel)):

        def code() -> int:
            return last_code(seen)

    else:
        waiting = Waiting(ctr, ctr.snapshot() if condition == "next-exit" else seen)

        def code() -> int:
            return waiting.code(cancel)

    return Stream(_told(code, cancel))


def _told(code: Callable[[], int], cancel: Cancel) -> Iterator[bytes]:
    try:
        found = code()
    except (ExitCodeUnknown, NoSuchContainer) as problem:
        yield json_line({"StatusCode": _NOBODY_KNOWS, "Error": {"Message": str(problem)}})
    else:
        yield json_line(_ended(found))


def _ended(code: int) -> dict[str, object]:
    return {"StatusCode": code, "Error": None}


def remove(on: Engine, ask: Request) -> Response:
    """It is gone."""
    if ask.flag("link"):
        raise InvalidArgument("link is not supported: containers find each other by their networks' names")
    force = ask.flag("force")
    try:
        ctr = named(on, ask)
        seen = settled(ctr, ask.cancel)
        if not force and goes_on(seen):
            what = "restarting" if seen.state.next_start_at else seen.status
            raise Conflict(
                f'cannot remove container "/{seen.facts.name}": container is {what}: stop the container before '
                "removing or force remove"
            )
        ctr.remove(force=force, timeout=0 if force else None, volumes=ask.flag("v"), cancel=ask.cancel)
    except RemovalFinished:
        pass
    return empty()


def prune_all(on: Engine, ask: Request) -> Response:
    """Those that do not run are gone."""
    gone = [each for each in prune(on, ask.conditions()) if each.problem is None]
    return json({"ContainersDeleted": [each.id for each in gone], "SpaceReclaimed": sum(each.size for each in gone)})


def top(on: Engine, ask: Request) -> Response:
    """Its processes, with the host's numbers."""
    ctr, words = named(on, ask), ask.text("ps_args").split()
    return again_and_again(lambda: processes(ctr.top(words, host=True)), ask)


def resize(on: Engine, ask: Request) -> Response:
    """Its terminal has another size."""
    named(on, ask).resize(ask.number("h") or 0, ask.number("w") or 0)
    return empty(200)


_TIME = number("t", about="Seconds until SIGKILL; -1: never; if not given, as the container was created")
_SIGNAL = text("signal", about="The signal to send, by name or number")

ROUTES = (
    Route("POST", "/containers/{name}/start", start, text("detachKeys"), answer=None, status=204, also=(304,)),
    Route("POST", "/containers/{name}/stop", stop, _TIME, _SIGNAL, answer=None, status=204, also=(304,)),
    Route("POST", "/containers/{name}/restart", restart, _TIME, _SIGNAL, answer=None, status=204),
    Route("POST", "/containers/{name}/kill", kill, _SIGNAL, answer=None, status=204),
    Route("POST", "/containers/{name}/pause", pause, answer=None, status=204),
    Route("POST", "/containers/{name}/unpause", unpause, answer=None, status=204),
    Route("POST", "/containers/{name}/rename", rename, text("name"), answer=None, status=204),
    Route("POST", "/containers/{name}/wait", wait, text("condition", about="not-running, next-exit or removed")),
    Route("DELETE", "/containers/{name}", remove, flag("v"), flag("force"), flag("link"), answer=None, status=204),
    Route("POST", "/containers/prune", prune_all, filters()),
    Route("GET", "/containers/{name}/top", top, text("ps_args", "-ef", "Options as of ps(1)"), *STREAM,
          answer="lines"),
    Route("POST", "/containers/{name}/resize", resize, number("h"), number("w"), answer=None),
)
