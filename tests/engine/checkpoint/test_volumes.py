"""Volumes go with an archive, into volumes that are made to hold what was in them; never over what is there."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.sleepers import count, counting, has_gone_on
from seabox.checkpoint.document import BadCheckpoint
from seabox.container.imported import WiderPrivileges
from seabox.container.saved_volumes import VolumeThere

FILL = """
echo in a volume > /data/file; ln /data/file /data/linked; ln -s file /data/pointing; mkdir -p /data/deep
chmod 640 /data/file; chown 12:34 /data; chmod 1770 /data; echo nameless > /cache/note; rm -rf /etc/*
"""
LOOK = "cat /data/linked /data/pointing /cache/note; stat -c '%a %u %g %n' /data /data/file; ls /etc"
SEEN = b"in a volume\nin a volume\nnameless\n1770 12 34 /data\n640 0 0 /data/file\n"


def test_volumes_arrive(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """With a name and without, one over a directory of the image that was emptied; the second time they are there."""
    ctr = counting(engine, "one", volumes=["data:/data", "/cache", "etc:/etc"])
    done = ctr.exec_run(["sh", "-c", FILL])
    assert (done.code, done.stderr) == (0, b"")
    engine.volumes.create("other")
    ctr.checkpoint(export=tmp_path / "all", keep_running=True)
    ctr.checkpoint(export=tmp_path / "without", ignore_volumes=True)
    with _opened(tmp_path / "without") as tar:
        assert not [name for name in tar.getnames() if name.startswith("volumes")]
    at = count(ctr)
    (made,) = elsewhere.containers.restore(tmp_path / "all")
    try:
        assert made.exec_run(["sh", "-c", LOOK]).stdout == SEEN
        names = {each.name for each in elsewhere.volumes.list()}
        assert {"data", "etc"} < names
        assert len(names) == 3
        assert [each.anonymous for each in elsewhere.volumes.list() if each.name not in ("data", "etc")] == [True]
        with pytest.raises(VolumeThere, match="volume with name data already exists"):
            elsewhere.containers.restore(tmp_path / "all", name="two")
        with pytest.raises(WiderPrivileges, match="--volume data, --volume etc"):
            elsewhere.containers.restore(tmp_path / "all", name="two", ignore_volumes=True)
        assert {each.name for each in elsewhere.volumes.list()} == names
        (two,) = elsewhere.containers.restore(
            tmp_path / "all", name="two", ignore_volumes=True, allow_privileges=True
        )
        assert two.exec_run(["ls", "/data", "/cache"]).stdout.split() == [
            b"/cache:", b"/data:", b"deep", b"file", b"linked", b"pointing",
        ]  # fmt: skip
        assert len(elsewhere.volumes.list()) == 4  # one without a name is its own
        assert has_gone_on(two, 2)
    finally:
        for each in elsewhere.containers.list():
            elsewhere.containers.get(each.facts.id).remove(force=True, timeout=0, volumes=True)
    elsewhere.volumes.prune()
    (made,) = elsewhere.containers.restore(tmp_path / "without")
    try:
        assert made.exec_run(["ls", "/data"]).stdout == b""
        assert has_gone_on(made, at)
    finally:
        made.remove(force=True, timeout=0, volumes=True)
        elsewhere.volumes.prune()


def _opened(path: Path) -> tarfile.TarFile:
    """The archive, uncompressed."""
    plain = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return tarfile.open(fileobj=io.BytesIO(plain))


def _evil(kind: bytes, name: str, link: str = "", data: bytes = b"") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        first = tarfile.TarInfo("way")
        first.type, first.linkname = tarfile.SYMTYPE, link
        if link:
            tar.addfile(first)
        entry = tarfile.TarInfo(name)
        entry.type, entry.size = kind, len(data)
        entry.linkname = "../../../../etc/passwd"
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def test_a_volume_that_leads_out(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    """Nothing is written outside of the volume, and neither it nor the container is there afterwards."""
    ctr = counting(engine, "one", volumes=["data:/data"])
    ctr.checkpoint(export=tmp_path / "good", compression="none")
    outside = tmp_path / "outside"
    outside.mkdir()
    hostile = {
        "dots": _evil(tarfile.REGTYPE, "../escaped", data=b"x"),
        "a link": _evil(tarfile.REGTYPE, "way/escaped", str(outside), b"x"),
        "a hard link": _evil(tarfile.LNKTYPE, "passwd"),
        "garbage": os.urandom(3000),
    }  # fmt: skip
    for name, content in hostile.items():
        with tarfile.open(tmp_path / "good") as good, tarfile.open(tmp_path / name, "w") as bad:
            for member in good:
                if member.name.startswith("volumes/"):
                    member.size = len(content)
                    bad.addfile(member, io.BytesIO(content))
                else:
                    bad.addfile(member, good.extractfile(member))
        with pytest.raises((BadCheckpoint, OSError)) as caught:
            elsewhere.containers.restore(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert elsewhere.containers.list() == []
        assert elsewhere.volumes.list() == []
        assert list(outside.iterdir()) == []
        assert not Path(elsewhere.config.volumes, "escaped").exists()
