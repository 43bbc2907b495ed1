"""Short names: which registries a name without one may mean, by the host's registries.conf."""

from __future__ import annotations

import os

import msgspec

from ..errors import InvalidArgument, NoSuchImage
from ..model.decoding import convert
from .reference import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


class UnresolvedName(NoSuchImage):
    """Nothing here says in which registry an image without one in its name is."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        text = f'short-name "{name}" did not resolve to an alias and no unqualified-search registries are defined'
        self.args = (f'{text} in "{path}": image not known',)


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one registry, or of a part of one."""

    prefix: str
    location: str
    insecure: bool
    blocked: bool
    mirrors: tuple[str, ...]


class Registries:
    """What the files say; `files` are TOML, later ones win, a directory stands for its *.conf."""

    __slots__ = ("_files",)

    def __init__(self, files: Sequence[str]) -> None:
        self._files = tuple(files)

    def resolve(self, name: Reference) -> tuple[list[str], str]:
        """The complete names that a name may mean, and the file whose alias it is ("" if it is none).

        Raises: UnresolvedName if nothing says what a name without a registry means, InvalidArgument for bad files.
        """
        if name.registry:
            return [str(name)], ""
        search: list[str] = []
        alias, place = "", ""
        for path, tables in self._tables():
            search = _strings(tables.get("unqualified-search-registries"), search)
            aliases = tables.get("aliases")
            if isinstance(aliases, dict) and isinstance(found := aliases.get(name.repository), str):
                alias, place = found, path
        if alias:
            return [f"{alias}@{name.digest}" if name.digest else f"{alias}:{name.tag}"], place
        if not search:
            raise UnresolvedName(str(name).removesuffix(":latest"), self._files[0] if self._files else "")
        from .reference import parse

        return [str(parse(name.at(registry))) for registry in search], ""

    def search(self) -> list[str]:
        """The registries in which a name without one is looked for. Raises: InvalidArgument for bad files."""
        found: list[str] = []
        for _, tables in self._tables():
            found = _strings(tables.get("unqualified-search-registries"), found)
        return found

    def insecure(self, registry: str) -> bool:
        """Whether the registry may be reached without a certificate that holds. Raises: InvalidArgument."""
        found = False
        for each in self._entries():
            if registry in (each.get("location"), each.get("prefix")):
                found = each.get("insecure") is True
        return found

    def configured(self) -> list[Configured]:
        """The registries that the files say something of, by prefix. Raises: InvalidArgument for bad files."""
        found: dict[str, Configured] = {}
        for each in self._entries():
            location, prefix = _word(each.get("location")), _word(each.get("prefix"))
            if name := prefix or location:
                mirrors = each.get("mirror")
                found[name] = Configured(
                    prefix=name, location=location or name, insecure=each.get("insecure") is True,
                    blocked=each.get("blocked") is True,
                    mirrors=tuple(
                        word for mirror in (mirrors if isinstance(mirrors, list) else ())
                        if isinstance(mirror, dict) and (word := _word(mirror.get("location")))
                    ),
                )  # fmt: skip
        return [found[name] for name in sorted(found)]

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        """The tables [[registry]]."""
        for _, tables in self._tables():
            entries = tables.get("registry")
            yield from (each for each in (entries if isinstance(entries, list) else ()) if isinstance(each, dict))

    def _tables(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        import tomllib

        for place in self._files:
            paths = [place]
            if os.path.isdir(place):
                paths = [f"{place}/{name}" for name in sorted(os.listdir(place)) if name.endswith(".conf")]
            for path in paths:
                try:
                    with open(path, "rb") as file:
                        yield path, tomllib.load(file)
                except FileNotFoundError:
                    continue
                except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
                    raise InvalidArgument(f"loading registries configuration {path}: {problem}") from None


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object, otherwise: list[str]) -> list[str]:
    try:
        return otherwise if value is None else convert(value, list[str])
    except msgspec.ValidationError:
        raise InvalidArgument("unqualified-search-registries must be a list of registries") from None
