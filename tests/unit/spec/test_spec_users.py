"""Users and groups come from the container's own files, whatever those are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seabox.errors import Refused
from seabox.spec.users import look_up


@pytest.mark.parametrize(
    ("user", "groups", "expected"),
    [
        ("", (), (0, 0, (0, 10), "/root", True)),
        ("root", (), (0, 0, (0, 10), "/root", True)),
        ("bob", (), (1000, 100, (100, 10, 44), "/home/bob", True)),
        ("1000", (), (1000, 100, (100, 10, 44), "/home/bob", True)),
        ("bob:wheel", (), (1000, 10, (10,), "/home/bob", True)),
        ("bob:5", ("video", "77", "5"), (1000, 5, (5, 44, 77), "/home/bob", True)),
        ("7777", (), (7777, 0, (0,), "/", False)),
        ("7777:7778", (), (7777, 7778, (7778,), "/", False)),
        ("1000x", (), (7, 7, (7,), "/seven", True)),
        ("homeless", (), (1001, 1001, (1001,), "/", True)),
        (":wheel", (), (0, 10, (10,), "/root", True)),
        ("2147483647", (), (2147483647, 0, (0,), "/", False)),
    ],
)
def test_look_up(root: Path, user: str, groups: tuple[str, ...], expected: tuple[object, ...]) -> None:
    found = look_up(str(root), user, groups)
    assert (found.uid, found.gid, found.groups, found.home, found.listed) == expected


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("alice", "unable to find user alice: no matching entries in passwd file"),
        ("huge", "unable to find user huge: no matching entries in passwd file"),
        ("bob:crew", "unable to find group crew: no matching entries in group file"),
        ("bob:bad", "unable to find group bad: no matching entries in group file"),
    ],
)
def test_who_does_not_exist(root: Path, user: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        look_up(str(root), user)
    assert str(caught.value) == words
    assert caught.value.exit_code == 126


def test_no_files_at_all(tmp_path: Path) -> None:
    found = look_up(str(tmp_path), "")
    assert (found.uid, found.gid, found.groups, found.home) == (0, 0, (0,), "/")
    with pytest.raises(Refused, match="no matching entries in group file"):
        look_up(str(tmp_path), "5:staff")


def test_links_stay_inside_of_the_root(root: Path, tmp_path: Path) -> None:
    """An image's /etc/passwd that points to the host's says nothing about the host's users."""
    outside = tmp_path / "passwd"
    outside.write_text("eve:x:666:666::/:\n")
    passwd = root / "etc/passwd"
    for target in (str(outside), "../../passwd", "/proc/self/root" + str(outside)):
        passwd.unlink()
        passwd.symlink_to(target)
        with pytest.raises(Refused, match="unable to find user eve"):
            look_up(str(root), "eve")


@pytest.mark.parametrize("kind", ["fifo", "directory", "endless", "device-link"])
def test_a_file_that_is_none_neither_holds_nor_fills_us(root: Path, kind: str) -> None:
    passwd = root / "etc/passwd"
    passwd.unlink()
    if kind == "fifo":
        os.mkfifo(passwd)
    elif kind == "directory":
        passwd.mkdir()
    elif kind == "endless":
        with open(passwd, "wb") as file:
            file.truncate(1 << 40)
    else:
        passwd.symlink_to("/dev/zero")
        (root / "dev/zero").symlink_to("/dev/zero")  # a loop inside of the root
    if kind == "device-link":
        assert look_up(str(root), "").home == "/"
    else:
        with pytest.raises(Refused, match="cannot use /etc/passwd of the container"):
            look_up(str(root), "bob")


def test_a_home_with_control_characters_is_none(root: Path) -> None:
    (root / "etc/passwd").write_bytes(b"bob:x:5:5::/a\x1b[31m:/bin/sh\n")
    assert look_up(str(root), "bob").home == "/"
