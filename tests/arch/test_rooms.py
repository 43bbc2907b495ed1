"""Who may import or use what; import-linter keeps the rooms apart, this keeps the outside world in its rooms."""

from __future__ import annotations

import ast

import pytest

from arch.source import SRC, TESTS, imports, modules

LINES_AT_MOST = 400

# library -> the only places that import it
ONLY_IN = {
    "subprocess": ("kernel/",),
    "ctypes": ("kernel/",),
    "fcntl": ("kernel/",),
    "sqlite3": ("state/",),
    "h11": ("service/",),
    "wsproto": ("service/",),
}


def test_a_file_holds_one_idea() -> None:
    """No source file is longer than 400 lines."""
    sizes = {m.where: len((SRC / "seabox" / m.where).read_text().splitlines()) for m in modules()}
    assert {where: lines for where, lines in sizes.items() if lines > LINES_AT_MOST} == {}


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_used_in_one_room(library: str) -> None:
    strays = [
        f"{module.where}:{found.line}"
        for module in modules()
        if not module.where.startswith(ONLY_IN[library])
        for found in imports(module)
        if found.certain and found.name.partition(".")[0] == library
    ]
    assert strays == []


def test_the_environment_is_read_in_one_place() -> None:
    """config.py and cli/ read environment variables; all else is told by EngineConfig."""
    strays = []
    for module in modules():
        if module.where == "config.py" or module.room == "cli":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute):
                names = {node.attr}
            else:
                continue
            if names & {"environ", "environb", "getenv", "getenvb"}:
                strays.append(f"{module.where}:{node.lineno}")
    assert strays == []


def test_no_shell() -> None:
    """No command line passes through a shell."""
    strays = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    assert strays == []


def test_archives_are_never_unpacked_by_tarfile() -> None:
    """tarfile only reads headers and data: it follows links out of its target and drops xattrs."""
    strays = []
    for module in modules():
        uses_tarfile = any(found.name == "tarfile" for found in imports(module))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and (
                node.attr in ("extractall", "unpack_archive") or (uses_tarfile and node.attr == "extract")
            ):
                strays.append(f"{module.where}:{node.lineno}")
    assert strays == []


# file -> why waiting blindly is right there
MAY_SLEEP = {
    "src/seabox/kernel/locks.py": "flock knows no timeout nor poll: a timed wait asks again, ever more rarely",
}


def test_nobody_sleeps_to_wait() -> None:
    """Waiting is for a condition, in the package and in its tests."""
    sleepers = {}
    for path in sorted([*(SRC / "seabox").rglob("*.py"), *TESTS.rglob("*.py")]):
        where = path.relative_to(SRC.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = {f"{node.value.id}.{node.attr}"}
            elif isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
            else:
                continue
            if names & {"time.sleep", "asyncio.sleep"}:
                sleepers[where] = node.lineno
    assert sleepers.keys() == MAY_SLEEP.keys(), sleepers


def test_an_operation_reads_as_it_happens() -> None:
    """Each function of lifecycle.py is given a locked container, says what is true afterwards, and fits on a screen."""
    tree = ast.parse((SRC / "seabox/container/lifecycle.py").read_text())
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    assert {"init", "start", "stop", "kill", "restart", "pause", "unpause"} <= {each.name for each in functions}
    for each in functions:
        first = each.args.args[0]
        assert (first.arg, ast.unparse(first.annotation or ast.Constant(None))) == ("ctr", "Locked"), each.name
        assert each.name.startswith("_") or ast.get_docstring(each), each.name
        assert (each.end_lineno or 0) - each.lineno < 40, each.name
