from __future__ import annotations

import os
from pathlib import Path

import pytest

from seabox.errors import InvalidArgument, Unsupported
from seabox.oci.choose import choose, is_hybrid

V1 = (
    "25 20 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n26 25 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
BESIDE = "27 25 0:24 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
ALONE = "25 20 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize(
    ("mountinfo", "controllers", "hybrid"),
    [
        (V1, "", False),
        (ALONE, "cpu memory\n", False),
        (V1 + BESIDE, "", False),
        (V1 + BESIDE, "\n", False),
        (V1 + BESIDE, "hugetlb\n", True),
    ],
)
def test_where_crun_cannot_work(mountinfo: str, controllers: str, hybrid: bool) -> None:
    assert is_hybrid(mountinfo, controllers) is hybrid


def find(*installed: str) -> dict[str, str]:
    return {name: f"/usr/bin/{name}" for name in installed}


def test_the_best_that_works_is_taken() -> None:
    def chosen(works: bool, *installed: str) -> str:
        return choose("", lambda name: find(*installed).get(name, ""), lambda: works)

    assert chosen(True, "crun", "runc") == "/usr/bin/crun"
    assert chosen(False, "crun", "runc") == "/usr/bin/runc"
    assert chosen(True, "runc") == "/usr/bin/runc"
    assert chosen(True, "youki") == "/usr/bin/youki"
    with pytest.raises(Unsupported, match=r"install crun or runc.*hybrid|install crun or runc.*crun is there but"):
        chosen(False, "crun")
    with pytest.raises(Unsupported, match="install crun or runc"):
        chosen(True)


def test_what_is_named_is_taken_or_missed(tmp_path: Path) -> None:
    program = tmp_path / "myrunc"
    program.write_text("")
    with pytest.raises(InvalidArgument, match="not executable"):
        choose(str(program), lambda name: "")
    program.chmod(0o755)
    assert choose(str(program), lambda name: "") == str(program)
    assert choose("myrunc", lambda name: str(program) if name == "myrunc" else "") == str(program)
    assert choose(os.path.relpath(program), lambda name: "") == str(program)
    for wrong in ("nosuch", "/no/such", str(tmp_path)):
        with pytest.raises(InvalidArgument, match=wrong):
            choose(wrong, lambda name: "")
