"""Platforms as docker's clients write them: "linux/arm64/v8", "arm64", "linux"."""

from __future__ import annotations

from ..errors import InvalidArgument

_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris windows".split()
)
_ARCHITECTURES = frozenset((
    "386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 "
    "ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"
).split())  # fmt: skip
_OTHER_WORDS = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386"}


def platform(text: str) -> str:
    """OS/ARCHITECTURE[/VARIANT] as the engine takes it; what is left out is as on this machine; "" for "".

    Raises: InvalidArgument.
    """
    if not text:
        return ""
    words = [_OTHER_WORDS.get(word, word) for word in text.lower().split("/")]
    if len(words) == 1 and words[0] in _ARCHITECTURES:
        words.insert(0, "linux")
    if len(words) > 3 or words[0] not in _SYSTEMS or (len(words) > 1 and words[1] not in _ARCHITECTURES):
        raise InvalidArgument(f'"{text}": unknown operating system or architecture: invalid argument')
    return "/".join(words)
