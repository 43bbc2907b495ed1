"""Pods as podman's own API makes, lists, shows, moves and removes them."""

from __future__ import annotations

from contextlib import suppress

from ...errors import Conflict, InvalidArgument, NoSuchPod, NotFound, Unsupported
from ...listing.pod_filters import matcher
from ...listing.pods import json_row, sparse
from ...listing.stats import pod_row
from ...pods.errors import MembersFailed
from ..lifecycle import STREAM, again_and_again, patience, processes, signal_in
from ..response import Response, empty, json
from ..routing import Route, filters, flag, number, text, texts
from .pod_spec import PodSpecGenerator, asked_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...container.stats import Stats
    from ...engine import Engine
    from ...pods.pod import Pod
    from ..request import Request


def _named(on: Engine, ask: Request) -> Pod:
    return on.pods.get(ask.place("name"))


def create(on: Engine, ask: Request) -> Response:
    """A pod is there, none of it running."""
    spec = ask.json(PodSpecGenerator)
    try:
        pod = on.pods.create(spec.name or None, **asked_for(spec))
    except Unsupported as problem:  # it is the request that asks for it
        raise InvalidArgument(str(problem)) from None
    return json({"Id": pod.id}, 201)


def list_(on: Engine, ask: Request) -> Response:
    """Those that the conditions fit, the oldest first."""
    fits = matcher(on, ask.conditions())
    return json([json_row(on, seen) for seen in on.pods.list() if fits(seen)])


def inspect(on: Engine, ask: Request) -> Response:
    """All that is known of a pod."""
    return json(sparse(_named(on, ask).inspect()))


def exists(on: Engine, ask: Request) -> Response:
    """Whether there is such a pod."""
    _named(on, ask)
    return empty()


def start(on: Engine, ask: Request) -> Response:
    """All of it runs."""
    pod = _named(on, ask)
    if pod.status == "Running":
        return empty(304)
    return _moved(ask, pod, lambda: pod.start(cancel=ask.cancel))


def stop(on: Engine, ask: Request) -> Response:
    """None of it runs."""
    pod, seconds = _named(on, ask), patience(ask.number("timeout" if ask.given("timeout") else "t"))
    if pod.status not in ("Running", "Degraded", "Paused"):
        return empty(304)
    return _moved(ask, pod, lambda: pod.stop(seconds, cancel=ask.cancel))


def restart(on: Engine, ask: Request) -> Response:
    """All of it runs anew."""
    pod = _named(on, ask)
    return _moved(ask, pod, lambda: pod.restart(cancel=ask.cancel))


def kill(on: Engine, ask: Request) -> Response:
    """The first process of each of its containers has got the signal."""
    signal = signal_in(ask.text("signal") or "KILL")
    assert signal is not None
    pod = _named(on, ask)
    if pod.status not in ("Running", "Degraded"):
        raise Conflict(f"cannot kill a pod with no running containers: {pod.id}")
    return _moved(ask, pod, lambda: pod.kill(signal, cancel=ask.cancel))


def pause(on: Engine, ask: Request) -> Response:
    """All of it is frozen."""
    pod = _named(on, ask)
    return _moved(ask, pod, pod.pause)


def unpause(on: Engine, ask: Request) -> Response:
    """None of it is frozen."""
    pod = _named(on, ask)
    return _moved(ask, pod, pod.unpause)


def _moved(ask: Request, pod: Pod, move: Callable[[], object]) -> Response:
    """What came of it: 409 and every reason if some containers stayed where they were."""
    failed: list[str] | None = None
    try:
        move()
    except MembersFailed as problem:
        failed = [f"{problem.doing} container {id}: {cause}" for id, cause in problem.causes.items()]
    about = {"Errs": failed, "Id": pod.id, "RawInput": ask.place("name")}
    return json(about, 200 if failed is None else 409)


def remove(on: Engine, ask: Request) -> Response:
    """It is gone, with its containers."""
    seconds, force = patience(ask.number("timeout")), ask.flag("force")
    try:
        pod = _named(on, ask)
        members = [each.id for each in pod.containers]
        pod.remove(force=force, timeout=seconds, cancel=ask.cancel)
    except NoSuchPod:
        if not ask.flag("ignore"):
            raise
        return json({"Err": None, "Id": ask.place("name"), "RemovedCtrs": {}})
    return json({"Err": None, "Id": pod.id, "RemovedCtrs": dict.fromkeys(members)})


def prune(on: Engine, ask: Request) -> Response:
    """Those whose containers have all ended are gone."""
    return json([{"Err": None, "Id": id} for id in on.pods.prune(matcher(on, ask.conditions()))])


def top(on: Engine, ask: Request) -> Response:
    """The processes of all its containers."""
    pod, words = _named(on, ask), " ".join(ask.texts("ps_args")).split()
    return again_and_again(lambda: processes(pod.top(words)), ask)


def stats(on: Engine, ask: Request) -> Response:
    """What the containers of pods use of the machine: of those named, or of `all`, or of those that run."""
    names = [name for name in ask.texts("namesOrIDs") if name]
    if names and ask.flag("all"):
        raise InvalidArgument("all and namesOrIDs cannot be used together")
    before: dict[str, Stats] = {}

    def look() -> list[dict[str, str]]:
        pods = [_for_stats(on, name) for name in names] or _all_pods(on, running=not ask.flag("all"))
        found = [(pod.id, each) for pod in pods for each in _stats_of(pod)]
        rows = [pod_row(id, each, before.get(each.id)) for id, each in found]
        before.update({each.id: each for _, each in found})
        return [{key: str(value) for key, value in row.items()} for row in rows]

    return again_and_again(look, ask)


def _for_stats(on: Engine, name: str) -> Pod:
    try:
        return on.pods.get(name)
    except NoSuchPod as missing:
        missing.args = (f"unable to get list of pods: {missing}",)
        raise


def _all_pods(on: Engine, *, running: bool) -> list[Pod]:
    found = []
    for seen in on.pods.list():
        with suppress(NoSuchPod):  # gone meanwhile
            if not running or seen.status == "Running":
                found.append(on.pods.get(seen.facts.id))
    return found


def _stats_of(pod: Pod) -> list[Stats]:
    try:
        return pod.stats()
    except NotFound:  # gone meanwhile
        return []


_AT = "/libpod/pods/{name}"

ROUTES = (
    Route("POST", "/libpod/pods/create", create, body=PodSpecGenerator, status=201),
    Route("GET", "/libpod/pods/json", list_, filters()),
    Route("GET", f"{_AT}/json", inspect),
    Route("GET", f"{_AT}/exists", exists, answer=None, status=204),
    Route("POST", f"{_AT}/start", start, also=(304,)),
    Route("POST", f"{_AT}/stop", stop, number("t", about="Seconds until SIGKILL; -1: never"),
          number("timeout", about="As t"), also=(304,)),
    Route("POST", f"{_AT}/restart", restart),
    Route("POST", f"{_AT}/kill", kill, text("signal", about="The signal to send, by name or number")),
    Route("POST", f"{_AT}/pause", pause),
    Route("POST", f"{_AT}/unpause", unpause),
    Route("DELETE", _AT, remove, flag("force"), flag("ignore"), number("timeout")),
    Route("POST", "/libpod/pods/prune", prune, filters()),
    Route("GET", f"{_AT}/top", top, texts("ps_args", "Columns, or options as of ps(1)"), *STREAM,
          answer="lines"),
    Route("GET", "/libpod/pods/stats", stats, texts("namesOrIDs"), flag("all"), *STREAM, answer="lines"),
)  # fmt: skip
