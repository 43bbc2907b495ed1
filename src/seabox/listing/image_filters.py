"""--filter for images: KEY=VALUE conditions. Those of one key are alternatives, labels and different keys all hold."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.images import labels_of
from seabox.listing.matching import combined, label_fits
from seabox.model.literals import read_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.engine import Engine
    from seabox.model.image import ImageRow

    Test = Callable[[ImageRow], bool]


def matcher(on: Engine, filters: Iterable[str]) -> Test:
    """Whether an image fits all of them. Raises: InvalidArgument, NoSuchImage (one that a filter names)."""
    tests: list[tuple[str, Test]] = []
    for text in filters:
        key, equals, value = text.partition("=")
        if key.endswith("!") and key != "label!":
            raise InvalidArgument(f"invalid filter {text!r}")
        if not equals or key not in _TESTS:
            raise InvalidArgument(f'unsupported image filter "{key}"' if equals else f"invalid image filter {text!r}")
        tests.append((key, _TESTS[key](on, value)))
    return combined(tests, labels_add_up=True)


def _dangling(on: Engine, value: str) -> Test:
    try:
        wanted = read_bool(value)
    except ValueError:
        raise InvalidArgument(f"non-boolean value {value!r} for dangling filter") from None
    return lambda image: (not image.names) is wanted


def _label(on: Engine, value: str) -> Test:
    return lambda image: label_fits(labels_of(image), value)


def _no_label(on: Engine, value: str) -> Test:
    fits = _label(on, value)
    return lambda image: not fits(image)


def _reference(on: Engine, value: str) -> Test:
    from fnmatch import fnmatchcase

    def fits(image: ImageRow) -> bool:
        for name in image.names:
            bare = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
            for text in (name, bare):
                parts = text.split("/")
                if any(fnmatchcase("/".join(parts[at:]), value) for at in range(len(parts))):
                    return True
        return False

    return fits


def _before(on: Engine, value: str) -> Test:
    limit = on.images.find(value).created_at
    return lambda image: image.created_at < limit


def _since(on: Engine, value: str) -> Test:
    limit = on.images.find(value).created_at
    return lambda image: image.created_at > limit


def _until(on: Engine, value: str) -> Test:
    import time

    from seabox.logs.times import parse_when

    limit = parse_when(value, now=time.time_ns())
    return lambda image: image.created_at < limit


def _id(on: Engine, value: str) -> Test:
    return lambda image: image.id.startswith(value.removeprefix("sha256:"))


def _containers(on: Engine, value: str) -> Test:
    return lambda image: bool(not image.is_list and on.images.users(image.id)) is (value == "true")


def _is_list(on: Engine, value: str) -> Test:
    return lambda image: image.is_list is (value == "true")


def _never(on: Engine, value: str) -> Test:
    return lambda image: value == "false"


_TESTS: dict[str, Callable[[Engine, str], Test]] = {
    "after": _since, "before": _before, "containers": _containers, "dangling": _dangling, "id": _id,
    "intermediate": _never, "label": _label, "label!": _no_label, "manifest": _is_list, "readonly": _never,
    "reference": _reference, "since": _since, "until": _until,
}  # fmt: skip
