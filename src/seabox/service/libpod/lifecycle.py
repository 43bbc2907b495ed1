"""podman's routes that move containers from one state to another."""

from __future__ import annotations

from ...errors import (
    Conflict,
    ExitCodeUnknown,
    InvalidArgument,
    NeverStarted,
    NoSuchContainer,
    NotFound,
    RemovalFinished,
    StateConflict,
)
from ...model.health import STARTING
from ...model.ids import is_id
from ...model.literals import read_duration
from ...model.record import INFRA, Status
from ..lifecycle import (
    STREAM,
    Waiting,
    again_and_again,
    is_up,
    named,
    patience,
    pause,
    processes,
    prune,
    settled,
    signal_in,
    unpause,
)
from ..response import Response, empty, json, plain
from ..routing import Route, filters, flag, number, text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...container.container import Container
    from ...engine import Engine
    from ..request import Request

_ENDS = ("exited", "stopped")
# podman has more states than we tell apart
_STATES = {"configured": "created", "initialized": "created", "removing": "removed", "stopping": "exited"}
_NOBODY_KNOWS = -1


class NoHealthcheck(Conflict):
    """The container was created without a health check."""

    def __init__(self, id: str) -> None:
        super().__init__(f"container {id} has no defined healthcheck")


def exists(on: Engine, ask: Request) -> Response:
    """Whether there is such a container."""
    named(on, ask)
    return empty()


def init(on: Engine, ask: Request) -> Response:
    """It is there in the runtime, not started."""
    ctr = named(on, ask)
    if ctr.snapshot().state.status in (Status.CREATED, Status.RUNNING, Status.PAUSED):
        return empty(304)
    ctr.init(recursive=True, cancel=ask.cancel)
    return empty()


def start(on: Engine, ask: Request) -> Response:
    """It runs."""
    ctr = named(on, ask)
    if ctr.status in ("running", "stopping"):
        return empty(304)
    try:
        ctr.start(recursive=True, cancel=ask.cancel)
    except StateConflict:
        if ctr.status == "running":  # somebody else was faster
            return empty(304)
        raise
    return empty()


def _seconds(ask: Request) -> int | None:
    return patience(ask.number("timeout" if ask.given("timeout") else "t"))


def stop(on: Engine, ask: Request) -> Response:
    """It does not run."""
    seconds = _seconds(ask)
    try:
        ctr = named(on, ask)
    except NoSuchContainer:
        if ask.flag("ignore") or ask.flag("Ignore"):
            return empty()
        raise
    if ctr.snapshot().state.status is Status.CONFIGURED:
        return empty(304)
    try:
        stopped = ctr.stop(seconds, cancel=ask.cancel)
    except NoSuchContainer:  # (--rm) it ended and went
        stopped = True
    return empty() if stopped else empty(304)


def restart(on: Engine, ask: Request) -> Response:
    """It runs anew."""
    named(on, ask).restart(_seconds(ask), cancel=ask.cancel)
    return empty()


def kill(on: Engine, ask: Request) -> Response:
    """Its first process has got the signal."""
    ctr, signal = named(on, ask), signal_in(ask.text("signal") or "KILL")
    assert signal is not None
    ctr.kill(signal, cancel=ask.cancel)
    return empty()


def rename(on: Engine, ask: Request) -> Response:
    """It has another name."""
    named(on, ask).rename(ask.text("name"))
    return empty()


def wait(on: Engine, ask: Request) -> Response:
    """Its exit code, or -1, once it is in one of the states. The code of one that is gone is known by its id."""
    conditions = [_STATES.get(each, each) for each in ask.texts("condition") if each] or list(_ENDS)
    _check_interval(ask.text("interval"))
    try:
        ctr = named(on, ask)
    except NoSuchContainer:
        name = ask.place("name")
        if not (is_id(name) and set(conditions) <= set(_ENDS)):
            raise
        return _told(_gone(on, name))
    try:
        try:
            code = ctr.wait(conditions, cancel=ask.cancel)
        except NeverStarted:
            code = Waiting(ctr, ctr.snapshot()).code(ask.cancel)
    except ExitCodeUnknown:
        code = None
    return _told(code)


def _gone(on: Engine, id: str) -> int | None:
    try:
        return on.containers.wait_code(id)
    except ExitCodeUnknown:
        return None


def _told(code: int | None) -> Response:
    return plain(f"{_NOBODY_KNOWS if code is None else code}\n")


def _check_interval(said: str) -> None:
    """Nothing is polled here, but a text that is none is refused."""
    try:
        if said and not said.isdecimal():
            read_duration(said)
    except ValueError as problem:
        raise InvalidArgument(str(problem)) from None


def remove(on: Engine, ask: Request) -> Response:
    """It is gone; with `depend` those that need it are gone too."""
    name, force = ask.place("name"), ask.flag("force")
    volumes, seconds = ask.flag("volumes") or ask.flag("v"), patience(ask.number("timeout"))
    try:
        ctr = named(on, ask)
    except RemovalFinished:
        return json([_row(name, name)])
    except NoSuchContainer:
        if ask.flag("ignore"):
            return json([])
        raise
    gone: list[str] = []
    if ask.flag("depend") and ctr.snapshot().facts.role == INFRA:
        gone += _remove_pod_of(on, ctr, seconds)
    else:
        for other in on.containers.dependants(ctr.id) if ask.flag("depend") else ():
            other.remove(force=True, timeout=seconds, volumes=volumes, cancel=ask.cancel)
            gone.append(other.id)
        ctr.remove(force=force, timeout=seconds if force else None, volumes=volumes, cancel=ask.cancel)
        gone.append(ctr.id)
    return json([_row(id, name) for id in gone])


def _row(id: str, said: str) -> dict[str, object]:
    return {"Id": id, "Err": None, "RawInput": said}


def _remove_pod_of(on: Engine, ctr: Container, seconds: int | None) -> list[str]:
    """The pod that this container holds together is gone; the ids of its containers, this one last."""
    pod = on.pods.get(ctr.snapshot().facts.pod)
    members = [each.id for each in pod.containers]
    pod.remove(force=True, timeout=seconds)
    return members[::-1]


def prune_all(on: Engine, ask: Request) -> Response:
    """Those that do not run are gone."""
    return json([
        {"Id": each.id, "Err": None if each.problem is None else str(each.problem), "Size": each.size}
        for each in prune(on, ask.conditions())
    ])


def top(on: Engine, ask: Request) -> Response:
    """Its processes."""
    ctr, words = named(on, ask), " ".join(ask.texts("ps_args")).split()
    return again_and_again(lambda: processes(ctr.top(words)), ask)


def resize(on: Engine, ask: Request) -> Response:
    """Its terminal has another size."""
    ctr = named(on, ask)
    if not (ask.flag("running") and not is_up(ctr.snapshot())):
        ctr.resize(ask.number("h") or 0, ask.number("w") or 0)
    return empty(200)


def mount(on: Engine, ask: Request) -> Response:
    """The path at which its root file system is mounted."""
    return plain(named(on, ask).mount(cancel=ask.cancel) + "\n")


def unmount(on: Engine, ask: Request) -> Response:
    """One mount of its root file system is taken back."""
    named(on, ask).unmount(cancel=ask.cancel)
    return empty()


def show_mounted(on: Engine, ask: Request) -> Response:
    """The paths of all that are mounted, by id."""
    return json({seen.facts.id: seen.state.mountpoint for seen in on.containers.list() if seen.state.mountpoint})


def healthcheck(on: Engine, ask: Request) -> Response:
    """Its health check was run, and this is what came of it."""
    ctr = named(on, ask)
    try:
        health = ctr.run_healthcheck(cancel=ask.cancel)
    except InvalidArgument:
        raise NoHealthcheck(ctr.id) from None
    about = ctr.inspect()["State"]["Health"]
    succeeded = bool(health.results) and health.results[-1].exit_code == 0
    lenient = health.status == STARTING and not health.failing_streak  # in its start period failures do not count
    return json({**about, "Status": "healthy" if succeeded else STARTING if lenient else "unhealthy"})


def should_restart(on: Engine, ask: Request) -> Response:
    """Whether its restart policy is about to start it again."""
    ctr = named(on, ask)
    if not settled(ctr, ask.cancel).state.next_start_at:
        raise NotFound(f"container {ctr.id} is not about to be restarted")
    return empty()


_AT = "/libpod/containers/{name}"
_TIME = (
    number("timeout", about="Seconds until SIGKILL; -1: never; if not given, as the container was created"),
    number("t", about="As timeout"),
)
_IGNORE = flag("ignore", about="A container that does not exist is no error")

ROUTES = (
    Route("GET", f"{_AT}/exists", exists, flag("external"), answer=None, status=204),
    Route("POST", f"{_AT}/init", init, answer=None, status=204, also=(304,)),
    Route("POST", f"{_AT}/start", start, text("detachKeys"), flag("recursive"), answer=None, status=204, also=(304,)),
    Route("POST", f"{_AT}/stop", stop, *_TIME, _IGNORE, flag("Ignore"), flag("all"),
          answer=None, status=204, also=(304,)),
    Route("POST", f"{_AT}/restart", restart, *_TIME, answer=None, status=204),
    Route("POST", f"{_AT}/kill", kill, text("signal"), flag("all"), answer=None, status=204),
    Route("POST", f"{_AT}/pause", pause, answer=None, status=204),
    Route("POST", f"{_AT}/unpause", unpause, answer=None, status=204),
    Route("POST", f"{_AT}/rename", rename, text("name"), answer=None, status=204),
    Route("POST", f"{_AT}/wait", wait, texts("condition"), text("interval"), answer="text"),
    Route("DELETE", _AT, remove, flag("force"), flag("v"), flag("volumes"), flag("depend"), _IGNORE, _TIME[0]),
    Route("POST", "/libpod/containers/prune", prune_all, filters()),
    Route("GET", f"{_AT}/top", top, texts("ps_args", "Columns, or options as of ps(1)"), *STREAM, answer="lines"),
    Route("POST", f"{_AT}/resize", resize, number("h"), number("w"), flag("running"), answer=None),
    Route("POST", f"{_AT}/mount", mount, answer="text"),
    Route("POST", f"{_AT}/unmount", unmount, answer=None, status=204),
    Route("GET", "/libpod/containers/showmounted", show_mounted),
    Route("GET", f"{_AT}/healthcheck", healthcheck),
    Route("GET", f"{_AT}/shouldrestart", should_restart, answer=None, status=204),
)  # fmt: skip
