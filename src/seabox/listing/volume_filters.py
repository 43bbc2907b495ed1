"""--filter for volumes: conditions of one key are alternatives, those of different keys must all hold."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.matching import combined, label_fits, pattern
from seabox.model.literals import read_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.engine import Engine
    from seabox.model.volume import Volume

    Test = Callable[[Volume], bool]


def matcher(on: Engine, texts: Iterable[str]) -> Test:
    """Whether a volume fits the conditions. Raises: InvalidArgument (no such condition), NoSuchVolume."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgument(f"filter input must be in the form of filter=value: {text} is invalid")
        tests.append((key.lower(), _test(on, key.lower(), value)))
    return combined(tests)


def _test(on: Engine, key: str, value: str) -> Test:
    if key == "name":
        fits = pattern(value)
        return lambda volume: fits(volume.name)
    if key == "driver":
        return lambda volume: volume.driver == value
    if key == "scope":
        return lambda volume: value == "local"
    if key in ("label", "label!"):
        return lambda volume: (key == "label") is label_fits(volume.labels, value)
    if key == "opt":
        return lambda volume: label_fits(volume.options, value)
    if key in ("dangling", "anonymous"):
        try:
            wanted = read_bool(value)
        except ValueError:
            why = f'"{value}" is not a valid value for the "{key}" filter - must be true or false'
            raise InvalidArgument(why) from None
        if key == "anonymous":
            return lambda volume: volume.anonymous is wanted
        return lambda volume: (not volume.users) is wanted
    if key == "until":
        import time

        from seabox.logs.times import parse_when

        moment = parse_when(value, now=time.time_ns())
        return lambda volume: volume.created_at < moment
    if key in ("after", "since"):
        other = on.volumes.get(value)
        return lambda volume: volume.created_at > other.created_at
    raise InvalidArgument(f'"{key}" is an invalid volume filter')
