"""Networks under both APIs: how Docker's clients call them, and the rows that both tell of."""

from __future__ import annotations

from hashlib import sha256

from ..network.networks import DEFAULT

BRIDGE, HOST, NONE = "bridge", "host", "none"  # those that dockerd has from the start
_DEFAULTS = ("", "default", BRIDGE)


def engine_name(name: str) -> str:
    """What a network, or a mode, of Docker's is called here: `bridge` is the default network; others keep theirs."""
    if name in _DEFAULTS:
        return DEFAULT
    for word in (HOST, NONE):
        if name == mode_id(word):
            return word
    return name


def docker_name(name: str) -> str:
    """What Docker's clients call a network of ours."""
    return BRIDGE if name == DEFAULT else name


def endpoint_id(container: str, network: str) -> str:
    """What Docker's clients call the end of a container in a network, both given by their ids."""
    return sha256(f"endpoint {container} {network}".encode()).hexdigest()


def mode_id(name: str) -> str:
    """The id that the modes `host` and `none` have as networks: the same everywhere."""
    return sha256(f"network {name}".encode()).hexdigest()
