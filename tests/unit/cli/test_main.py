"""The program as a whole: which command runs, how errors look, what the shortest commands load."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seabox
from seabox import diagnostics
from seabox.cli import messages, registry
from seabox.cli.complaint import complain
from seabox.cli.creation_flags import FLAGS
from seabox.cli.flags import Command
from seabox.cli.main import main
from seabox.errors import Detached, InvalidArgument

SOURCE = str(Path(seabox.__file__).parent.parent)
PROGRAM = f"import sys; sys.path.insert(0, {SOURCE!r}); from seabox.cli.main import main; "
HEAVY = set(
    "argparse asyncio dataclasses email hashlib http inspect json logging msgspec pathlib random shutil subprocess "
    "tarfile tempfile traceback urllib uuid".split()
)
PATHS = sorted(registry.MODULES)


def run(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-I", "-S", "-c", PROGRAM + code], capture_output=True, text=True, check=False, **options
    )


# --- every command ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=PATHS)
def command(request: pytest.FixtureRequest) -> Command:
    return registry.load(request.param)


def test_a_table_makes_sense(command: Command) -> None:
    """It bears the words it was called by; no two flags share a name; none hides a flag of the program by accident."""
    assert command.path in PATHS
    assert command.run is not None
    assert command.summary
    assert not command.summary.endswith(".")
    longs = [name for flag in command.flags for name in (flag.name, *flag.aliases)]
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(set(longs)) == len(longs)
    assert len(set(shorts)) == len(shorts)
    program = {flag.name for flag in registry.PROGRAM_TABLE.flags}
    assert program.isdisjoint(longs)
    assert all(flag.help for flag in command.flags if not flag.hidden)


def test_every_command_has_help(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.path.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{command.summary}\n")
    assert f"Usage:\n  seabox {command.path}" in out
    assert err == ""


def test_container_commands_go_without_the_word_as_well() -> None:
    doubled = {path.removeprefix("container ") for path in PATHS if path.startswith("container ")}
    alone = {"artifact", "checkpoint", "cleanup", "exists", "fork", "list", "ls", "prune", "restore", "snapshot"}
    assert doubled - set(PATHS) == alone


# --- what is no command ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["frob"], "Error: unrecognized command `seabox frob`\nTry 'seabox --help' for more information\n"),
        (
            ["container", "frob"],
            "Error: unrecognized command `seabox container frob`\nTry 'seabox container --help' for more information\n",
        ),
        (["compose", "up"], "Error: `seabox compose` is not supported yet\n"),
        (["container", "clone"], "Error: `seabox container clone` is not supported yet\n"),
        (["--bogus"], "Error: unknown flag: --bogus\nSee 'seabox --help'\n"),
        (["ps", "--bogus"], "Error: unknown flag: --bogus\nSee 'seabox ps --help'\n"),
        (["run", "-h"], "Error: flag needs an argument: 'h' in -h\nSee 'seabox run --help'\n"),
        (["run"], "Error: requires at least 1 arg(s), only received 0\n"),
        (["ps", "extra"], "Error: `seabox ps` takes no arguments\n"),
    ],
)
def test_usage_errors(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 125
    assert capsys.readouterr() == ("", error)


TOLD = ' level=info msg="seabox filtering at log level debug"\n'


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("--debug --context default version", 0, TOLD),
        ("-D --max-workers 3 --network-backend netavark --trace version", 0, TOLD),
        ("--config x version", 0, "The --config flag is ignored by seabox. Exists for Docker compatibility\n"),
        ("--debug --log-level panic version", 1, "Setting --log-level and --debug is not allowed\n"),
        (
            "--context swarm version", 125,
            'Error: failed to resolve active destination: "swarm" service destination not found\n',
        ),
        (
            "-H tcp://x version", 125,
            "Error: --host is not supported: seabox works on this machine, without a service\n",
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("log")
def test_flags_that_docker_has(line: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == code
    assert capsys.readouterr().err.endswith(said)


def test_completion_knows_the_flags_before_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path), "__completeNoDesc", "container", "exi"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "exists"


@pytest.mark.parametrize(("words", "name"), [([], "seabox"), (["container"], "seabox container")])
def test_no_command_prints_help(words: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 125
    out, err = capsys.readouterr()
    assert "Available Commands:\n" in out
    assert err == f"Error: missing command '{name} COMMAND'\n"


@pytest.mark.parametrize("line", ["--help", "help", "container --help", "help container", "help ps", "ps --help"])
def test_help(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    out, err = capsys.readouterr()
    assert "Usage:\n  seabox" in out
    assert err == ""


@pytest.mark.parametrize("words", [["--version"], ["-v"], ["--root", "x", "--version"], ["ps", "--version"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr() == (f"seabox version {seabox.__version__}\n", "")


# --- what is loaded --------------------------------------------------------------------------------------------------


def test_version_loads_nothing() -> None:
    done = run("main(['--version']); print(*(name for name in sys.modules if name.startswith('seabox')))")
    assert done.stdout.splitlines()[1].split() == ["seabox", "seabox.cli", "seabox.cli.main"]


def test_ps_loads_little(tmp_path: Path) -> None:
    words = ["--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run"), "ps", "--all"]
    done = run(f"assert main({words!r}) == 0; print(*sys.modules)")
    assert (done.returncode, done.stderr) == (0, "")
    heading, modules = done.stdout.splitlines()
    assert heading.split() == "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES".split()
    loaded = set(modules.split())
    assert loaded & HEAVY == set()
    # the parser of a configuration file needs these; only a host that has such a file pays for it
    assert loaded & {"typing", "re"} == set() or "tomllib" in loaded
    ours = {name for name in loaded if name.startswith("seabox.")}
    assert not {name for name in ours if name.split(".")[1] in ("spec", "images", "oci", "storage", "streams", "logs")}
    assert {name for name in ours if name.startswith("seabox.cli.commands.")} == {"seabox.cli.commands.ps"}


# --- streams ---------------------------------------------------------------------------------------------------------


def test_a_reader_that_left() -> None:
    """A pipe that nobody reads ends the program as it ends others: quietly."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM + "sys.exit(main(['--help']))"],
            stdout=theirs, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
    assert (done.returncode, done.stderr) == (141, "")


def test_standard_streams_that_are_closed(tmp_path: Path) -> None:
    """No file of ours gets their numbers: what is printed must not end up in the database."""
    words = [f"--root={tmp_path}/root", f"--runroot={tmp_path}/run", "ps", "-a"]
    told = "import os; os.symlink(os.readlink('/proc/self/fd/1'), 'told')"
    inner = f"{PROGRAM}code = main({words!r}); {told}; sys.exit(code)"
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", inner], cwd=tmp_path, check=False
    )
    assert (done.returncode, os.readlink(tmp_path / "told")) == (0, "/dev/null")


def test_arguments_that_are_not_utf8() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + "sys.exit(main(sys.argv[1:]))", b"\xff\xfe\n"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 125
    assert done.stderr.split(b"\n")[0] == rb"Error: unrecognized command `seabox \xff\xfe\n`"


# --- errors and messages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "code", "text"),
    [
        (InvalidArgument("two\nlines\x1b[0m"), 125, "Error: two\\nlines\\x1b[0m\n"),
        (Detached("detached"), 0, ""),
        (FileNotFoundError(2, "No such file or directory", "/x"), 125, "Error: /x: no such file or directory\n"),
        (KeyError("k"), 125, "Error: internal error (--log-level=debug tells where): KeyError: 'k'\n"),
    ],
)
def test_one_line_for_a_problem(
    problem: Exception, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complain(problem) == code
    assert capsys.readouterr().err == text


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """The program's logger, as it was before afterwards."""
    log = logging.getLogger("seabox")
    before = log.level, log.propagate, list(log.handlers), diagnostics.first_use
    yield log
    log.setLevel(before[0])
    log.propagate, log.handlers[:] = before[1], before[2]
    diagnostics.first_use = before[3]


@pytest.mark.usefixtures("log")
def test_a_warning_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    diagnostics.first_use = messages.configure
    diagnostics.warning("it \x1b said\n%s", '"no"')
    diagnostics.debug("unseen")
    line = capsys.readouterr().err
    assert line[:6] == 'time="'
    assert line.partition('" level=')[2] == 'warning msg="it \\x1b said\\n\\"no\\""\n'


@pytest.mark.usefixtures("log")
def test_log_level_debug(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [f"--root={tmp_path}/root", f"--runroot={tmp_path}/run", "--log-level=debug", "inspect", "nobody"]
    assert main(words) == 125
    out, err = capsys.readouterr()
    assert out == "[]\n"
    assert 'Error: no such object: "nobody"\n' in err
    assert "level=debug" in err
    assert "Traceback" in err


def test_an_unknown_log_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--log-level", "loud", "ps"]) == 1
    assert capsys.readouterr().err.startswith('Log Level "loud" is not supported, choose from: trace, debug, info')


def test_later_flags_do_not_shadow_real_ones() -> None:
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)
