"""`system`: check, df, prune, reset, info."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import seabox
from engine.cli.command_line import CommandLine
from seabox.kernel import cgroups


def _change(cli: CommandLine, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(f"{cli.root}/seabox.db", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(statement, values)


def test_one_bad_row_hides_one_container_and_is_mended(cli: CommandLine) -> None:
    bad, good = (cli.ok("create", "--name", name, "busybox") for name in ("bad", "good"))
    _change(cli, "UPDATE container SET status = 'confused' WHERE id = ?", bad)
    assert cli.ok("ps", "-aq", "--no-trunc") == good
    done = cli("inspect", "bad")
    assert (done.code, done.out.strip()) == (125, "[]") or "cannot be read" in done.err
    done = cli("system", "check")
    assert done.code == 125
    assert done.out.startswith(f"container {bad}: ")
    assert done.err.startswith("Error: damage detected")
    assert "recorded anew" in cli.ok("system", "check", "--repair")
    assert cli.ok("system", "check") == ""
    assert cli.ok("ps", "-aq", "--no-trunc").split() == [bad, good]


def test_a_lost_row_of_a_running_container_is_found_again(cli: CommandLine) -> None:
    id = cli.ok("run", "--detach", "--name", "lost", "busybox", "sleep", "1000")
    _change(cli, "DELETE FROM container WHERE id = ?", id)
    assert cli("inspect", "lost").code == 125
    assert "recorded anew" in cli.ok("system", "check", "--repair")
    assert cli.ok("ps", "--format", "{{.Names}} {{.State}}") == "lost running"
    cli.ok("kill", "lost")
    assert cli.ok("wait", "lost") == "137"


def test_damaged_pages_are_rebuilt(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path)
    cli.ok("image", "embed", "busybox")
    names = {f"c{number}" for number in range(12)}
    with seabox.Engine(root=cli.root, runroot=cli.runroot, runtime="runc", network="none") as engine:
        for name in names:
            engine.containers.create("busybox", name=name)
    path = Path(cli.root, "seabox.db")
    data = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'container'").fetchone()[0]
    assert not os.path.exists(f"{path}-wal")
    data[(page - 1) * 4096 + 8 : page * 4096] = os.urandom(4088)
    path.write_bytes(data)
    done = cli("ps", "-a")
    assert "Traceback" not in done.err
    assert "database" in cli("system", "check").out
    assert cli("system", "check", "--repair").code == 0
    assert set(cli.ok("ps", "-a", "--format", "{{.Names}}").split()) == names
    assert cli.ok("system", "check") == ""
    assert Path(cli.root, "seabox.db-damaged").exists()
    cli.ok("system", "reset", "--force")


def test_an_image_whose_id_is_damaged_is_removed(tmp_path: Path) -> None:
    """One bit made a capital letter of it, which no name may have."""
    cli = CommandLine(tmp_path)
    cli.ok("image", "embed", "busybox")
    with closing(sqlite3.connect(f"{cli.root}/seabox.db")) as db:
        id = db.execute("SELECT id FROM image").fetchone()[0]
    path = Path(cli.root, "seabox.db")
    path.write_bytes(path.read_bytes().replace(id.encode(), id.upper().encode()))
    done = cli("system", "check", "--repair")
    assert (done.code, done.err) == (0, "")
    assert "pull it again" in done.out
    assert cli.ok("images", "--quiet") == ""
    assert cli.ok("system", "check") == ""
    cli.ok("system", "reset", "--force")


def test_a_lost_directory_and_a_missing_layer(cli: CommandLine) -> None:
    id = cli.ok("create", "--name", "one", "busybox")
    stranger = "ab" * 32
    os.makedirs(f"{cli.root}/overlay/{stranger}/diff")
    os.unlink(f"{cli.root}/containers/{id}/container.json")
    out = cli("system", "check").out
    assert f"leftover {stranger}" in out
    assert f"container {id}: " in out
    cli.ok("system", "check", "--repair")
    assert not os.path.exists(f"{cli.root}/overlay/{stranger}")
    assert cli.ok("system", "check") == ""


def test_df_and_prune(cli: CommandLine) -> None:
    cli.ok("run", "--name", "ended", "busybox", "sh", "-c", "echo 12345 >/file")
    cli.ok("run", "--detach", "--name", "runs", "busybox", "sleep", "1000")
    cli.ok("volume", "create", "kept")
    images, containers, volumes = json.loads(cli.ok("system", "df", "--format", "json"))
    assert (volumes["Type"], volumes["Total"], volumes["Active"]) == ("Local Volumes", 1, 0)
    each = [line.split() for line in cli.ok("system", "df", "-v").splitlines()]
    states = {line[-1]: line[-2] for line in each if len(line) > 3}
    assert (states["ended"], states["runs"]) == ("exited", "running")
    assert "  sleep 1000  " in cli.ok("system", "df", "-v")
    assert ["kept", "0", "0B"] in each
    assert (images["Total"], images["Active"]) == (1, 1)
    assert (containers["Total"], containers["Active"], containers["RawSize"]) == (2, 1, 6 + 2 * len("/proc/mounts"))
    assert cli.ok("system", "df").splitlines()[0].split() == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]
    out = cli.ok("system", "prune", "--force").splitlines()
    assert out[0] == "Deleted Containers"
    assert out[-1] == "Total reclaimed space: 18B"  # its file, and /etc/mtab
    assert cli.ok("ps", "-a", "--format", "{{.Names}}") == "runs"
    assert "will" in cli("system", "reset", stdin=b"n\n").out
    assert cli.ok("ps", "-a", "--format", "{{.Names}}") == "runs"
    assert cli.ok("system", "info", "--format", "{{.Host.OS}}") == "linux"


def test_reset(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.ok("image", "embed", "busybox")
    line.ok("run", "--detach", "busybox", "sleep", "1000")
    line.ok("system", "reset", "--force")
    assert os.listdir(line.root) == os.listdir(line.runroot) == []
    assert line.ok("ps", "-aq") == line.ok("images", "-q") == ""
    cgroups.remove(line.parent, kill=True)
