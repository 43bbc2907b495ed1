"""Docker's filters for images; those of podman's clients are listing's."""

from __future__ import annotations

from contextlib import suppress
from fnmatch import fnmatchcase

from ..errors import InvalidArgument, NoSuchImage
from ..listing.image_filters import matcher
from ..listing.images import repo_digests
from .image_names import find, names_meant, short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..engine import Engine
    from ..model.image import ImageRow

LISTED = frozenset(("before", "dangling", "label", "reference", "since", "until"))
PRUNED = frozenset(("dangling", "label", "label!", "until"))
_LOCAL = "localhost/"


def wanted(
    on: Engine, conditions: Mapping[str, Sequence[str]], known: frozenset[str] = LISTED
) -> Callable[[ImageRow], bool]:
    """Whether an image fits all of the conditions, but for those on its names: shown_names says that.

    Raises: InvalidArgument, NoSuchImage (one that a filter names).
    """
    texts = []
    for key, values in conditions.items():
        if key not in known:
            raise InvalidArgument(f"invalid filter '{key}'")
        if key in ("before", "since"):
            values = [find(on, value).id for value in values]
        if key != "reference":
            texts += [f"{key}={value}" for value in values]
    return matcher(on, texts)


def patterns(on: Engine, images: Sequence[ImageRow], given: Iterable[str]) -> list[str]:
    """What to give to shown_names. One that fits nothing, but by which an image is found, means that image's name."""
    found = []
    every = [short(name) for image in images for name in (*image.names, *repo_digests(image))]
    for text in given:
        found.append(short(text))
        if not any(_fits(name, short(text)) for name in every):
            with suppress(NoSuchImage, InvalidArgument):
                found += map(short, names_meant(find(on, text), text))
    return found


def shown_names(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names as Docker shows them; of an image that patterns were asked for, those that fit one."""
    shorts = [short(name) for name in names]
    return [name for name in shorts if any(_fits(name, each) for each in patterns)] if patterns else shorts


def _fits(name: str, pattern: str) -> bool:
    """Whether the name fits with or without its tag; those made here need not be called localhost's."""
    bare = name.partition("@")[0]
    if ":" in bare.rpartition("/")[2]:
        bare = bare.rpartition(":")[0]
    forms = (form for text in (name, bare) for form in (text, text.removeprefix(_LOCAL)))
    return any(_matches(form, pattern) for form in forms)


def _matches(name: str, pattern: str) -> bool:
    """As Go's path.Match: no wildcard stands for a slash."""
    parts, wanted = name.split("/"), pattern.replace("[^", "[!").split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
