"""--filter for networks: conditions of one key are alternatives; labels, and those of different keys, all hold."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.matching import combined, label_fits
from seabox.model.literals import read_bool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.model.network import Network
    from seabox.network.networks import Networks

    Test = Callable[[Network], bool]


def matcher(texts: Iterable[str], networks: Networks | None = None) -> Test:
    """Whether a network fits the conditions; without `networks` none may ask what dangles. Raises: InvalidArgument."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, _, value = text.partition("=")
        test = _dangling(value, networks) if key.lower() == "dangling" and networks else _test(key.lower(), value)
        tests.append((key.lower(), test))
    return combined(tests, labels_add_up=True)


def _dangling(value: str, networks: Networks) -> Test:
    """Whether a prune would remove the network, or not. Raises: InvalidArgument."""
    from seabox.network.networks import DEFAULT

    try:
        wanted = read_bool(value)
    except ValueError as problem:
        raise InvalidArgument(f"invalid dangling filter value {value!a}: {problem}") from None
    return lambda network: (network.name != DEFAULT and not networks.users(network.id)) is wanted


def _test(key: str, value: str) -> Test:
    if key == "name":
        import re

        try:
            pattern = re.compile(value)
        except re.error as problem:
            raise InvalidArgument(f"invalid name filter {value!a}: {problem}") from None
        return lambda network: bool(pattern.search(network.name))
    if key == "id":
        return lambda network: network.id.startswith(value)
    if key == "driver":
        return lambda network: network.driver == value
    if key in ("label", "label!"):
        return lambda network: (key == "label") is label_fits(network.labels, value)
    if key == "until":
        import time

        from seabox.logs.times import parse_when

        moment = parse_when(value, now=time.time_ns())
        return lambda network: network.created_at < moment
    raise InvalidArgument(f'invalid filter "{key}"')
