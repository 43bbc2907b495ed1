"""--filter for pods: KEY=VALUE conditions on a snapshot; those of one key are alternatives, labels must all hold."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.matching import combined, label_fits, pattern
from seabox.listing.pods import labels_of, networks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.engine import Engine
    from seabox.pods.snapshot import PodSnapshot

    Test = Callable[[PodSnapshot], bool]

_STATUSES = ("created", "stopped", "running", "paused", "exited", "dead", "degraded")
_CTR_STATUSES = ("created", "running", "paused", "stopped", "exited", "unknown")


def matcher(on: Engine, texts: Iterable[str]) -> Test:
    """Whether a pod fits all the conditions. Raises: InvalidArgument (no such condition)."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgument(f"filter input must be in the form of filter=value: {text} is invalid")
        if key not in _TESTS:
            raise InvalidArgument(f"{key} is an invalid filter")
        tests.append((key, _TESTS[key](on, value)))
    return combined(tests, labels_add_up=True)


def _name(on: Engine, value: str) -> Test:
    fits = pattern(value)
    return lambda seen: fits(seen.facts.name)


def _id(on: Engine, value: str) -> Test:
    return lambda seen: seen.facts.id.startswith(value.lower())


def _status(on: Engine, value: str) -> Test:
    if value not in _STATUSES:
        raise InvalidArgument(f"{value} is not a valid pod status")
    return lambda seen: seen.status.lower() == value


def _ctr_names(on: Engine, value: str) -> Test:
    fits = pattern(value)
    return lambda seen: any(fits(each.facts.name) for each in seen.members)


def _ctr_ids(on: Engine, value: str) -> Test:
    return lambda seen: any(each.facts.id.startswith(value.lower()) for each in seen.members)


def _ctr_number(on: Engine, value: str) -> Test:
    try:
        wanted = int(value)
    except ValueError:
        raise InvalidArgument(f'strconv.Atoi: parsing "{value}": invalid syntax') from None
    return lambda seen: len(seen.members) == wanted


def _ctr_status(on: Engine, value: str) -> Test:
    if value not in _CTR_STATUSES:
        raise InvalidArgument(f"{value} is not a valid status")
    return lambda seen: any(each.status == value for each in seen.members)


def _label(on: Engine, value: str) -> Test:
    return lambda seen: label_fits(labels_of(seen), value)


def _no_label(on: Engine, value: str) -> Test:
    return lambda seen: not label_fits(labels_of(seen), value)


def _network(on: Engine, value: str) -> Test:
    network = on.networks.get(value).name
    return lambda seen: network in networks_of(on, seen)


def _until(on: Engine, value: str) -> Test:
    import time

    from seabox.logs.times import parse_when

    limit = parse_when(value, now=time.time_ns())
    return lambda seen: seen.facts.created_at < limit


_TESTS: dict[str, Callable[[Engine, str], Test]] = {
    "ctr-ids": _ctr_ids,
    "ctr-names": _ctr_names,
    "ctr-number": _ctr_number,
    "ctr-status": _ctr_status,
    "id": _id,
    "label": _label,
    "label!": _no_label,
    "name": _name,
    "network": _network,
    "status": _status,
    "until": _until,
}
