"""The census sees one leak of every kind, and nothing where nothing is."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seabox.kernel import cgroups, files, mounts, namespaces, process
from seabox.kernel.libc import libc
from seabox.testing import census
from seabox.testing.census import Census, difference, take

ID = "d" * 64

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Store:
    """The directories and the cgroup parent of an engine that has run a while, and what is to be undone."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        self.root, self.runroot = f"{folder}/root", f"{folder}/run"
        self.parent = f"/seabox-census-{uuid.uuid4().hex[:8]}"
        self.undo = undo
        for path in ("overlay", "vfs", "containers", "trash", "layers/c/diff", "blobs/sha256"):
            files.make_dirs(f"{self.root}/{path}")
        for path in ("containers", "locks", "runc", "crun"):
            files.make_dirs(f"{self.runroot}/{path}")
        for path in (f"{self.root}/seabox.db", f"{self.root}/storage-driver", f"{self.runroot}/removed"):
            files.touch(path)
        for top in cgroups.hierarchies():
            os.makedirs(f"{top}{self.parent}")
        undo.callback(cgroups.remove, self.parent, kill=True)

    def census(self) -> Census:
        return take(self.root, self.runroot, cgroup_parent=self.parent)

    def child(self, word: str) -> int:
        """A child that stands still and has none of its own, with a word on its command line."""
        pid = process.spawn(["/bin/sh", "-c", "kill -STOP $$", word], env=process.clean_env(), new_group=True)
        self.undo.callback(process.kill_group, pid)
        while not process.stopped(pid):  # the kernel shows the words of a fresh program a moment after it is there
            os.sched_yield()
        return pid


def executes(pid: int, *words: str) -> None:
    """The process has become the program with these words, and shows them."""
    while process.arguments(pid) != list(words):
        os.sched_yield()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with ExitStack() as undo:
        yield Store(tmp_path, undo)


def plant_mount(store: Store) -> str:
    target = f"{store.root}/containers"
    mounts.mount_tmpfs(target, 1 << 20)
    store.undo.callback(mounts.umount, target)
    return f"mount: {target}"


def plant_second_mount_in_one_place(store: Store) -> str:
    mounts.bind(f"{store.runroot}/locks", f"{store.runroot}/locks")
    store.undo.callback(mounts.umount, f"{store.runroot}/locks")
    return f"mount: {store.runroot}/locks"


def plant_namespace_under_the_run_root(store: Store) -> str:
    namespaces.make_network_namespace(f"{store.runroot}/net")
    store.undo.callback(mounts.umount, f"{store.runroot}/net")
    return f"mount: {store.runroot}/net"


def plant_named_namespace(store: Store) -> str:
    path = f"/run/netns/seabox-{uuid.uuid4().hex}"
    files.make_dirs("/run/netns", 0o755)
    namespaces.make_network_namespace(path)
    store.undo.callback(files.remove_file, path)
    store.undo.callback(mounts.umount, path)
    return f"network namespace: {path}"


def plant_cgroup(store: Store) -> str:
    top = cgroups.hierarchies()[-1]
    os.mkdir(f"{top}{store.parent}/{ID}")
    return f"cgroup: {top}{store.parent}/{ID}"


def plant_conmon(store: Store) -> str:
    """One that has lost its parent, as conmon has."""
    read, write = os.pipe()
    process.reap(
        process.spawn(
            ["/bin/sh", "-c", f"tail -f /dev/null {store.runroot}/removed >/dev/null & echo $!"],
            env=process.clean_env(),
            stdout=write,
        )
    )
    os.close(write)
    with open(read) as file:
        pid = int(file.readline())
    store.undo.callback(os.kill, pid, signal.SIGKILL)
    executes(pid, "tail", "-f", "/dev/null", f"{store.runroot}/removed")
    return f"process: {pid} (tail) tail -f /dev/null {store.runroot}/removed"


def plant_process_in_a_cgroup(store: Store) -> str:
    pid = store.child("anonymous")
    for path in cgroups.paths(store.parent):
        if "cpuset" not in path:
            Path(path, "cgroup.procs").write_text(str(pid))
    return f"process: {pid} (sh) /bin/sh -c kill -STOP $$ anonymous"


def plant_process_in_a_container(store: Store) -> str:
    """An orphan that names nothing and is in no cgroup of ours, but lives on a root file system of ours."""
    read, write = os.pipe()
    mount = f"mount --bind {store.root}/layers/c/diff /mnt; exec sleep 100"
    process.reap(
        process.spawn(
            ["/bin/sh", "-c", f"unshare -m --propagation private sh -c '{mount}' >/dev/null & echo $!"],
            env=process.clean_env(),
            stdout=write,
        )
    )
    os.close(write)
    with open(read) as file:
        pid = int(file.readline())
    store.undo.callback(os.kill, pid, signal.SIGKILL)
    executes(pid, "sleep", "100")
    return f"process: {pid} (sleep) sleep 100"


def plant_child(store: Store) -> str:
    return f"process: {store.child('mine')} (sh) /bin/sh -c kill -STOP $$ mine"


def plant_zombie(store: Store) -> str:
    pid = process.spawn(["/bin/true"], env={})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    store.undo.callback(process.reap, pid)
    return f"process: {pid} (true) zombie"


def plant_descriptor(store: Store) -> str:
    fd = os.open(f"{store.root}/seabox.db", os.O_RDONLY)
    store.undo.callback(os.close, fd)
    return f"fd: {store.root}/seabox.db"


def plant_inotify(store: Store) -> str:
    fd = libc.inotify_init1(ctypes.c_int(os.O_CLOEXEC))
    store.undo.callback(os.close, fd)
    return "fd: anon_inode:inotify"


def planted_directory(kind: str, path: str) -> Callable[[Store], str]:
    def plant(store: Store) -> str:
        where = path.format(root=store.root, runroot=store.runroot, id=ID)
        files.make_dirs(where)
        return f"{kind}: {where}"

    plant.__name__ = f"plant_{path}"
    return plant


PLANTS: list[Callable[[Store], str]] = [
    plant_mount, plant_second_mount_in_one_place, plant_namespace_under_the_run_root, plant_named_namespace,
    plant_cgroup, plant_conmon, plant_process_in_a_cgroup, plant_process_in_a_container, plant_child, plant_zombie,
    plant_descriptor, plant_inotify,
    planted_directory("runtime record", "{runroot}/runc/{id}"),
    planted_directory("runtime record", "{runroot}/crun/{id}"),
    planted_directory("run directory", "{runroot}/containers/{id}"),
    planted_directory("lock", "{runroot}/locks/volume-x"),
    planted_directory("storage", "{root}/overlay/{id}"),
    planted_directory("storage", "{root}/vfs/{id}"),
    planted_directory("storage", "{root}/containers/{id}"),
    planted_directory("storage", "{root}/trash/{id}.12345678"),
    planted_directory("storage", "{root}/secrets/{id}"),
    planted_directory("temporary file", "{root}/layers/.new.123456"),
    planted_directory("temporary file", "{root}/blobs/sha256/.abc.123456~"),
    planted_directory("temporary file", "{runroot}/.file.123456~"),
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__.removeprefix("plant_"))
def test_a_leak_is_seen_for_what_it_is_and_nothing_else_with_it(store: Store, plant: Callable[[Store], str]) -> None:
    before = store.census()
    planted = plant(store)
    assert difference(before, store.census()) == [planted]
    assert before.left_since(timeout_seconds=0.01) == [planted]
    assert difference(store.census(), before) == []


def test_where_nothing_is_left_nothing_is_seen(store: Store) -> None:
    before = store.census()
    files.make_dirs(f"{store.root}/layers/new/diff/.hidden~")  # an image that is kept
    files.touch(f"{store.root}/blobs/sha256/abc")
    assert difference(before, store.census()) == []
    assert before.left_since() == []


def test_two_of_a_kind_are_two_leaks(store: Store) -> None:
    first, second = plant_inotify(store), plant_inotify(store)
    before = store.census()
    assert difference(before, store.census()) == []
    store.undo.close()
    with ExitStack() as undo:
        store.undo = undo
        assert difference(store.census(), before) != []
    assert first == second


def test_a_process_that_is_about_to_end_gets_the_time(store: Store) -> None:
    """conmon's exit command may still be at work when the last call of a test returns."""
    before = store.census()
    files.make_dirs(f"{store.runroot}/containers/{ID}")
    gate, theirs = os.pipe()
    script = f"(read x <&3; rmdir {store.runroot}/containers/{ID}) & :"
    process.reap(process.spawn(["/bin/sh", "-c", script], env=process.clean_env(), pass_fds={3: gate}))
    os.close(gate)
    left = difference(before, store.census())
    assert [line.partition(":")[0] for line in left] == ["fd", "process", "run directory"]
    os.close(theirs)
    assert before.left_since() == []


def test_one_that_does_not_show_what_it_is_gets_the_time_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an exit command in the middle of its exec: here it is a shell without a name, and nobody's child."""
    monkeypatch.setattr(census, "_SETTLED", 0.0)
    (gate, theirs), (said, its) = os.pipe(), os.pipe()
    before = store.census()
    folder = f"{store.runroot}/containers/{ID}"
    files.make_dirs(folder)
    program = [sys.executable, "-c", "import os\nif not os.fork(): os.execv('/bin/sh', [' '])"]
    process.reap(process.spawn(program, env=process.clean_env(), stdin=gate, stdout=its))
    os.write(theirs, b"echo\n")
    os.read(said, 1)
    for fd in (gate, said, its):
        os.close(fd)

    def go_on() -> None:
        os.write(theirs, f"rmdir {folder}\n".encode())
        os.close(theirs)

    later = threading.Timer(0.3, go_on)
    later.start()
    assert before.left_since() == []
    later.join()
