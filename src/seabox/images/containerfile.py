"""What a Containerfile is made from: the images that it names, as far as that can be read off its text."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ARG = re.compile(r"^\s*ARG\s+(.+)$", re.IGNORECASE)
_FROM = re.compile(r"^\s*FROM\s+((?:--\S+\s+)*)(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)", re.IGNORECASE)
_MOUNT = re.compile(r"--mount=\S*?\bfrom=([^,\s]+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


def bases(texts: Iterable[str], arguments: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The images that the stages begin with, and those that files are copied from; no stages, no numbers.

    `arguments`: what --build-arg says. A name with a variable that is not known is left out.
    """
    begun, copied = dict[str, None](), dict[str, None]()
    for text in texts:
        known: dict[str, str] = {}
        stages: set[str] = set()
        seen = False
        for line in text.replace("\\\n", " ").splitlines():
            if not seen and (found := _ARG.match(line)):
                for word in found[1].split():
                    key, _, value = word.partition("=")
                    known[key] = arguments.get(key, value.strip("\"'"))
            elif found := _FROM.match(line):
                seen = True
                name = _replaced(found[2], known)
                if name.lower() not in stages | {"scratch"} and "$" not in name:
                    begun.setdefault(name)
                if found[3]:
                    stages.add(found[3].lower())
            else:
                copied |= dict.fromkeys(_COPY.findall(line) + _MOUNT.findall(line))
        copied = {name: None for name in copied if name.lower() not in stages}
    return list(begun), [name for name in copied if not name.isdecimal() and "$" not in name and name not in begun]


def _replaced(text: str, known: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return known.get(found[1] or found[2]) or (found[3] if found[3] is not None else found[0])

    return _VARIABLE.sub(value, text).strip("\"'")
