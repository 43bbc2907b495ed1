"""One path API for everything inside of a container's root: openat2 below an fd, never a path joined from strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from arch.source import Module, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

# what a root file system, or a part of one, is called in the package
ROOTS = {"rootfs", "merged", "mountpoint", "container_root", "root_fd", "upper", "lower", "upper_dir", "merged_dir"}
# (file, function) -> why the joined path is the engine's own
ALLOWED = {
    ("images/diff.py", "lexists"): "one name in a directory of a layer: the last part of a path is not followed",
    ("spec/mounts.py", "lstat"): "one name in the root itself, not followed: is it a directory at all?",
    ("storage/overlay.py", "write_file"): "the probe's own directories, with nothing of an image in them",
    ("storage/overlay.py", "remove_tree"): "the same",
}


def _names(node: ast.AST) -> set[str]:
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
    return found


def _joined(node: ast.AST) -> bool:
    """Whether the expression makes a path below something: an f-string that goes on after it, +, os.path.join."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and "/" in str(part.value) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.Add, ast.Div))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"


def joined_paths(module: Module) -> Iterator[tuple[str, int]]:
    """Each call that is handed a path joined below a container's root: the called function and the line."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function == "join":
            continue
        for argument in node.args:
            if _joined(argument) and _names(argument) & ROOTS:
                yield function, node.lineno


def test_no_path_inside_of_a_root_is_joined_from_strings() -> None:
    strays = [
        f"{module.where}:{line} {function}"
        for module in modules()
        if module.room not in ("cli", "testing")
        for function, line in joined_paths(module)
        if (module.where, function) not in ALLOWED
    ]
    assert strays == []


def test_files_of_a_root_are_opened_by_openat2_alone() -> None:
    """Whatever takes a root goes through `openat2`: no other call of the kernel room resolves a path below one."""
    (files,) = [module for module in modules() if module.where == "kernel/files.py"]
    for node in ast.walk(files.tree):
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_in_root"):
            named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            assert named & {"openat2", "_directory"}, node.name


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("open(f'{rootfs}/etc/passwd')", True),
        ("os.stat(rootfs + '/etc')", True),
        ("os.stat(os.path.join(ctr.mountpoint, name))", True),
        ("open_in_root(rootfs, '/etc/passwd')", False),
        ("open(f'{run_dir}/config.json')", False),
    ],
)
def test_the_rule_sees(text: str, stray: bool) -> None:
    assert bool(list(joined_paths(Module("x.py", "seabox.x", ast.parse(text))))) is stray
