"""Ids and names of containers."""

from __future__ import annotations

import os

from ..errors import InvalidArgument

_NAME_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_NAME_REST = _NAME_FIRST | frozenset("_.-")
_LEFT = (
    "amber brave brisk calm clear coral deep eager fair fleet gentle golden grand hardy keen kind light lively lucid "
    "merry mild misty noble pearly proud quick quiet rapid salty serene sharp silver steady still sunny swift tidal "
    "true vivid warm wavy wise"
).split()
_RIGHT = (
    "albatross anchor barnacle bay beacon brig buoy cape clipper cod coral cove crab current cutter dolphin dory "
    "eel ferry fjord frigate gull harbor heron isle kelp ketch lagoon lighthouse limpet lobster mast mussel narwhal "
    "orca otter oyster pelican pier plover porpoise puffin reef sail schooner seal shell shoal skiff sloop squid "
    "tern tide trawler urchin walrus whale yawl"
).split()


def new_id() -> str:
    """A fresh container id: 64 lower-case hex digits."""
    return os.urandom(32).hex()


def random_name() -> str:
    """A readable name for a container whose user gave none; not guaranteed to be free."""
    seed = int.from_bytes(os.urandom(4), "little")
    return f"{_LEFT[seed % len(_LEFT)]}_{_RIGHT[seed // len(_LEFT) % len(_RIGHT)]}"


def is_id(text: str) -> bool:
    """Whether `text` is a whole id."""
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)


def check_name(name: str) -> str:
    """`name`, if a container may bear it.

    Raises: InvalidArgument with podman's words otherwise.
    """
    if not name or name[0] not in _NAME_FIRST or not set(name) <= _NAME_REST or len(name) > 253:
        raise InvalidArgument("names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")
    return name
