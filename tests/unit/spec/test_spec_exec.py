"""The process of an exec session: the first one's, but for what was asked otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seabox.errors import Refused
from seabox.kernel.process import myself
from seabox.model import oci
from seabox.model.container import ContainerConfig, ExecRequest
from seabox.model.record import ProcessId
from seabox.spec.exec_process import check, exec_process, write_process
from seabox.spec.facts import HostFacts

Resolve = Callable[..., ContainerConfig]
Execute = Callable[..., oci.Process]


@pytest.fixture
def executed(resolved: Resolve, root: Path, facts: HostFacts) -> Execute:
    """`executed({container's options}, option=value...)` is the process of a request in such a container."""

    def call(container: dict[str, Any] | None = None, **options: Any) -> oci.Process:
        request = check(ExecRequest(command=("ls", "-l"), **options))
        return exec_process(resolved(**(container or {})), request, str(root), facts)

    return call


def env(process: oci.Process) -> dict[str, str]:
    return dict(each.split("=", 1) for each in process.env)


def test_what_it_shares_with_the_first_process(executed: Execute) -> None:
    process = executed(
        {"env": {"A": "b"}, "user": "bob", "workdir": "/srv", "umask": 0o27, "ulimits": ("nofile=10:20",),
         "init": True, "tty": True, "groups": ("77",), "security_opt": ("no-new-privileges",)}
    )  # fmt: skip
    assert (process.args, process.cwd, process.terminal) == (("ls", "-l"), "/srv", False)
    assert process.user == oci.User(uid=1000, gid=100, umask=0o27, additional_gids=(100, 10, 44, 77))
    assert {key: env(process)[key] for key in ("A", "HOME", "PATH")} == {"A": "b", "HOME": "/home/bob", "PATH": "/bin"}
    assert oci.Rlimit(type="RLIMIT_NOFILE", soft=10, hard=20) in process.rlimits
    assert process.no_new_privileges


def test_what_was_asked_otherwise(executed: Execute) -> None:
    process = executed(
        {"env": {"A": "b", "C": "d"}, "user": "bob", "workdir": "/srv"}, user="root:5", workdir="/etc/",
        env={"A": "x", "HOME": "/here"}, tty=True, size=(20, 70),
    )  # fmt: skip
    assert (process.cwd, process.terminal, process.console_size) == ("/etc", True, oci.ConsoleSize(height=20, width=70))
    assert process.user.uid == 0
    assert process.user.additional_gids == (5,)
    expected = {"A": "x", "C": "d", "HOME": "/here", "TERM": "xterm"}
    assert {key: env(process)[key] for key in expected} == expected


def test_a_terminal_type_of_the_containers_own(executed: Execute) -> None:
    assert env(executed({"env": {"TERM": "vt100"}}, tty=True))["TERM"] == "vt100"
    assert "TERM" not in env(executed())


@pytest.mark.parametrize(
    ("container", "options", "bounding", "effective"),
    [
        ({}, {}, 11, 11),
        ({}, {"user": "bob"}, 11, 0),
        ({"cap_drop": ("ALL",)}, {}, 0, 0),
        ({"cap_drop": ("ALL",)}, {"privileged": True}, 41, 41),
        ({}, {"privileged": True, "user": "bob"}, 41, 0),
        ({"privileged": True}, {}, 41, 41),
        ({"privileged": True}, {"cap_drop": ("ALL",)}, 0, 0),
        ({}, {"cap_add": ("SYS_PTRACE",)}, 12, 12),
        ({}, {"cap_add": ("sys_ptrace",), "user": "bob"}, 12, 1),
        ({"cap_drop": ("ALL",)}, {"cap_add": ("CHOWN",)}, 1, 1),
        ({"cap_drop": ("CHOWN",)}, {"cap_add": ("CHOWN",)}, 11, 11),
        ({"cap_add": ("SYS_PTRACE",)}, {"cap_drop": ("SYS_PTRACE",)}, 11, 11),
        ({"cap_add": ("ALL",)}, {"cap_drop": ("SYS_PTRACE",)}, 40, 40),
    ],
)
def test_capabilities(
    executed: Execute, container: dict[str, Any], options: dict[str, Any], bounding: int, effective: int
) -> None:
    found = executed(container, **options).capabilities
    assert found is not None
    assert (len(found.bounding), len(found.effective)) == (bounding, effective)
    if options.get("user") is None:
        assert found.inheritable == found.ambient == ()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"user": "alice"}, "unable to find user alice: no matching entries in passwd file"),
        ({"user": "bob:nobody"}, "unable to find group nobody: no matching entries in group file"),
        ({"workdir": "/none"}, 'workdir "/none" does not exist on container'),
        ({"workdir": "/etc/passwd"}, 'workdir "/etc/passwd" does not exist on container'),
        ({"workdir": "/srv/out"}, 'workdir "/srv/out" does not exist on container'),
        ({"workdir": "/srv/fds"}, "is a link to .*: not followed"),
    ],
)
def test_what_the_root_refuses(executed: Execute, root: Path, options: dict[str, str], text: str) -> None:
    (root / "srv/out").symlink_to("/usr/share")  # is looked up below the root, where there is none
    (root / "proc/7/fd").mkdir(parents=True)
    (root / "srv/fds").symlink_to("/proc/7/fd")
    with pytest.raises(Refused, match=text):
        executed(**options)


def test_a_file_for_the_runtime(resolved: Resolve, facts: HostFacts, tmp_path: Path) -> None:
    """Looked up in the root of a process, here this test's own; not in that of one that has ended."""
    path = tmp_path / "process.json"
    config, request = resolved(), ExecRequest(command=("ls",), workdir="/")
    write_process(config, request, myself(), str(path), facts)
    assert '"args":["ls"]' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    for gone in (ProcessId(myself().pid, 1, myself().boot), ProcessId(2**22 - 1, 1, myself().boot)):
        with pytest.raises(ProcessLookupError):
            write_process(config, request, gone, str(path), facts)
    assert not path.exists()
