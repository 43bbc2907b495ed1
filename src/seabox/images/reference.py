"""Names of images: what people type, and what is stored.

Stored names are complete: "docker.io/library/busybox:latest". What is typed may leave out the registry and the tag.
"""

from __future__ import annotations

from ..errors import InvalidArgument

DEFAULT_TAG = "latest"
LOCAL = "localhost"  # the registry of what was made here
_HUB = "docker.io"

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_HEX = frozenset("0123456789abcdef")
_WORD = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_HOST = _WORD - {"_"} | frozenset(".-")


class Reference:
    """A name taken apart; registry "" = none was given. Either tag or digest ("sha256:...") is set."""

    __slots__ = ("digest", "registry", "repository", "tag")

    def __init__(self, registry: str, repository: str, tag: str, digest: str) -> None:
        self.registry, self.repository, self.tag, self.digest = registry, repository, tag, digest

    def __str__(self) -> str:
        return self.at(self.registry)

    def at(self, registry: str) -> str:
        """The name with this registry."""
        place = f"{registry}/{self.repository}" if registry else self.repository
        return f"{place}@{self.digest}" if self.digest else f"{place}:{self.tag}"


def parse(text: str) -> Reference:
    """`text` taken apart; without tag and digest the tag is "latest"; with both the digest counts.

    Raises: InvalidArgument if it cannot be the name of an image.
    """
    rest, at, digest = text.partition("@")
    if at and not _is_digest(digest):
        raise _invalid(text, "the digest must be sha256: and 64 hex digits")
    registry, slash, repository = rest.partition("/")
    if not slash or not looks_like_host(registry):
        registry, repository = "", rest
    repository, colon, tag = repository.partition(":")
    if colon and not _is_tag(tag):
        raise _invalid(text, "the tag must be up to 128 letters, digits, '_', '.' and '-'")
    if registry and not _is_host(registry):
        raise _invalid(text, "the registry is not a host name")
    for part in repository.split("/"):
        if not _is_component(part):
            raise _invalid(text, "repository name must be lowercase" if _is_component(part.lower()) else "")
    if len(registry) + len(repository) > 254:
        raise _invalid(text, "repository name must not be more than 255 characters")
    if registry in (_HUB, f"index.{_HUB}"):
        registry = _HUB
        repository = repository if "/" in repository else f"library/{repository}"
    return Reference(registry, repository, "" if digest else tag or DEFAULT_TAG, digest)


def looks_like_host(text: str) -> bool:
    """Whether the first part of a name is meant to be a registry."""
    return text == LOCAL or "." in text or ":" in text


def require_host(text: str) -> None:
    """Nothing, for a host with or without a port. Raises: InvalidArgument."""
    if not _is_host(text):
        raise InvalidArgument(f"{text!a} is not the name of a registry")


def candidates(text: str) -> tuple[str, ...]:
    """The complete names that `text` may mean in the local store, the likeliest first.

    Raises: InvalidArgument as `parse`.
    """
    found = parse(text)
    if found.registry:
        return (str(found),)
    return found.at(LOCAL), str(parse(f"{_HUB}/{found}"))


def local_name(text: str) -> str:
    """The complete name that an image made here and called `text` gets: in "localhost" if no registry is said.

    Raises: InvalidArgument as `parse`, or if `text` has a digest, which nobody can choose.
    """
    found = parse(text)
    if found.digest:
        raise _invalid(text, "a name that is given to an image cannot have a digest")
    return found.at(found.registry or LOCAL)


def _invalid(text: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"{text!r}: invalid reference format" + (f": {why}" if why else ""))


def _is_digest(text: str) -> bool:
    algorithm, _, digits = text.partition(":")
    return algorithm == "sha256" and len(digits) == 64 and set(digits) <= _HEX


def _is_tag(text: str) -> bool:
    return 0 < len(text) <= 128 and text[0] in _WORD and set(text) <= _WORD | {".", "-"}


def _is_host(text: str) -> bool:
    host, colon, port = text.partition(":")
    labels_fine = all(part and set(part) <= _HOST and "-" not in (part[0], part[-1]) for part in host.split("."))
    return labels_fine and (not colon or (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16))


def _is_component(text: str) -> bool:
    """Lower-case words with one ".", one or two "_", or any number of "-" between them."""
    separator = ""
    for character in text:
        if character in _LOWER:
            if separator not in ("", ".", "_", "__") and separator.strip("-"):
                return False
            separator = ""
        elif character in "._-":
            separator += character
        else:
            return False
    return bool(text) and text[0] in _LOWER and not separator
