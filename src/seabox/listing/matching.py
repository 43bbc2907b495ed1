"""What the filters of several kinds of objects share."""

from __future__ import annotations

from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeVar

    T = TypeVar("T")


def combined(
    tests: Iterable[tuple[str, Callable[[T], bool]]], *, labels_add_up: bool = False
) -> Callable[[T], bool]:  # fmt: skip
    """Whether all conditions are met: those of one key are alternatives, but for labels if these are to `add_up`."""
    by_key: dict[str, list[Callable[[T], bool]]] = {}
    for key, test in tests:
        by_key.setdefault(key, []).append(test)
    groups = [(all if labels_add_up and key.startswith("label") else any, each) for key, each in by_key.items()]
    return lambda seen: all(combine(test(seen) for test in each) for combine, each in groups)


def pattern(text: str) -> Callable[[str], bool]:
    """Whether the regular expression is found in a text. Raises: InvalidArgument."""
    if text.replace("_", "").replace("-", "").isalnum():
        return lambda name: text in name
    import re

    try:
        expression = re.compile(text)
    except re.error as problem:
        raise InvalidArgument(f"error parsing regexp: {problem}: `{text}`") from None
    return lambda name: expression.search(name) is not None


def label_fits(labels: Mapping[str, str], wanted: str) -> bool:
    """Whether the labels have this key, or this key with this value."""
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)
