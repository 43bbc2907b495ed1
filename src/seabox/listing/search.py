"""What is told of a repository that a registry found, and the conditions that choose among them."""

from __future__ import annotations

from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.images.search import FoundRepository

    Test = Callable[[FoundRepository], bool]

_SHORT = 44  # characters of a description


def matcher(texts: Iterable[str]) -> Test:
    """Whether a repository fits the conditions, of each key the last. Raises: InvalidArgument."""
    stars, flags = 0, dict[str, bool]()
    for each in texts:
        key, _, value = each.partition("=")
        if key == "stars" and value.isascii() and value.isdecimal():
            stars = int(value)
        elif key in ("is-official", "is-automated") and value in ("", "true", "false"):
            flags[key] = value != "false"
        else:
            raise InvalidArgument(f'invalid filter "{each}": stars=N, is-official or is-automated')
    official, automated = flags.get("is-official"), flags.get("is-automated")
    return lambda found: (
        found.stars >= stars and official in (None, found.official) and automated in (None, found.automated)
    )


def row(found: FoundRepository, *, whole: bool) -> dict[str, object]:
    """What is shown of a repository, under the field names of podman's templates."""
    said = found.description
    return {
        "Index": found.registry, "Name": found.name,
        "Description": said if whole or len(said) <= _SHORT else f"{said[:_SHORT]}...", "Stars": found.stars,
        "Official": "[OK]" if found.official else "", "Automated": "[OK]" if found.automated else "", "Tag": "",
    }  # fmt: skip
