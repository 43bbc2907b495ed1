"""Containers with secrets are put to sleep: their copies stay with them, go with an archive, and are a fork's own."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import count, counting, has_gone_on
from engine.home import Home
from seabox.checkpoint.document import BadCheckpoint

CANARY = "s3cr3t-c4n4ry-3c"
USES = ["token,uid=7,gid=8,mode=440", "token,target=/x", "token,type=env,target=T"]
LOOK = "cat /run/secrets/token /x; echo; echo $T; stat -c '%a %u:%g' /run/secrets/token"
SEEN = f"{CANARY}{CANARY}\n{CANARY}\n440 7:8\n".encode()


def _look(ctr: seabox.Container) -> bytes:
    return bytes(ctr.exec_run(["sh", "-c", LOOK]).stdout)


@BOTH
def test_in_place_and_forked(engine: seabox.Engine, home: Home) -> None:
    """What goes on has them, whatever became of the secret; the copies are apart, and go with their containers."""
    engine.secrets.create("token", CANARY)
    ctr = counting(engine, "one", secrets=USES)
    engine.secrets.remove("token")
    ctr.checkpoint()
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at)
    assert _look(ctr) == SEEN
    (child,) = ctr.fork()
    ctr.remove(force=True, timeout=0)
    assert _look(child) == SEEN
    child.snapshots.create("moment")
    child.snapshots.restore("moment")
    assert _look(child) == SEEN
    child.stop(timeout=0)
    child.start()
    assert _look(child) == SEEN
    assert [path.parent.parent.name for path in Path(home.root, "containers").glob("*/secrets/0")] == [child.id]


def test_an_archive(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """They arrive where there is no such secret; one that was taken out of the archive is missed."""
    engine.secrets.create("token", CANARY)
    ctr = counting(engine, "one", secrets=USES)
    ctr.checkpoint(export=tmp_path / "all", compression="none")
    at = count(ctr)
    (made,) = elsewhere.containers.restore(tmp_path / "all")
    assert has_gone_on(made, at)
    assert _look(made) == SEEN
    assert elsewhere.secrets.list() == []
    made.remove(force=True, timeout=0)
    for left_out in ("secrets/0", "secrets/2"):
        _without(tmp_path / "all", tmp_path / "less", left_out)
        with pytest.raises(BadCheckpoint, match="a secret of the container is not in it"):
            elsewhere.containers.restore(tmp_path / "less")
    assert elsewhere.containers.list() == []


def _without(source: Path, target: Path, name: str) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for each in old:
            if each.name != name:
                new.addfile(each, old.extractfile(each) if each.isfile() else None)
