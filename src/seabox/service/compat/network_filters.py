"""The conditions of Docker's lists of networks: labels must all fit, of other keys one value must."""

from __future__ import annotations

import re

from ...errors import InvalidArgument
from ...listing.matching import label_fits
from ...model.literals import read_bool
from ..networks import BUILTIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...engine import Engine
    from ...model.network import Network

    Test = Callable[[Network], bool]


def matcher(on: Engine, asked: dict[str, list[str]]) -> Test:
    """Whether a network, under Docker's name for it, fits. Raises: InvalidArgument."""
    tests = [_test(on, key, values) for key, values in asked.items() if values]
    return lambda network: all(test(network) for test in tests)


def _test(on: Engine, key: str, values: list[str]) -> Test:
    if key == "driver":
        return lambda network: network.driver in values
    if key in ("name", "id"):
        patterns = [_pattern(key, value) for value in values]
        if key == "id":
            return lambda network: any(pattern.search(network.id) for pattern in patterns)
        return lambda network: any(pattern.search(network.name) for pattern in patterns)
    if key == "label":
        return lambda network: all(label_fits(network.labels, value) for value in values)
    if key == "scope":
        return lambda network: "local" in values
    if key == "type":
        for value in values:
            if value not in ("builtin", "custom"):
                raise InvalidArgument(f"invalid filter: 'type'='{value}'")
        return lambda network: ("builtin" if network.name in BUILTIN else "custom") in values
    if key == "dangling":
        if len(values) > 1:
            raise InvalidArgument('got more than one value for filter key "dangling"')
        wanted = _truth(key, values[0])
        return lambda network: (network.name not in BUILTIN and not on.networks.users(network.id)) is wanted
    raise InvalidArgument(f"invalid filter '{key}'")


def _pattern(key: str, value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as problem:
        raise InvalidArgument(f"invalid {key} filter {value!a}: {problem}") from None


def _truth(key: str, value: str) -> bool:
    try:
        return read_bool(value)
    except ValueError:
        raise InvalidArgument(f"invalid value for filter '{key}': {value!a} is neither true nor false") from None
