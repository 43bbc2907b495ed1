"""The processes that must start in milliseconds load nothing heavy: `ps`, `inspect`, the exit command of conmon."""

from __future__ import annotations

import subprocess
import sys

import pytest

from arch.source import SRC, Module, by_name, imports_at_load, modules

# What hot modules may load. The rest is imported in the function that needs it.
CHEAP = {
    "__future__", "_thread", "_weakrefset", "array", "binascii", "contextlib", "ctypes", "enum", "errno", "fcntl",
    "functools", "grp", "io", "itertools", "math", "operator", "os", "posixpath", "pwd", "resource", "select", "signal",
    "socket", "sqlite3", "stat", "struct", "sys", "termios", "threading", "time", "types", "zlib",
}  # fmt: skip

# A file, or a room with all its files. Of container/, the files on the way of the exit command.
HOT = (
    "__init__.py", "errors.py", "diagnostics.py", "config.py", "model/record.py", "kernel/", "state/", "storage/",
    "oci/", "events/", "attendants/", "cli/main.py", "cli/flags.py", "cli/output.py", "container/guard.py",
    "container/sync.py", "container/cleanup.py", "network/stack.py", "network/netavark.py",
    "network/netns.py", "network/modes.py",
)  # fmt: skip

# What no process made of hot modules may have loaded, directly or by way of another library.
HEAVY = {
    "argparse", "ast", "asyncio", "dataclasses", "datetime", "email", "hashlib", "http", "importlib.metadata",
    "inspect", "json", "logging", "msgspec", "pathlib", "random", "re", "shutil", "subprocess", "tarfile",
    "tempfile", "tomllib", "traceback", "typing", "urllib", "uuid",
}  # fmt: skip


def hot() -> list[Module]:
    """The hot modules that exist."""
    return [m for m in modules() if m.where in HOT or m.where.startswith(tuple(h for h in HOT if h.endswith("/")))]


def load(module: Module) -> set[str]:
    """The names of the package's modules that importing one loads, itself and its packages included."""
    found: set[str] = set()
    todo = [module.name]
    while todo:
        name = todo.pop()
        if name in found or name not in by_name():
            continue
        found.add(name)
        todo.append(name.rpartition(".")[0])
        todo += [found_import.name for found_import in imports_at_load(by_name()[name])]
    return found


@pytest.mark.parametrize("module", hot(), ids=lambda m: m.where)
def test_a_hot_module_loads_only_what_is_cheap(module: Module) -> None:
    """Neither the module nor any other of ours it loads imports what is not on the list."""
    strays = [
        f"{name}:{found.line} {found.name}"
        for name in sorted(load(module))
        for found in imports_at_load(by_name()[name])
        if found.certain and found.name.partition(".")[0] != "seabox" and found.name not in CHEAP
    ]
    assert strays == []


def loaded_by(names: list[str]) -> set[str]:
    """The modules a new interpreter has after importing these, by a launcher's flags."""
    program = f"import sys; sys.path.append({str(SRC)!r}); import {', '.join(names)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_a_process_of_hot_modules_is_light() -> None:
    names = [module.name for module in hot()]
    database = {m.name for m in modules() if any(found.name == "sqlite3" for found in imports_at_load(m))}
    without = [name for name in names if not database & load(by_name()[name])]
    assert loaded_by(without) & HEAVY == set()
    assert loaded_by(names) & HEAVY <= {"datetime"}  # sqlite3 itself imports it


def test_the_public_names_load_nothing() -> None:
    """`import seabox` alone costs nothing (PEP 562)."""
    assert {name for name in loaded_by(["seabox"]) if name.startswith("seabox.")} == set()
