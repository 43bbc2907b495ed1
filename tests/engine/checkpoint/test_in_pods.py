"""Members of pods: they go on with the namespaces that they share, in their own pod or another that shares the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import seabox
from engine.checkpoint.conftest import BOTH
from engine.checkpoint.sleepers import beyond, count, counting, has_gone_on, read
from seabox.container.container import Container
from seabox.errors import InvalidArgument, Unsupported


def shared(ctr: Container) -> list[str]:
    """The namespaces that members of a pod have in common."""
    return [os.readlink(f"/proc/{ctr.snapshot().state.pid}/ns/{kind}") for kind in ("net", "ipc", "uts")]


@BOTH
def test_in_its_pod(engine: seabox.Engine) -> None:
    """In place, as a fork and as a snapshot; what all share is refused."""
    pod = engine.pods.create("pod", hostname="podded")
    pod.start()
    ctr = counting(engine, "one", network=None, pod="pod")
    before = shared(ctr)
    assert ctr.exec_run(["sh", "-c", "echo common > /dev/shm/note"]).code == 0
    at = count(ctr)
    ctr.checkpoint()
    ctr.restore()
    assert shared(ctr) == before
    assert has_gone_on(ctr, at)
    semaphores = ["nsenter", f"--ipc=/proc/{ctr.snapshot().state.pid}/ns/ipc"]
    subprocess.run([*semaphores, "ipcmk", "-S", "1"], check=True, capture_output=True)
    listed = subprocess.run([*semaphores, "ipcs", "-s"], check=True, capture_output=True).stdout
    (child,) = ctr.fork(1, "two")
    assert child.snapshot().facts.pod == pod.id
    assert beyond(child, 0) > at
    ctr.snapshots.create("here")
    ctr.snapshots.restore("here")
    for each in (ctr, child):
        assert shared(each) == before
        assert read(each, "/dev/shm/note") == b"common\n"
        assert read(each, "/proc/sys/kernel/hostname") == b"podded\n"
    semaphores = ["nsenter", f"--ipc=/proc/{ctr.snapshot().state.pid}/ns/ipc"]
    assert subprocess.run([*semaphores, "ipcs", "-s"], check=True, capture_output=True).stdout == listed
    infra = next(seen.facts.id for seen in engine.containers.list() if seen.facts.role == "infra")
    with pytest.raises(Unsupported, match="holds what its pod shares"):
        engine.containers.get(infra).checkpoint()


def test_into_another(engine: seabox.Engine, elsewhere: seabox.Engine, tmp_path: Path) -> None:
    engine.pods.create("pod").start()
    ctr = counting(engine, "one", network=None, pod="pod")
    ctr.checkpoint(export=tmp_path / "c.tar", compression="none")
    at = count(ctr)
    alone = counting(engine, "alone")
    alone.checkpoint(export=tmp_path / "alone.tar", compression="none")
    other = elsewhere.pods.create("other", hostname="elsewhere")
    elsewhere.pods.create("loose", share=["ipc"])
    elsewhere.pods.create("empty", infra=False)
    try:
        with pytest.raises(InvalidArgument, match="name the pod that it is to go on in with --pod"):
            elsewhere.containers.restore(tmp_path / "c.tar")
        with pytest.raises(InvalidArgument, match="shared ipc, net, uts with a pod, pod loose shares ipc: it can"):
            elsewhere.containers.restore(tmp_path / "c.tar", pod="loose")
        with pytest.raises(InvalidArgument, match="shared nothing with a pod, pod other shares ipc, net, uts"):
            elsewhere.containers.restore(tmp_path / "alone.tar", pod="other")
        with pytest.raises(InvalidArgument, match="its pod publishes ports"):
            elsewhere.containers.restore(tmp_path / "c.tar", pod="other", publish=["81:80"])
        assert [seen.facts.role for seen in elsewhere.containers.list()] == ["infra", "infra"]
        (made,) = elsewhere.containers.restore(tmp_path / "c.tar", pod="other")
        infra = elsewhere.containers.get(other.inspect()["InfraContainerID"])
        assert infra.status == "running"  # it was not before
        assert shared(made) == shared(infra)
        assert made.snapshot().facts.pod == other.id
        assert has_gone_on(made, at)
        assert read(made, "/proc/sys/kernel/hostname") == b"elsewhere\n"
        (loner,) = elsewhere.containers.restore(tmp_path / "alone.tar", pod="empty")
        assert has_gone_on(loner, 2)
    finally:
        for name in ("other", "loose", "empty"):
            elsewhere.pods.get(name).remove(force=True)
