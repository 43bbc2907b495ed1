"""chown_tree keeps to its tree."""

from __future__ import annotations

import os
from pathlib import Path

from seabox.kernel.ownership import chown_tree


def test_a_tree_is_given_and_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "file").touch()
    (tree / "link").symlink_to(outside)
    (tree / "a" / "link").symlink_to(outside / "file")
    chown_tree(str(tree), 1234, 5678)
    owners = {str(p.relative_to(tmp_path)): (p.lstat().st_uid, p.lstat().st_gid) for p in tmp_path.rglob("*")}
    given = {"tree", "tree/a", "tree/a/b", "tree/a/file", "tree/link", "tree/a/link"}
    assert {name for name, owner in owners.items() if owner == (1234, 5678)} == given
    assert owners["outside/file"] == (os.geteuid(), os.getegid())


def test_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    chown_tree(str(tmp_path / "file"), 1, 2)
    assert (tmp_path / "file").stat().st_uid == 1
