from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from seabox.errors import Damaged
from seabox.images import pieces
from seabox.images.tarstream import BadArchive
from seabox.images.unpack import Limits, unpack
from unit.images.archives import archive, contained, entry, folder, hard_link, link, refused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")

CANARY = b"nobody writes here\n"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    place.mkdir()
    (place / "canary").write_bytes(CANARY)
    (place / "canary").chmod(0o600)
    return place


def untouched(outside: Path) -> bool:
    found = (outside / "canary").lstat()
    return (
        os.listdir(outside) == ["canary"]
        and (outside / "canary").read_bytes() == CANARY
        and (found.st_mode, found.st_nlink) == (0o100600, 1)
    )


def layer(tmp_path: Path, data: bytes, *, limits: Limits | None = None, below: tuple[str, ...] = ()) -> Path:
    """The archive unpacked, in pieces of odd sizes."""
    place = tmp_path / f"layer{len(os.listdir(tmp_path))}"
    place.mkdir()
    parts = iter([data[at : at + 777] for at in range(0, len(data), 777)])
    unpack(parts, str(place), packed=len(data), below=below, limits=limits or Limits())
    return place


def tree(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


@pytest.mark.parametrize("what", sorted(refused("/x")))
def test_a_hostile_archive_is_refused_and_nothing_outside_is_touched(tmp_path: Path, outside: Path, what: str) -> None:
    with pytest.raises(Damaged) as refusal:
        layer(tmp_path, refused(str(outside))[what])
    assert "\n" not in str(refusal.value)
    assert untouched(outside)


@pytest.mark.parametrize("what", sorted(contained("/x")))
def test_what_only_looks_hostile_stays_inside(tmp_path: Path, outside: Path, what: str) -> None:
    data, expected = contained(str(outside))[what]
    place = layer(tmp_path, data)
    assert tree(place) == expected
    assert untouched(outside)
    assert not any("overlay" in name for path in place.rglob("*") for name in os.listxattr(path, follow_symlinks=False))


def test_the_limits_hold(tmp_path: Path) -> None:
    many = archive(*(entry(f"f{n}") for n in range(11)))
    with pytest.raises(BadArchive, match="more than 10 entries"):
        layer(tmp_path, many, limits=Limits(members=10))
    large = archive(entry("f", data=bytes(5000)))
    with pytest.raises(BadArchive, match="unpacks to more than 4000 bytes"):
        layer(tmp_path, large, limits=Limits(size=4000))
    packed = tmp_path / "bomb"
    packed.write_bytes(gzip.compress(archive(entry("f", data=bytes(1 << 20)))))
    (tmp_path / "out").mkdir()
    fd = os.open(packed, os.O_RDONLY)
    with pieces.plain(fd) as (out, _), pytest.raises(BadArchive, match="unpacks to more"):
        unpack(
            out, f"{tmp_path}/out", packed=packed.stat().st_size,
            limits=Limits(ratio=20, ratio_from=1000),
        )  # fmt: skip
    os.close(fd)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_everything_a_file_can_be_arrives(tmp_path: Path, form: int) -> None:
    long = "/".join(["n" * 60] * (3 if form == tarfile.USTAR_FORMAT else 5))
    place = layer(tmp_path, archive(
        folder("./", mode=0o700),
        folder("d", mode=0o1777, uid=5, gid=6, mtime=1_500_000_000),
        entry("d/setuid", data=b"#!", mode=0o4755, uid=7, gid=8),
        entry("d/empty", mode=0),
        link("d/link", "setuid", uid=9, gid=9),
        hard_link("d/hard", "d/setuid"),
        entry("d/null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        entry("d/disk", tarfile.BLKTYPE, devmajor=8, devminor=1, mode=0o660, gid=6),
        entry("d/pipe", tarfile.FIFOTYPE, mode=0o640),
        entry(long, data=b"deep"),
        form=form,
    ))  # fmt: skip
    found = {name: (place / name).lstat() for name in tree(place)}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    d = found["d"]
    assert (stat.S_IMODE(d.st_mode), d.st_uid, d.st_gid, d.st_mtime) == (0o1777, 5, 6, 1_500_000_000)
    s = found["d/setuid"]
    assert (s.st_mode, s.st_uid, s.st_gid, s.st_nlink, s.st_mtime) == (0o104755, 7, 8, 2, 1_600_000_000)
    assert found["d/hard"].st_ino == s.st_ino
    assert found["d/empty"].st_mode == 0o100000
    assert (os.readlink(place / "d/link"), found["d/link"].st_uid) == ("setuid", 9)
    assert found["d/link"].st_mtime == 1_600_000_000
    assert (found["d/null"].st_mode, found["d/null"].st_rdev) == (0o020666, os.makedev(1, 3))
    assert (found["d/disk"].st_mode, found["d/disk"].st_rdev) == (0o060660, os.makedev(8, 1))
    assert found["d/pipe"].st_mode == 0o010640
    assert (place / long).read_bytes() == b"deep"


def test_attributes_and_fractions_of_seconds_arrive(tmp_path: Path) -> None:
    capability = b"\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    place = layer(tmp_path, archive(
        entry("f", data=b"x", uid=1, xattrs={"user.x": "y", "security.capability": capability.decode()}),
        folder("d", xattrs={"user.d": "z"}, mtime=1_600_000_000.25),
        entry("d/f", mtime=-1.5),
    ))  # fmt: skip
    assert os.getxattr(place / "f", "user.x") == b"y"
    assert os.getxattr(place / "f", "security.capability") == capability
    assert os.getxattr(place / "d", "user.d") == b"z"
    assert (place / "d").stat().st_mtime_ns == 1_600_000_000_250_000_000
    assert (place / "d/f").stat().st_mtime_ns == -1_500_000_000


def test_whiteouts_take_the_form_that_overlay_knows(tmp_path: Path) -> None:
    lower = layer(tmp_path, archive(entry("gone/file"), entry("d/x"), entry("file")))
    place = layer(tmp_path, archive(
        entry("gone/.wh.file"), folder("d"), entry("d/.wh..wh..opq"), entry("d/f"), entry(".wh..wh.plnk"),
        entry("d/.wh.x"), entry("fresh/.wh.y"),
        folder("again"), entry("again/f"), entry(".wh.again"), entry(".wh.before"), folder("before"),
        entry(".wh.file"), entry("file", data=b"new"), entry(".wh.implied"), entry("implied/f"),
    ), below=(str(lower),))  # fmt: skip
    assert tree(place) == [
        "again", "again/f", "before", "d", "d/f", "file", "fresh", "gone", "gone/file", "implied", "implied/f",
    ]  # fmt: skip
    hidden = (place / "gone/file").lstat()
    assert (stat.S_IFMT(hidden.st_mode), hidden.st_rdev) == (stat.S_IFCHR, 0)
    opaque = [name for name in tree(place) if "trusted.overlay.opaque" in os.listxattr(place / name)]
    assert opaque == ["again", "before", "d", "implied"]
    assert (place / "file").read_bytes() == b"new"


def test_a_directory_taken_for_granted_looks_as_it_does_below(tmp_path: Path) -> None:
    lower = layer(tmp_path, archive(folder("tmp", mode=0o1777, gid=3), folder("var/spool", uid=4)))
    place = layer(tmp_path, archive(entry("tmp/f"), entry("var/spool/f"), entry("new/f")), below=(str(lower),))
    for name in ("tmp", "var/spool"):
        mine, theirs = (place / name).stat(), (lower / name).stat()
        assert (mine.st_mode, mine.st_uid, mine.st_gid) == (theirs.st_mode, theirs.st_uid, theirs.st_gid)
    assert stat.S_IMODE((place / "new").stat().st_mode) == 0o755


def compressed(data: bytes, how: str) -> bytes:
    if how == "zstd":
        return subprocess.run(["zstd", "-cq"], input=data, capture_output=True, check=True).stdout
    return {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "": bytes}[how](data)


@pytest.mark.parametrize("how", ["gzip", "zstd", "bzip2", "xz", ""])
def test_a_compressed_archive_gives_its_content_and_is_refused_when_cut(tmp_path: Path, how: str) -> None:
    data = archive(entry("f", data=os.urandom(1 << 20)), entry("g", data=bytes(3 << 20)))
    path = tmp_path / "packed"
    for cut in (0, 1000, 1):
        whole = compressed(data, how)
        path.write_bytes(whole[: len(whole) - cut])
        fd = os.open(path, os.O_RDONLY)
        try:
            with pieces.plain(fd) as (out, raw):
                assert pieces.compression(whole[:6]) == how
                if cut and how:
                    with pytest.raises(Damaged):
                        list(out)
                    continue
                assert hashlib.sha256(b"".join(out)).digest() == hashlib.sha256(data[: len(data) - cut]).digest()
                assert raw is None or raw.digest == hashlib.sha256(whole).hexdigest()
        finally:
            os.close(fd)


def test_several_gzip_members_are_one_stream(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    for rest, fine in ((b"", True), (bytes(512), True), (b"rubbish", False)):
        path.write_bytes(gzip.compress(b"a" * 5000) + gzip.compress(b"b") + rest)
        fd = os.open(path, os.O_RDONLY)
        with pieces.plain(fd) as (out, _):
            if fine:
                assert b"".join(out) == b"a" * 5000 + b"b"
            else:
                with pytest.raises(Damaged):
                    list(out)
        os.close(fd)


def test_gnu_tar_agrees(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "a/b").mkdir(parents=True)
    (source / "a/b" / ("n" * 200)).write_bytes(b"long")
    (source / "a/f").write_bytes(os.urandom(70_000))
    os.link(source / "a/f", source / "a/g")
    (source / "l").symlink_to("a/" + "t" * 150)
    os.chown(source / "a/b", 100_000, 3_000_000)
    for form in ("gnu", "posix", "pax"):
        data = subprocess.run(
            ["tar", "-cf", "-", f"--format={form}", "-C", str(source), "."], capture_output=True, check=True
        ).stdout
        place = layer(tmp_path, data)
        for name in tree(source):
            mine, theirs = (place / name).lstat(), (source / name).lstat()
            assert (mine.st_mode, mine.st_uid, mine.st_gid, mine.st_size, mine.st_nlink) == (
                theirs.st_mode, theirs.st_uid, theirs.st_gid, theirs.st_size, theirs.st_nlink,
            )  # fmt: skip
            assert form == "gnu" or mine.st_mtime_ns == theirs.st_mtime_ns
        assert tree(place) == tree(source)


def test_tarfile_agrees_on_names_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe name \n \xc3\xbc")
    place = layer(tmp_path, archive(entry(name, data=b"x")))
    assert tree(place) == [name]
    with tarfile.open(fileobj=io.BytesIO(archive(entry(name, data=b"x")))) as tar:
        assert [member.name for member in tar] == [name]
