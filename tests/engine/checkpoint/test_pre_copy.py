"""Pre-copy: memory is written while the processes go on, and the checkpoint holds only what was changed since.

It takes a kernel that tracks changed memory, as criu says; Debian's own does (make vm).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import PYTHON, beyond, count, counting, has_gone_on
from engine.home import init_of, kinds, last
from seabox.checkpoint.document import BadCheckpoint
from seabox.container.container import Container
from seabox.container.dumping import CheckpointFailed
from seabox.errors import InvalidArgument, Unsupported

MEGABYTES = 32
# All of it is looked at again each time, and one page is changed.
MEMORY = f"""
import time
pages = {MEGABYTES} << 8
held = bytearray().join(each.to_bytes(4, "little") * 1024 for each in range(pages))
said = {{}}
n = 0
while True:
    n += 1
    held[(at := n * 61 % pages) * 4096 : at * 4096 + 4] = n.to_bytes(4, "little")
    said[at] = n
    found = [int.from_bytes(held[each * 4096 : each * 4096 + 4], "little") for each in range(pages)]
    assert all(found[each] == said.get(each, each) for each in range(pages))
    print(n, flush=True)
    time.sleep(0.05)
"""
LOCKING = "import fcntl\nfile = open('/lock', 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\n"


@pytest.fixture
def tracked(engine: seabox.Engine) -> None:
    """The kernel can tell which memory was changed."""
    if not _is_tracked(engine):
        pytest.skip("this kernel does not track changed memory (criu check --feature mem_dirty_track): make vm has one")


def _is_tracked(engine: seabox.Engine) -> bool:
    argv = [engine._rooms.criu, "check", "--feature", "mem_dirty_track"]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def holding(engine: seabox.Engine, image: Path, program: str = MEMORY) -> Container:
    """A container whose memory is large and changes slowly."""
    engine.images.import_tar(str(image), "python")
    ctr = engine.containers.run("localhost/python", [PYTHON, "-S", "-E", "-c", program], network="none")
    beyond(ctr, 2)
    return ctr


def size(folder: str) -> int:
    """The bytes of memory in a directory of criu's images."""
    return sum(each.stat().st_size for each in Path(folder).glob("pages-*.img"))


@BOTH
def test_where_it_cannot_be(engine: seabox.Engine) -> None:
    """That is said, and nothing has happened."""
    if _is_tracked(engine):
        pytest.skip("it can")
    ctr = counting(engine, "sleeper")
    with pytest.raises(Unsupported, match="CONFIG_MEM_SOFT_DIRTY"):
        ctr.checkpoint(pre_checkpoint=True)
    assert has_gone_on(ctr, count(ctr))
    with pytest.raises(InvalidArgument, match="has no pre-checkpoint"):
        ctr.checkpoint(with_previous=True)


@BOTH
@pytest.mark.usefixtures("tracked")
def test_only_what_was_changed_is_written(engine: seabox.Engine, python_image: Path) -> None:
    ctr = holding(engine, python_image)
    static, before, since = engine.config.static_dir(ctr.id), init_of(ctr), last(engine)
    for _ in range(3):  # the latest counts
        ctr.checkpoint(pre_checkpoint=True)
        beyond(ctr, count(ctr) + 2)
    assert init_of(ctr) == before
    assert kinds(engine, since) == ["checkpoint"] * 3
    assert (ctr.status, ctr.snapshot().state.checkpointed) == ("running", False)
    assert size(f"{static}/pre-checkpoint/criu") > MEGABYTES << 20
    done = ctr.checkpoint(with_previous=True)
    at = count(ctr)
    assert 0 < size(f"{static}/checkpoint/criu") < (MEGABYTES << 20) / 2
    assert done.criu["pages_written"] < (MEGABYTES << 8) / 2
    ctr.restore()
    assert has_gone_on(ctr, at + 2)
    assert [each for each in os.listdir(static) if "checkpoint" in each] == []
    with pytest.raises(InvalidArgument, match="has no pre-checkpoint to build upon"):
        ctr.checkpoint(with_previous=True)


@BOTH
@pytest.mark.usefixtures("tracked")
def test_a_pre_checkpoint_is_built_upon_once(engine: seabox.Engine, python_image: Path) -> None:
    """What was changed before the first that builds upon it would be missing in a second."""
    ctr = holding(engine, python_image)
    ctr.checkpoint(pre_checkpoint=True)
    beyond(ctr, count(ctr) + 2)
    ctr.checkpoint(with_previous=True, keep_running=True)
    at = count(ctr)
    beyond(ctr, at + 2)
    with pytest.raises(InvalidArgument, match="has no pre-checkpoint to build upon"):
        ctr.checkpoint(with_previous=True)
    ctr.checkpoint(pre_checkpoint=True)  # nor does this one take the other's place below the checkpoint
    last_said = beyond(ctr, count(ctr) + 2)
    ctr.stop(timeout=0)
    ctr.restore()
    assert any(at < int(line.payload) <= last_said for line in list(ctr.logs())[-1:]) or beyond(ctr, at) > at
    beyond(ctr, count(ctr) + 4)


@pytest.mark.usefixtures("tracked")
def test_one_of_an_earlier_run(engine: seabox.Engine, python_image: Path) -> None:
    ctr = holding(engine, python_image)
    ctr.checkpoint(pre_checkpoint=True)
    ctr.restart(timeout=0)
    with pytest.raises(InvalidArgument, match="has been started since its pre-checkpoint: make another"):
        ctr.checkpoint(with_previous=True)
    ctr.checkpoint(pre_checkpoint=True)
    ctr.checkpoint(with_previous=True)
    ctr.restore()
    beyond(ctr, count(ctr) + 4)


@pytest.mark.usefixtures("tracked")
def test_one_that_failed(engine: seabox.Engine, python_image: Path) -> None:
    """Its processes run as before; the kernel may have forgotten what they changed, so there is none to build upon."""
    ctr = holding(engine, python_image, LOCKING + MEMORY)
    ctr.checkpoint(pre_checkpoint=True)
    with pytest.raises(CheckpointFailed, match="lock"):
        ctr.checkpoint(with_previous=True)
    with pytest.raises(InvalidArgument, match="has no pre-checkpoint to build upon"):
        ctr.checkpoint(with_previous=True, file_locks=True)
    ctr.checkpoint(pre_checkpoint=True, file_locks=True)
    ctr.checkpoint(with_previous=True, file_locks=True)
    at = count(ctr)
    ctr.restore()
    assert has_gone_on(ctr, at + 2)


@BOTH
@pytest.mark.usefixtures("tracked")
def test_archives(engine: seabox.Engine, elsewhere: seabox.Engine, python_image: Path, tmp_path: Path) -> None:
    """The memory in one archive, what was changed since in another: together they are the container."""
    names = (stale, memory, rest) = [tmp_path / each for each in ("stale.tar", "memory.tar", "rest.tar")]
    ctr = holding(engine, python_image)
    ctr.checkpoint(pre_checkpoint=True, export=stale, compression="none")
    ctr.checkpoint(pre_checkpoint=True, export=memory, compression="none")
    beyond(ctr, count(ctr) + 2)
    ctr.checkpoint(with_previous=True, export=rest, compression="none")
    at = count(ctr)
    ctr.remove()
    assert rest.stat().st_size < memory.stat().st_size / 2
    elsewhere.images.import_tar(str(python_image), "python")
    for wrong, words in (
        ({}, "name its archive with --import-previous"), ({"import_previous": stale}, "not the pre-checkpoint that"),
        ({"import_previous": rest}, "not a pre-checkpoint"),
    ):  # fmt: skip
        with pytest.raises(BadCheckpoint, match=words):
            elsewhere.containers.restore(rest, **wrong)  # type: ignore[arg-type]
        assert elsewhere.containers.list() == []
    with pytest.raises(BadCheckpoint, match="which holds memory only"):
        elsewhere.containers.restore(memory)
    (made,) = elsewhere.containers.restore(rest, import_previous=memory)
    assert has_gone_on(made, at + 2)
    (other,) = elsewhere.containers.restore(rest, import_previous=memory, name="other")
    assert has_gone_on(other, at + 2)
    assert all(each.exists() for each in names)
