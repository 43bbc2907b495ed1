"""What changes the world outside the process happens in kernel/, in functions that crash tests can stop at."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from arch.source import Function, Module, Scope, inside, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

# module -> its functions that change something outside this process
EFFECTS = {
    "os": {
        "chflags", "chmod", "chown", "chroot", "copy_file_range", "execl", "execle", "execlp", "execlpe", "execv",
        "execve", "execvp", "execvpe", "fchmod", "fchown", "fork", "forkpty", "ftruncate", "kill", "killpg", "lchmod",
        "lchown", "link", "makedirs", "mkdir", "mkfifo", "mknod", "popen", "posix_fallocate", "posix_spawn",
        "posix_spawnp", "remove", "removedirs", "removexattr", "rename", "renames", "replace", "rmdir", "setns",
        "setxattr", "spawnl", "spawnv", "spawnve", "symlink", "system", "truncate", "unlink", "unshare", "utime",
        "O_CREAT", "O_TRUNC", "O_TMPFILE",
    },
    "signal": {"pidfd_send_signal"},
    "subprocess": {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"},
    "shutil": {"chown", "copy", "copy2", "copyfile", "copymode", "copystat", "copytree", "move", "rmtree"},
    "tempfile": {"NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "mkdtemp", "mkstemp"},
}  # fmt: skip

# (file, what) -> why it needs no mark
ALLOWED: dict[tuple[str, str], str] = {
    ("testing/killpoints.py", "os.fork"): "a crash test dies in a child",
    ("testing/killpoints.py", "os.kill"): "and kills itself there",
}


def effects_in(module: Module) -> Iterator[tuple[str, int, tuple[Scope, ...]]]:
    """Each use (a call or a mere mention) of an effect: its name, its line, what it stands in."""
    for node, around in inside(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in EFFECTS.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}", node.lineno, around
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in EFFECTS.get(node.module or "", ()):
                    yield f"{node.module}.{alias.name}", node.lineno, around
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
            if any(not isinstance(mode, ast.Constant) or set("wax+") & set(str(mode.value)) for mode in modes):
                yield "open for writing", node.lineno, around


def marked(function: Function) -> bool:
    """Whether the function bears @effect("name")."""
    return any(
        isinstance(mark, ast.Call)
        and (mark.func.attr if isinstance(mark.func, ast.Attribute) else getattr(mark.func, "id", "")) == "effect"
        for mark in function.decorator_list
    )


def covered(module: Module) -> set[Scope]:
    """What only runs under a mark: marked functions, and private functions and classes used by nothing but those."""
    scopes: set[Scope] = {node for node in ast.walk(module.tree) if isinstance(node, Scope)}
    found: set[Scope] = {scope for scope in scopes if isinstance(scope, Function) and marked(scope)}
    uses: dict[str, list[tuple[Scope, ...]]] = {}
    for node, around in inside(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses.setdefault(node.id, []).append(around)
        elif isinstance(node, ast.Attribute):
            uses.setdefault(node.attr, []).append(around)
    grew = True
    while grew:
        grew = False
        for scope in scopes - found:
            users = [around for around in uses.get(scope.name, []) if scope not in around]
            private = scope.name.startswith("_") and not scope.name.startswith("__")
            if private and users and all(found.intersection(around) for around in users):
                found.add(scope)
                grew = True
    return found


def unmarked(module: Module) -> list[str]:
    """The effects in a module that no mark covers. Open flags that only get a name are none yet."""
    under_a_mark = covered(module)
    return [
        f"{module.where}:{line} {what}"
        for what, line, around in effects_in(module)
        if not under_a_mark.intersection(around)
        and not (what.startswith("os.O_") and not around)
        and (module.where, what) not in ALLOWED
    ]


def test_only_the_kernel_room_has_effects() -> None:
    strays = [
        f"{module.where}:{line} {what}"
        for module in modules()
        if module.room != "kernel"
        for what, line, _ in effects_in(module)
        if (module.where, what) not in ALLOWED
    ]
    assert strays == []


def test_every_effect_is_marked() -> None:
    """A crash test can stop before and after each of them."""
    assert [stray for module in modules() if module.room == "kernel" for stray in unmarked(module)] == []


def test_the_exceptions_are_still_needed() -> None:
    used = {(module.where, what) for module in modules() for what, _, _ in effects_in(module)}
    assert set(ALLOWED) - used == set()


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("def f(p):\n    os.unlink(p)", True),
        ("@effect('unlink')\ndef f(p):\n    os.unlink(p)", False),
        ("@effect('unlink')\ndef f(p):\n    _g(p)\ndef _g(p):\n    os.unlink(p)", False),
        ("@effect('unlink')\ndef f(p):\n    _g(p)\ndef h(p):\n    _g(p)\ndef _g(p):\n    os.unlink(p)", True),
        ("def f(stack, p):\n    stack.callback(os.rmdir, p)", True),
        ("def f(p):\n    open(p, 'w')", True),
        ("def f(p):\n    open(p, 'rb')\n    open(p)", False),
        ("@effect('copy')\ndef f(p):\n    _C().g(p)\nclass _C:\n    def g(self, p):\n        os.link(p, p)", False),
        ("class C:\n    def g(self, p):\n        os.link(p, p)", True),
        ("from os import rename", True),
        ("def f(p):\n    os.open(p, os.O_WRONLY | os.O_CREAT)", True),
    ],
)
def test_the_rule_sees(text: str, stray: bool) -> None:
    """The rule itself works."""
    assert bool(unmarked(Module("kernel/x.py", "seabox.kernel.x", ast.parse(text)))) is stray
