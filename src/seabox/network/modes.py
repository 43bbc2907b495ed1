"""What a container may have in place of networks of its own; light, for every container passes here."""

from __future__ import annotations

MODES = ("none", "host", "private", "container", "ns", "slirp4netns", "pasta")


def words_of(network: str | tuple[str, ...] | None, default: str) -> tuple[str, ...]:
    """What was asked for, one word per network; a comma between plain names counts as well."""
    given = (network,) if isinstance(network, str) else network or ()
    found: list[str] = []
    for text in given:
        found += [text] if ":" in text else text.split(",")
    return tuple(found) or (default,)


def is_mode(word: str) -> bool:
    """Whether the word is a way to have no network, or somebody else's."""
    return word.partition(":")[0] in MODES
