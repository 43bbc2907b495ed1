"""The package as syntax: every module parsed once, for rules that are about the text and not about a run."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
SRC = REPOSITORY / "src"
TESTS = REPOSITORY / "tests"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.ClassDef


class Module(NamedTuple):
    """One parsed file. `where` is its path inside the package ("kernel/files.py"), `name` what one imports."""

    where: str
    name: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The directory below the package the file is in, "" for one at the top."""
        return self.where.rpartition("/")[0].partition("/")[0]

    @property
    def package(self) -> str:
        """What `from . import` in it refers to."""
        return self.name if self.where.endswith("__init__.py") else self.name.rpartition(".")[0]


class Import(NamedTuple):
    """One imported module; of `from a import b` both a and a.b, because b may be a module."""

    name: str
    line: int
    certain: bool  # False for the a.b of `from a import b`


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, by path."""
    found = []
    for path in sorted((SRC / "seabox").rglob("*.py")):
        where = path.relative_to(SRC / "seabox").as_posix()
        name = ".".join(("seabox", *where.removesuffix(".py").split("/"))).removesuffix(".__init__")
        found.append(Module(where, name, ast.parse(path.read_text(), str(path))))
    return tuple(found)


@cache
def by_name() -> dict[str, Module]:
    """The same by dotted name."""
    return {module.name: module for module in modules()}


def imported(module: Module, node: ast.stmt) -> Iterator[Import]:
    """What one statement imports, relative names resolved."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, certain=True)
    elif isinstance(node, ast.ImportFrom):
        parts = module.package.split(".")
        base = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        yield Import(source, node.lineno, certain=True)
        for alias in node.names:
            yield Import(f"{source}.{alias.name}", node.lineno, certain=False)


def imports(module: Module) -> Iterator[Import]:
    """Every import of a module, wherever it stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.stmt):
            yield from imported(module, node)


def imports_at_load(module: Module) -> Iterator[Import]:
    """The imports that loading the module carries out: not those in functions or for the type checker only."""

    def walk(body: list[ast.stmt]) -> Iterator[Import]:
        for node in body:
            if isinstance(node, Function) or (isinstance(node, ast.If) and _for_types_only(node.test)):
                yield from walk(node.orelse) if isinstance(node, ast.If) else ()
                continue
            yield from imported(module, node)
            for field in ("body", "orelse", "finalbody"):
                yield from walk(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from walk(handler.body)

    return walk(module.tree.body)


def _for_types_only(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def inside(tree: ast.Module) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
    """Each node with the functions and classes it stands in, outermost first; a decorator stands outside."""

    def walk(node: ast.AST, around: tuple[Scope, ...]) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
        yield node, around
        for field, value in ast.iter_fields(node):
            deeper = (*around, node) if isinstance(node, Scope) and field == "body" else around
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, deeper)

    return walk(tree, ())
