"""What the filters of several kinds of objects share."""

from __future__ import annotations

from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
