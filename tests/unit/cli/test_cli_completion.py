"""Completion by cobra's protocol, as far as it needs no engine; and the scripts, in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seabox.cli.completion import answer
from seabox.cli.completion.position import find
from seabox.cli.completion.shells import SCRIPTS, script
from seabox.cli.main import main

SOURCE = str(Path(__file__).parents[3] / "src")


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[str], str]:
    """The candidates, and the directive."""
    assert answer(["__completeNoDesc", *words]) == 0
    said = capsys.readouterr()
    *lines, directive = said.out.splitlines()
    assert said.err.startswith("Completion ended with directive: ShellCompDirective")
    return lines, directive


@pytest.mark.parametrize(
    ("words", "some", "directive"),
    [
        (("",), ["container", "run", "images", "help"], ":4"),
        (("contai",), ["container"], ":4"),
        (("container", "pru"), ["prune"], ":4"),
        (("run", "--pull", ""), ["always", "missing", "never", "newer"], ":4"),
        (("run", "--pull=n"), ["never", "newer"], ":4"),
        (("run", "--cgroup"), ["--cgroup-conf", "--cgroup-parent", "--cgroupns", "--cgroups"], ":4"),
        (("run", "-"), ["-v", "--volume"], ":4"),
        (("--log-level", "w"), ["warn", "warning"], ":4"),
        (("run", "-itv", ""), [], ":0"),
        (("load", "-i", ""), [], ":0"),
        (("--hooks-dir", ""), [], ":16"),
        (("import", ""), [], ":0"),
        (("ps", ""), [], ":4"),
        (("nonsense", ""), [], ":4"),
        (("kill", "-s", "TE"), ["TERM"], ":4"),
        (("completion", ""), ["bash", "zsh", "fish"], ":4"),
        (("completion", "bash", ""), [], ":4"),
        (("--", "run", "--pull"), [], ":4"),
    ],
)
def test_candidates(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], some: list[str], directive: str
) -> None:
    candidates, told = asked(capsys, *words)
    assert told == directive
    assert set(some) <= {*candidates}
    assert bool(some) or candidates == []


def test_descriptions_and_nothing_to_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["__complete", "run", "--cgroupn"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("--cgroupns\tCgroup namespace")
    assert main(["__complete"]) == 125


def test_flags_of_the_program_count_wherever_they_are() -> None:
    at = find(["--root", "/a", "rm", "--runroot=/b", "-f"], "x")
    assert at.outer == ["--root", "/a", "--runroot", "/b"]
    assert (at.command.path if at.command else "", at.rest) == ("rm", [])


def test_arguments_of_run_end_the_flags() -> None:
    at = find(["run", "--rm", "busybox", "ls"], "-")
    assert (at.rest, at.names_flag) == (["busybox", "ls"], False)


@pytest.fixture
def seabox(tmp_path: Path) -> dict[str, str]:
    """An environment in which `seabox` is this one."""
    program = tmp_path / "seabox"
    program.write_text(
        f"#!{sys.executable}\nimport sys; sys.path.insert(0, {SOURCE!r})\n"
        "from seabox.cli.main import main; sys.exit(main(sys.argv[1:]))\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb", "LANG": "C.UTF-8"}


def said(env: dict[str, str], *argv: str) -> list[str]:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash(seabox: dict[str, str]) -> None:
    ask = (
        "source <(seabox completion bash); compopt() { :; }; "
        'for line in "seabox run --pul" "seabox run --pull=ne" "seabox completion "; do '
        'COMP_LINE=$line COMP_POINT=${#line}; _seabox_complete; echo "${COMPREPLY[@]}"; done; complete -p seabox'
    )
    assert said(seabox, "bash", "--norc", "-c", ask) == [
        "--pull", "never newer", "bash zsh fish", "complete -F _seabox_complete seabox",
    ]  # fmt: skip


def test_zsh(seabox: dict[str, str]) -> None:
    if shutil.which("zsh") is None:
        pytest.fail("zsh is missing: setup/host-packages test installs it")
    ask = (
        'compdef() { echo "compdef $*"; }; source <(seabox completion zsh); '
        '_describe() { print -l -- "${(@P)3}"; }; words=(seabox run --pull ne); CURRENT=4; _seabox; '
        "words=(seabox run --cgroupn); CURRENT=3; _seabox"
    )
    lines = said(seabox, "zsh", "-f", "-c", ask)
    assert lines[:3] == ["compdef _seabox seabox", "never", "newer"]
    assert lines[3].startswith("--cgroupns:Cgroup namespace: ")


def test_fish(seabox: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.fail("fish is missing: setup/host-packages test installs it")
    ask = "seabox completion fish | source; complete -C 'seabox run --pull ne'; complete -C 'seabox run --cgroupn'"
    lines = said(seabox, "fish", "--no-config", "-c", ask)
    assert lines[:2] == ["never", "newer"]
    assert lines[2].startswith("--cgroupns\tCgroup namespace")


def test_scripts_without_descriptions() -> None:
    for shell in SCRIPTS:
        assert "__completeNoDesc" in script(shell, descriptions=False)
        assert "__completeNoDesc" not in script(shell)


def test_no_other_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 125
    assert "use bash, zsh, fish" in capsys.readouterr().err
