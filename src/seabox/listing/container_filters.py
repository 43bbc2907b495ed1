"""--filter for containers: KEY=VALUE conditions on a snapshot.

Conditions of one key are alternatives, those of different keys must all hold; labels must all hold as well.
"""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.containers import exit_code, inspected, labels_of
from seabox.listing.matching import combined, label_fits, pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

    Test = Callable[[Snapshot], bool]

STATES = ("created", "initialized", "running", "stopped", "paused", "exited", "removing", "stopping", "unknown")


def matcher(on: Engine, texts: Iterable[str]) -> Test:
    """Whether a container fits all the conditions. Raises: InvalidArgument (no such condition), NoSuchContainer."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if key.endswith("!"):  # label!=x
            key = key.removesuffix("!") + "!"
        if not equals:
            raise InvalidArgument(f'invalid filter "{text}"')
        if key not in _TESTS:
            raise InvalidArgument(f"{key} is an invalid filter")
        tests.append((key, _TESTS[key](on, value)))
    return combined(tests, labels_add_up=True)


def _name(on: Engine, value: str) -> Test:
    fits = pattern(value.replace("/", ""))  # docker's names begin with one
    return lambda seen: fits(seen.facts.name)


def _id(on: Engine, value: str) -> Test:
    fits = pattern(value)
    return lambda seen: seen.facts.id.startswith(value.lower()) or fits(seen.facts.id)


def _status(on: Engine, value: str) -> Test:
    if value not in STATES:
        raise InvalidArgument(f"unknown container state: {value}: invalid argument")
    return lambda seen: seen.word == value or (value == "stopped" and seen.status == "exited")


def _exited(on: Engine, value: str) -> Test:
    try:
        code = int(value)
    except ValueError:
        raise InvalidArgument(f'exit code out of range "{value}"') from None
    return lambda seen: seen.status in ("exited", "stopped") and exit_code(seen) == code


def _label(on: Engine, value: str) -> Test:
    return lambda seen: label_fits(labels_of(seen), value)


def _no_label(on: Engine, value: str) -> Test:
    return lambda seen: not label_fits(labels_of(seen), value)


def _ancestor(on: Engine, value: str) -> Test:
    id = value.removeprefix("sha256:")

    def fits(seen: Snapshot) -> bool:
        name = seen.facts.image
        bare = name.rpartition("/")[2]
        last, _, tag = bare.partition(":")
        by_id = bool(id) and seen.facts.image_id.startswith(id)
        return value in (name, name.removesuffix(":latest"), bare, last if tag in ("", "latest") else bare) or by_id

    return fits


def _before(on: Engine, value: str) -> Test:
    limit = on.containers.get(value).snapshot().facts.created_at
    return lambda seen: seen.facts.created_at < limit


def _since(on: Engine, value: str) -> Test:
    limit = on.containers.get(value).snapshot().facts.created_at
    return lambda seen: seen.facts.created_at > limit


def _until(on: Engine, value: str) -> Test:
    import time

    from seabox.logs.times import parse_when

    limit = parse_when(value, now=time.time_ns())
    return lambda seen: seen.facts.created_at < limit


def _command(on: Engine, value: str) -> Test:
    fits = pattern(value)
    return lambda seen: fits(seen.facts.command)


def _restart_policy(on: Engine, value: str) -> Test:
    from seabox.spec.resolve import RESTART_POLICIES

    if value not in ("none", *RESTART_POLICIES):
        raise InvalidArgument(f"{value} invalid restart policy")
    value = "no" if value == "none" else value
    return lambda seen: (seen.facts.restart_policy or "no") == (value or "no")


def _pod(on: Engine, value: str) -> Test:
    pods = (pod.facts for pod in on.pods.list() if value)
    ids = {pod.id for pod in pods if pod.name == value or pod.id.startswith(value)}
    return lambda seen: seen.facts.pod in ids


def _health(on: Engine, value: str) -> Test:
    if value not in ("starting", "healthy", "unhealthy", "none"):
        raise InvalidArgument(f"{value} is not a valid health status: starting, healthy, unhealthy or none")
    return lambda seen: (seen.state.health or "none") == value


def _volume(on: Engine, value: str) -> Test:
    source, _, destination = value.partition(":")

    def fits(seen: Snapshot) -> bool:
        mounts = inspected(on, seen).get("Mounts", [])
        return any(
            source in (mount.get("Name"), mount["Source"], mount["Destination"])
            and destination in ("", mount["Destination"])
            for mount in mounts
        )

    return fits


def _network(on: Engine, value: str) -> Test:
    def fits(seen: Snapshot) -> bool:
        about = inspected(on, seen)
        if about.get("HostConfig", {}).get("NetworkMode") == value:
            return True
        joined: dict[str, dict[str, Any]] = about.get("NetworkSettings", {}).get("Networks", {})
        by_id = len(value) > 3 and any(each["NetworkID"].startswith(value) for each in joined.values())
        return value in joined or by_id

    return fits


_TESTS: dict[str, Callable[[Engine, str], Test]] = {
    "ancestor": _ancestor,
    "before": _before,
    "command": _command,
    "exited": _exited,
    "health": _health,
    "id": _id,
    "label": _label,
    "label!": _no_label,
    "name": _name,
    "network": _network,
    "pod": _pod,
    "restart-policy": _restart_policy,
    "since": _since,
    "status": _status,
    "until": _until,
    "volume": _volume,
}
