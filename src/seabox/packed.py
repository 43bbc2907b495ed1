"""The package's compiled modules in one file: a command that loads 160 of them need not look for each, and open it.

Python looks for each module in a directory, compares the times of its source and of the compiled file, opens that and
reads it. Here the times of the source are compared as well, but one file is opened for all. A module that is not in it,
or whose source has changed, is loaded as ever; so is everything where the file cannot be written. It lies among
Python's own compiled files, for the interpreter that made it:

    python -m seabox.packed        # after installing; else the first command writes it
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_PATH = f"{_HERE}/__pycache__/modules.{sys.implementation.cache_tag}.pack"
_LEFT_OUT = ("testing", "service")  # loaded by what runs for long
_NUMBERS = 200  # of descriptors
_HEAD = len(MAGIC_NUMBER) + 8  # bytes before the table: the interpreter's mark, and how long the table is


class Pack:
    """Finds and loads modules of this package from the file, which stays open."""

    def __init__(self, fd: int) -> None:
        """Raises: ValueError, EOFError, TypeError (this is no such file, or another interpreter's), OSError."""
        self._fd = fd
        head = os.pread(fd, _HEAD, 0)
        if head[: len(MAGIC_NUMBER)] != MAGIC_NUMBER:
            raise ValueError("made by another interpreter")
        length = int.from_bytes(head[len(MAGIC_NUMBER) :], "little")
        self._modules: dict[str, tuple[int, int, int, int]] = marshal.loads(os.pread(fd, length, _HEAD))
        self._codes = _HEAD + length
        self.used = self.stale = 0

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        """As importlib.abc.MetaPathFinder has it; None for what is to be loaded as ever."""
        known = self._modules.get(name)
        if known is None:
            return None
        file, package = _source(name, known[0] < 0)
        try:
            found = os.stat(file)
        except OSError:
            found = None
        if found is None or (found.st_mtime_ns, found.st_size) != known[2:]:
            self.stale += 1
            return None
        self.used += 1
        spec: Any = ModuleSpec(name, self, origin=file, is_package=bool(package))  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations.append(package)
        return spec

    def create_module(self, spec: Any) -> ModuleType | None:
        """Python makes the module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Its code has been run."""
        at, length, *_ = self._modules[module.__name__]
        code: CodeType = marshal.loads(os.pread(self._fd, length, self._codes + abs(at) - 1))
        exec(code, module.__dict__)


_pack: Pack | None = None


def use() -> None:
    """Modules of this package that are loaded from now on come out of the file, if it is there."""
    global _pack
    if _pack is not None:
        return
    try:
        fd = _far(os.open(_PATH, os.O_RDONLY | os.O_CLOEXEC))
        _pack = Pack(fd)
    except (OSError, ValueError, EOFError, TypeError):
        return
    sys.meta_path.insert(0, _pack)


def _far(fd: int) -> int:
    """The descriptor, with a number that is none of those which a caller may have passed on."""
    for number in range(_NUMBERS, _NUMBERS + 100):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(fd, number, inheritable=False)
            os.close(fd)
            return number
    return fd


def renew() -> None:
    """The file is there and useful, unless it cannot be written: made if it was missing, or most of it out of date."""
    out_of_date = _pack is None or _pack.stale > _pack.used
    if out_of_date and not sys.dont_write_bytecode and os.access(os.path.dirname(_PATH), os.W_OK):
        from contextlib import suppress

        with suppress(OSError):
            write()


def write() -> None:
    """The file holds every module, compiled. Raises: OSError, SyntaxError."""
    from .kernel import files

    table: dict[str, tuple[int, int, int, int]] = {}
    codes = bytearray()
    for folder, below, names in os.walk(_HERE):
        below[:] = sorted(set(below) - {"__pycache__", *(_LEFT_OUT if folder == _HERE else ())})
        where = os.path.relpath(folder, os.path.dirname(_HERE)).replace("/", ".")
        for each in sorted(names):
            if not each.endswith(".py"):
                continue
            path = f"{folder}/{each}"
            found = os.stat(path)
            with open(path, "rb") as file:
                code = marshal.dumps(compile(file.read(), path, "exec", dont_inherit=True))
            package = each == "__init__.py"
            at = -len(codes) - 1 if package else len(codes) + 1
            name = where if package else f"{where}.{each[:-3]}"
            table[name] = (at, len(code), found.st_mtime_ns, found.st_size)
            codes += code
    listed = marshal.dumps(table)
    files.make_dirs(os.path.dirname(_PATH), 0o755)
    head = MAGIC_NUMBER + len(listed).to_bytes(8, "little")
    files.write_atomic(_PATH, head + listed + bytes(codes), 0o644, durable=False)


def _source(name: str, package: bool) -> tuple[str, str]:
    """The file of a module, and the directory that it is, if it is a package."""
    base = f"{_HERE}{name[name.index('.'):].replace('.', '/')}" if "." in name else _HERE
    return (f"{base}/__init__.py", base) if package else (f"{base}.py", "")


if __name__ == "__main__":
    write()
