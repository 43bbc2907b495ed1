"""`mount`, `umount` and `export`."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import tarfile
from pathlib import Path

import pytest

from engine.cli.command_line import SECONDS, CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_mount_list_umount(cli: CommandLine) -> None:
    id = cli.ok("create", "--name", "one", "busybox")
    assert cli.ok("mount") == ""
    path = cli.ok("mount", "one")
    assert os.path.exists(f"{path}/bin/busybox")
    assert cli.ok("mount").split() == [id[:12], path]
    assert cli.ok("mount", "--no-trunc").split() == [id, path]
    assert f'"mountpoint": "{path}"' in cli.ok("mount", "--format", "json")
    done = cli("rm", "one")
    assert (done.code, "is mounted" in done.err) == (2, True)
    assert cli.ok("umount", "one") == "one"
    assert cli.ok("mount") == ""
    done = cli("unmount", "one")
    assert (done.code, done.err) == (125, f"Error: unmounting container {id}: layer is not mounted\n")
    assert cli.ok("umount", "--force", "one") == "one"


def test_all(cli: CommandLine) -> None:
    ids = {cli.ok("create", "busybox")[:12] for _ in range(2)}
    assert {line.split()[0] for line in cli.ok("mount", "--all").splitlines()} == ids
    assert len(cli.ok("umount", "--all").splitlines()) == 2
    assert cli.ok("umount", "--all") == ""


def test_bad_input(cli: CommandLine) -> None:
    for words, said in (
        (["mount", "--format", "yaml"], 'unknown --format argument "yaml"'),
        (["mount", "nobody"], 'no container with name or ID "nobody" found: no such container'),
        (["umount"], "you must provide at least one name or id"),
    ):
        done = cli(*words)
        assert (done.code, done.out, done.err) == (125, "", f"Error: {said}\n")


def test_export(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("create", "--name", "one", "busybox")
    assert cli.ok("export", "--output", str(tmp_path / "one.tar"), "one") == ""
    done = cli("export", "one")
    assert (done.code, done.err) == (0, "")
    assert done.raw == (tmp_path / "one.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(done.raw)) as archive:
        assert "bin/busybox" in archive.getnames()


def test_export_refuses_a_terminal(cli: CommandLine) -> None:
    cli.ok("create", "--name", "one", "busybox")
    ours, theirs = pty.openpty()
    try:
        with cli.start("export", "one", stdout=theirs, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            said = process.stderr.read()
            assert process.wait(SECONDS) == 125
    finally:
        os.close(ours)
        os.close(theirs)
    assert said == b"Error: cannot write to terminal, use command-line redirection or the --output flag\n"
