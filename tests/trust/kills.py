"""R1: kill -9 at every edge of every effect of every operation; one next call must put everything right.

For each operation its points are recorded once (seabox.testing.killpoints); then, for each point, a container is
brought into the state the operation starts from, the operation is killed at that point, ONE next call is made, and
what the store says is held against what the kernel has. At the end the container is removed by force and nothing
may be left.
"""

from __future__ import annotations

import errno
import io
import os
import random
import signal
import sys
import tarfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

import seabox
from engine.checkpoint.podmans import as_podmans
from engine.network.lan import traces
from seabox.container import snapshot
from seabox.container.container import Container
from seabox.container.ended import deal_with_end
from seabox.container.snapshots import NoSuchSnapshot, SnapshotExists
from seabox.errors import (
    Conflict,
    NameInUse,
    NoSuchContainer,
    NoSuchPod,
    OCIRuntimeFailed,
    RemovalFinished,
    SeaboxError,
)
from seabox.kernel import cgroups, mounts, process
from seabox.kernel.locks import lock_file, unlock
from seabox.model.exec import ExecRecord
from seabox.model.record import INFRA, Claim, ProcessId, Status
from seabox.network import netns
from seabox.pods.pod import Pod
from seabox.secrets.errors import NoSuchSecret
from seabox.testing.killpoints import Point, fail_at, kill_at, record
from seabox.volumes.errors import NoSuchVolume

ARCHIVE = (tarfile.TarInfo("made").tobuf(), bytes(1024))
NAME, RENAMED, POD = "victim", "renamed", "den"
LAN, OTHER = "lan", "other"
CHILDREN = ("child-1", "child-2")
KEPT = "kept"  # a file that some containers have
TOKEN = "token"  # a secret that some containers have
DATA, SCRATCH = "data", "scratch"  # volumes: a directory that /etc of the image is copied to, a tmpfs
SLEEPER = ["sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 1000 & wait; done"]


class World:
    """One store with the embedded image, and the kernel's side of it."""

    def __init__(self, folder: str, runtime: str) -> None:
        self.runtime = runtime
        self.engine = seabox.Engine(
            root=f"{folder}/root", runroot=f"{folder}/run", runtime=runtime, network="none"
        )  # fmt: skip
        self.engine.images.embed("busybox")
        for network in (LAN, OTHER):
            self.engine.networks.create(network)
        self.rooms = self.engine._rooms
        self.pods: set[str] = set()  # all that there were, half made ones as well
        self.create().remove()  # what only the first creation does is no point: it cannot be met again

    def command_line(self) -> list[str]:
        """What calls the command line on this store."""
        config = self.rooms.config
        return [
            sys.executable, "-m", "seabox.cli.main", "--root", config.root, "--runroot", config.runroot,
            "--runtime", self.runtime,
        ]  # fmt: skip

    def close(self) -> None:
        self.clear()
        self.engine.close()

    def clear(self) -> None:
        """No container and no pod is there."""
        for pod in self.engine.pods.list():
            self.engine.pods.get(pod.facts.id).remove(force=True, timeout=0)
        for seen in self.engine.containers.list():
            try:
                Container(self.rooms, seen.facts.id).remove(force=True, timeout=0)
            except NoSuchContainer:
                self.settle(seen.facts.id)  # an exit command did it
        for volume in self.engine.volumes.list():
            self.engine.volumes.remove(volume.name, force=True)
        self.engine.secrets.remove_all()

    def create(self, **options: Any) -> Container:
        return self.engine.containers.create("busybox", SLEEPER, name=NAME, stop_timeout=1, init=False, **options)

    def create_pod(self) -> Pod:
        return self.engine.pods.create(POD, network="none", exit_policy="stop", memory=256 << 20)

    def create_member(self) -> Container:
        return self.create(pod=POD)

    def pod(self) -> Pod:
        return self.engine.pods.get(POD)

    def create_networked(self) -> Container:
        return self.create(network=LAN, publish=["127.0.0.1:18080:80"])

    def create_with_volumes(self, **options: Any) -> Container:
        if not self.engine.volumes.exists(SCRATCH):
            self.engine.volumes.create(SCRATCH, options={"type": "tmpfs", "o": "size=1m"})
        return self.create(volumes=[f"{DATA}:/etc", f"{SCRATCH}:/scratch", "/anonymous"], **options)

    def create_with_secrets(self) -> Container:
        self.engine.secrets.create(TOKEN, "bytes", ignore=True)
        return self.create(secrets=[TOKEN, f"{TOKEN},type=env"])

    def find(self) -> Container:
        names = [seen.facts.name for seen in self.engine.containers.list()]
        return self.engine.containers.get(RENAMED if RENAMED in names else NAME)

    def traces(self, id: str) -> dict[str, object]:
        """What the kernel and the runtime have of a container."""
        state = self.rooms.runtime(self.rooms.chosen_runtime).state(id)
        return {
            "runtime": state.status if state is not None else None,
            "conmon": len(process.spawned_for(id, ("conmon",))),
            "mounts": len([m for m in mounts.mounts_under(self.rooms.config.root) if id in m]),
            "cgroup": any(glob(f"{top}/seabox/{place}{id}") for top in cgroups.hierarchies() for place in ("", "*/")),
            "network": netns.is_pinned(id),
            "leases": list(self.engine.networks.leases(LAN).values()).count(id),
        }

    @property
    def _passing(self) -> tuple[str, ...]:
        """The names of programs that work on a container and end: the exit command, the runtime."""
        return ("flock", os.path.basename(sys.executable), os.path.basename(self.runtime))

    def settle(self, id: str, keep: Collection[object] = (), seconds: float = 60.0) -> None:
        """Processes that were on their way out (a conmon in its exit command) are gone; `keep` may stay."""
        for stray in process.spawned_for(id, ("conmon", *self._passing)):
            if stray not in keep and stray != self._init_of(id):
                process.wait_gone(stray, seconds)

    def _init_of(self, id: str) -> ProcessId | None:
        """The first process of the container: until it is started it bears the words of the runtime."""
        try:
            return self.rooms.store.load(id).state.process
        except NoSuchContainer:
            return None

    def lost_files(self, id: str) -> list[str]:
        """What a container that is still there has lost."""
        path = f"{self.rooms.storage.upper_dir(id)}/{KEPT}"
        there = [each.facts.id for each in self.engine.containers.list()]
        return [f"{path} is lost"] if id in there and not os.path.exists(path) else []

    def complaints(self, id: str) -> list[str]:
        """Where the store and the kernel disagree about a container, once what was at work on it has ended."""
        for stray in process.spawned_for(id, self._passing):
            if stray != self._init_of(id):
                process.wait_gone(stray, 60)
        try:
            record = self.rooms.store.load(id)
        except NoSuchContainer:
            self.settle(id)
            found = self.traces(id)
            left = [f"gone, but {key} is {value}" for key, value in found.items() if value]
            for path in self._places(id):
                if os.path.lexists(path):
                    left.append(f"gone, but {path} exists")
            return left
        if record.claim is not None and not process.alive(record.claim.holder):
            self.settle(id, keep=[record.state.conmon])  # an exit command that is at it
            return (
                self.complaints(id) if self._claim_of(id) != record.claim else [f"a claim of the dead: {record.claim}"]
            )
        status = snapshot.of(self.rooms, record).state.status
        wrong = []
        sessions = self.rooms.store.execs.of(id, active=True)
        self.settle(id, keep=[record.state.conmon, *(each.conmon for each in sessions)])
        if self._status_of(id) is not status:  # it was dying all the while, and has
            return self.complaints(id)
        found = self.traces(id)
        if status not in (Status.STOPPED, Status.REMOVING):
            wrong += self._exec_complaints(id, sessions)
        alive = {Status.CREATED: "created", Status.RUNNING: "running", Status.PAUSED: "paused"}.get(status)
        if alive is not None:
            networked = record.facts.networked
            own_root = int(record.facts.role != INFRA)  # its root is a directory, which all of them share
            expected = {"runtime": alive, "conmon": 1 + len(sessions), "mounts": own_root, "cgroup": True}
            expected |= {"network": networked, "leases": networked}
        elif status in (Status.STOPPED, Status.REMOVING):
            return wrong  # more is to be done, by the exit command or the next call
        else:
            expected = {"runtime": None, "conmon": 0, "mounts": int(record.state.mount_count > 0), "cgroup": False}
        wrong += [f"{status}, but {k} is {found[k]}, not {v}" for k, v in expected.items() if found[k] != v]
        return wrong

    def _status_of(self, id: str) -> Status | None:
        """What the container is now, None if it is not."""
        try:
            return snapshot.of(self.rooms, self.rooms.store.load(id)).state.status
        except NoSuchContainer:
            return None

    def _claim_of(self, id: str) -> Claim | None:
        """The claim that the container bears now."""
        try:
            return self.rooms.store.load(id).claim
        except NoSuchContainer:
            return None

    def volume_complaints(self) -> list[str]:
        """Where the store and the kernel disagree about volumes, once somebody has asked for them."""
        listed = {volume.name: volume for volume in self.engine.volumes.list()}
        folder = self.rooms.config.volumes
        found = set(os.listdir(folder)) if os.path.isdir(folder) else set()
        wrong = [f"volumes {sorted(listed)}, directories {sorted(found)}"] if found != set(listed) else []
        mounted = set(mounts.mounts_under(folder)) if found else set()
        expected = {volume.mountpoint for volume in listed.values() if volume.mount_count}
        wrong += [f"mounted {mounted}, to be mounted {expected}"] if mounted != expected else []
        copied = [
            name for name, volume in listed.items()
            if name == DATA and not volume.needs_copy_up and "passwd" not in os.listdir(volume.mountpoint)
        ]  # fmt: skip
        half = [name for name in found for entry in os.listdir(f"{folder}/{name}") if entry != "_data"]
        return wrong + [f"no copy in {name}" for name in copied] + [f"half a copy in {name}" for name in half]

    def secret_complaints(self) -> list[str]:
        """Where the secrets that there are and their files differ, once somebody has asked for them."""
        listed = {secret.id for secret in self.engine.secrets.list()}
        folder = self.rooms.config.secrets
        found = set(os.listdir(folder)) if os.path.isdir(folder) else set()
        wrong = [f"secrets {sorted(listed)}, files {sorted(found)}"] if found != listed else []
        held = [self.engine.secrets.data(id) for id in sorted(listed & found)]
        return wrong + [f"a secret holds {each!r}" for each in held if each not in (b"bytes", b"other bytes")]

    def _exec_complaints(self, id: str, sessions: list[ExecRecord]) -> list[str]:
        """Where the container's exec sessions and what there is of them differ."""
        wrong = [f"{each!r}, but no process" for each in sessions if not (each.process and process.alive(each.process))]
        try:
            folders = set(os.listdir(f"{self.rooms.config.run_dir(id)}/exec"))
        except FileNotFoundError:
            folders = set()
        if folders != {each.id for each in sessions}:
            wrong.append(f"directories of the sessions {folders}, records {sessions}")
        return wrong

    def _places(self, id: str) -> list[str]:
        config = self.rooms.config
        return [
            config.run_dir(id), config.static_dir(id), f"{config.root}/overlay/{id}",
            f"{config.runroot}/{os.path.basename(self.runtime)}/{id}",
        ]  # fmt: skip

    def leftovers(self) -> list[str]:
        """What is left in the store's directories although there should be no container."""
        config = self.rooms.config
        found = []
        for folder in (
            f"{config.root}/containers", f"{config.root}/overlay", f"{config.runroot}/containers",
            f"{config.runroot}/{os.path.basename(self.runtime)}", f"{config.root}/trash", config.volumes,
            config.secrets, f"{config.runroot}/locks",
        ):  # fmt: skip
            if os.path.isdir(folder):
                found += [f"{folder}/{name}" for name in os.listdir(folder)]
        found += mounts.mounts_under(config.root)
        found += traces()
        if process.spawned_for(f"{config.runroot}/networks/aardvark-dns", ("aardvark-dns",)):
            found.append("aardvark-dns")
        found += [f"{netns.FOLDER}/{name}" for name in os.listdir(netns.FOLDER)]
        found += [f"address {address}" for address in self.engine.networks.leases(LAN)]
        found += [f"pod {pod.id}" for pod in self.rooms.store.pods.list()]
        found += [path for id in self.pods for path in cgroups.paths(f"/seabox/{id}")]
        found += [place for place in mounts.mounts_under(config.runroot) if place.endswith("/shm")]
        found += [f"record of {seen.facts.id}" for seen in self.engine.containers.list()]
        return found


def _attended(ctr: Container) -> int:
    """Keeps the exit command from dealing with the container's end, as a live engine would."""
    fd = lock_file(f"{ctr._on.config.run_dir(ctr.id)}/attended", timeout=0, shared=True)
    assert fd is not None
    return fd


def _configured(world: World) -> Container:
    return world.create()


def _networked(world: World) -> Container:
    return world.create_networked()


def _networked_running(world: World) -> Container:
    return _ready(world.create_networked())


def _networked_ended(world: World) -> Container:
    return _end(world, _networked_running(world))


def _networked_exited(world: World) -> Container:
    ctr = _networked_ended(world)
    ctr.cleanup()
    return ctr


def _connected(world: World) -> Container:
    ctr = _networked_running(world)
    ctr.connect(world.engine.networks.get(OTHER))
    return ctr


def _disconnect(world: World) -> None:
    with suppress(Conflict):  # it may have happened before the kill
        world.find().disconnect(world.engine.networks.get(OTHER))


def _connect(world: World) -> None:
    with suppress(Conflict):
        world.find().connect(world.engine.networks.get(OTHER))


def _created(world: World) -> Container:
    ctr = world.create()
    ctr.init()
    return ctr


def _running(world: World) -> Container:
    """A container that has set its trap: a first process without one would ignore SIGTERM."""
    return _ready(world.create())


def _ready(ctr: Container) -> Container:
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    return ctr


def _paused(world: World) -> Container:
    ctr = _running(world)
    ctr.pause()
    return ctr


def _ended(world: World) -> Container:
    """A container whose process has ended with code 9 and whose end nobody has recorded."""
    return _end(world, _running(world))


def _end(world: World, ctr: Container) -> Container:
    fd = _attended(ctr)
    state = world.rooms.store.load(ctr.id).state
    assert state.process is not None
    assert state.conmon is not None
    process.send_signal(state.process, signal.SIGTERM)
    assert process.wait_gone(state.conmon, 60)
    unlock(fd)
    return ctr


def _with_volumes(world: World) -> Container:
    return world.create_with_volumes()


def _with_volumes_running(world: World) -> Container:
    return _ready(world.create_with_volumes())


def _with_volumes_ended(world: World) -> Container:
    return _end(world, _with_volumes_running(world))


def _with_volumes_that_go(world: World) -> Container:
    return _end(world, _ready(world.create_with_volumes(auto_remove=True)))


def _with_a_volume(world: World) -> Container:
    if not world.engine.volumes.exists("extra"):
        world.engine.volumes.create("extra", options={"type": "tmpfs"})
    return world.create()


def _create_volume(world: World) -> None:
    world.engine.volumes.create("extra", ignore=True)


def _remove_volume(world: World) -> None:
    with suppress(NoSuchVolume):
        world.engine.volumes.remove("extra")


def _with_secrets(world: World) -> Container:
    return world.create_with_secrets()


def _with_a_secret(world: World) -> Container:
    world.engine.secrets.create(TOKEN, "bytes", ignore=True)
    return world.create()


def _create_secret(world: World) -> None:
    world.engine.secrets.create(TOKEN, "bytes", ignore=True)


def _replace_secret(world: World) -> None:
    world.engine.secrets.create(TOKEN, "other bytes", replace=True)


def _remove_secret(world: World) -> None:
    with suppress(NoSuchSecret):  # it may have happened before the kill
        world.engine.secrets.remove(TOKEN)


def _exited(world: World) -> Container:
    ctr = _ended(world)
    ctr.cleanup()
    return ctr


def _mounted(world: World) -> Container:
    ctr = world.create()
    ctr.mount()
    return ctr


def _with_session(world: World) -> Container:
    ctr = _running(world)
    ctr.exec_detached(["sleep", "1000"])
    return ctr


def _lost(world: World) -> Container:
    """A container that its policy wants to run again, whose end nobody has seen; no supervisor will come to help."""
    world.rooms.supervise = lambda needed: None  # type: ignore[method-assign]
    _dismiss(world)  # a lookout may have become one
    ctr = world.engine.containers.create(
        "busybox", SLEEPER, name=NAME, stop_timeout=1, restart="always", log_driver="none"
    )
    ctr.start()
    state = world.rooms.store.load(ctr.id).state
    for each in (state.conmon, state.process):
        assert each is not None
        process.send_signal(each, signal.SIGKILL)
        assert process.wait_gone(each, 60)
    return ctr


def _pod(world: World) -> Container:
    world.create_pod()
    return world.create_member()


def _pod_running(world: World) -> Container:
    ctr = _pod(world)
    ctr.start_dependencies()
    return _ready(ctr)


def _pod_paused(world: World) -> Container:
    ctr = _pod_running(world)
    world.pod().pause()
    return ctr


def _pod_exited(world: World) -> Container:
    ctr = _pod_running(world)
    world.pod().stop(timeout=0)
    return ctr


def _pod_ended(world: World) -> Container:
    """Its only member has ended, and nobody has done what the exit policy says."""
    return _end(world, _pod_running(world))


def _pod_alone(world: World) -> None:
    world.create_pod()


def _unsupervised(world: World) -> Container:
    """A running container whose supervisor was killed."""
    vars(world.rooms).pop("supervise", None)  # see _lost
    ctr = _running(world)
    _dismiss(world)
    return ctr


def _dismiss(world: World) -> None:
    """Neither a supervisor nor a lookout is there."""
    programs = (os.path.basename(sys.executable), "setsid", "sh")
    for each in process.spawned_for(f"root={world.rooms.config.root}", programs):
        if any(word.endswith(("/supervisor.py", "/lookout.sh")) for word in process.arguments(each.pid)):
            process.send_signal(each, signal.SIGKILL)
            assert process.wait_gone(each, 60)


def _archive(world: World) -> str:
    return f"{world.rooms.config.root}/checkpoint.tar"


def _sleeping(world: World) -> Container:
    """A container whose processes are in a checkpoint."""
    ctr = _with_a_file(world)
    ctr.checkpoint()
    return ctr


def _exported(world: World) -> None:
    """An archive, and no container."""
    ctr = _running(world)
    ctr.checkpoint(export=_archive(world), compression="none")
    ctr.remove()


def _exported_by_podman(world: World) -> None:
    """An archive in podman's form, with a /dev/shm that is to be mounted from outside; and no container."""
    shm = f"{world.rooms.config.root}/shm"
    os.makedirs(shm, exist_ok=True)
    ctr = _ready(world.create(volumes=[f"{shm}:/dev/shm"]))
    ctr.checkpoint(export=f"{_archive(world)}.ours", compression="none")
    ctr.remove()

    def by_this_runtime(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["runtime"] = world.runtime

    ours, theirs = Path(f"{_archive(world)}.ours"), Path(_archive(world))
    as_podmans(ours, theirs, shm={"note": b"in memory"}, change=by_this_runtime)


def _with_a_file(world: World) -> Container:
    ctr = _running(world)
    assert ctr.exec_run(["touch", f"/{KEPT}"]).code == 0
    return ctr


def _with_snapshot(world: World) -> Container:
    ctr = _with_a_file(world)
    ctr.snapshots.create("moment")
    return ctr


def _forget(world: World) -> None:
    with suppress(NoSuchSnapshot):  # it may have happened before the kill
        world.find().snapshots.remove("moment")


def _keep_moment(world: World) -> None:
    with suppress(SnapshotExists):
        world.find().snapshots.create("moment")


def _fork(world: World) -> None:
    with suppress(NameInUse):  # it may have happened before the kill
        world.find().fork(2, name="child")


@dataclass(frozen=True)
class Operation:
    """`before` makes the container the operation starts from; `act` is the operation, on the world."""

    name: str
    before: Callable[[World], Container | None]
    act: Callable[[World], object]

    @property
    def is_of_pods(self) -> bool:
        """Whether the next call is to be made of a pod."""
        return "pod" in self.name

    @property
    def is_networked(self) -> bool:
        """Whether netavark has a part in it."""
        return "networked" in self.name or self.name in ("connect", "disconnect")


NOT_STARTED = OCIRuntimeFailed("runc", "it cannot be started")
OPERATIONS = (
    Operation("create", lambda world: None, lambda world: world.create()),
    Operation("init", _configured, lambda world: world.find().init()),
    Operation("start", _configured, lambda world: world.find().start()),
    Operation("start created", _created, lambda world: world.find().start()),
    Operation("start exited", _exited, lambda world: world.find().start()),
    Operation("start and attach", _configured, lambda world: world.find().start_and_attach()),
    Operation("stop", _running, lambda world: world.find().stop()),
    Operation("stop created", _created, lambda world: world.find().stop()),
    Operation("kill", _running, lambda world: world.find().kill()),
    Operation("restart", _running, lambda world: world.find().restart()),
    Operation("pause", _running, lambda world: world.find().pause()),
    Operation("unpause", _paused, lambda world: world.find().unpause()),
    Operation("cleanup", _ended, lambda world: world.find().cleanup()),
    Operation("cleanup created", _created, lambda world: world.find().cleanup()),
    Operation("exit command", _ended, lambda world: deal_with_end(world.find())),
    Operation("mount", _configured, lambda world: world.find().mount()),
    Operation("mount again", _mounted, lambda world: world.find().mount()),
    Operation("unmount", _mounted, lambda world: world.find().unmount()),
    Operation("rename", _running, lambda world: world.find().rename(RENAMED)),
    Operation("update", _running, lambda world: world.find().update(pids_limit=100)),
    Operation("cp in", _configured, lambda world: world.find().copy_in("/tmp", ARCHIVE)),
    Operation("cp in running", _running, lambda world: world.find().copy_in("/tmp", ARCHIVE)),
    Operation("cp out", _configured, lambda world: b"".join(world.find().copy_out("/etc"))),
    Operation("export", _configured, lambda world: world.find().export(f"{world.rooms.config.root}/export.tar")),
    Operation("export running", _running, lambda world: world.find().export(f"{world.rooms.config.root}/export.tar")),
    Operation("commit", _configured, lambda world: world.engine.images.commit(NAME)),
    Operation("commit running", _running, lambda world: world.engine.images.commit(NAME)),
    Operation("exec", _running, lambda world: world.find().exec_run(["sh", "-c", "echo done; exit 7"])),
    Operation("exec -d", _running, lambda world: world.find().exec_detached(["sleep", "1000"])),
    Operation("exec rm", _with_session, lambda world: [each.remove(force=True) for each in world.find().execs]),
    Operation("stop with exec", _with_session, lambda world: world.find().stop(timeout=0)),
    Operation("rm -f with exec", _with_session, lambda world: world.find().remove(force=True)),
    Operation("restart by policy", _lost, lambda world: deal_with_end(world.find())),
    Operation("supervisor start", _unsupervised, lambda world: world.rooms.supervise(True)),
    Operation("give up", _exited, lambda world: world.find().give_up(NOT_STARTED)),
    Operation("give up created", _created, lambda world: world.find().give_up(NOT_STARTED)),
    Operation("rm", _exited, lambda world: world.find().remove()),
    Operation("rm -f", _running, lambda world: world.find().remove(force=True)),
    Operation("create pod", lambda world: None, lambda world: world.create_pod()),
    Operation("create in pod", _pod_alone, lambda world: world.create_member()),
    Operation("start pod", _pod, lambda world: world.pod().start()),
    Operation("start pod exited", _pod_exited, lambda world: world.pod().start()),
    Operation("stop pod", _pod_running, lambda world: world.pod().stop()),
    Operation("kill pod", _pod_running, lambda world: world.pod().kill()),
    Operation("pause pod", _pod_running, lambda world: world.pod().pause()),
    Operation("unpause pod", _pod_paused, lambda world: world.pod().unpause()),
    Operation("restart pod", _pod_running, lambda world: world.pod().restart(timeout=0)),
    Operation("exit command in pod", _pod_ended, lambda world: deal_with_end(world.find())),
    Operation("rm pod", _pod_exited, lambda world: world.pod().remove()),
    Operation("rm -f pod", _pod_running, lambda world: world.pod().remove(force=True, timeout=0)),
    Operation("create with volumes", lambda world: None, lambda world: world.create_with_volumes()),
    Operation("start with volumes", _with_volumes, lambda world: world.find().start()),
    Operation("exit command with volumes", _with_volumes_ended, lambda world: deal_with_end(world.find())),
    Operation("rm --rm with volumes", _with_volumes_that_go, lambda world: deal_with_end(world.find())),
    Operation(
        "rm -f -v with volumes", _with_volumes_running, lambda world: world.find().remove(force=True, volumes=True)
    ),
    Operation("cp with volumes", _with_volumes, lambda world: b"".join(world.find().copy_out("/etc"))),
    Operation("volume create", _configured, _create_volume),
    Operation("volume rm", _with_a_volume, _remove_volume),
    Operation(
        "volume import", _with_a_volume, lambda world: world.engine.volumes.import_tar("extra", ARCHIVE)
    ),
    Operation(
        "volume export", _with_a_volume, lambda world: world.engine.volumes.export("extra", io.BytesIO())
    ),
    Operation("create with secrets", lambda world: None, lambda world: world.create_with_secrets()),
    Operation("start with secrets", _with_secrets, lambda world: world.find().start()),
    Operation("rm -f with secrets", _with_secrets, lambda world: world.find().remove(force=True)),
    Operation("secret create", _configured, _create_secret),
    Operation("secret create --replace", _with_a_secret, _replace_secret),
    Operation("secret rm", _with_a_secret, _remove_secret),
    Operation("create networked", lambda world: None, lambda world: world.create_networked()),
    Operation("start networked", _networked, lambda world: world.find().start()),
    Operation("start networked exited", _networked_exited, lambda world: world.find().start()),
    Operation("exit command networked", _networked_ended, lambda world: deal_with_end(world.find())),
    Operation("stop networked", _networked_running, lambda world: world.find().stop()),
    Operation("connect", _networked_running, _connect),
    Operation("disconnect", _connected, _disconnect),
    Operation("rm -f networked", _networked_running, lambda world: world.find().remove(force=True)),
)

SLEEPS = (
    Operation("checkpoint", _running, lambda world: world.find().checkpoint()),
    Operation("checkpoint -R", _running, lambda world: world.find().checkpoint(keep_running=True, keep=True)),
    Operation(
        "checkpoint -e", _running,
        lambda world: world.find().checkpoint(export=_archive(world), compression="none", keep_running=True),
    ),
    Operation("restore", _sleeping, lambda world: world.find().restore()),
    Operation("restore -i", _exported, lambda world: world.engine.containers.restore(_archive(world))),
    Operation(
        "restore -i foreign", _exported_by_podman, lambda world: world.engine.containers.restore(_archive(world))
    ),
    Operation("fork", _running, _fork),
    Operation("snapshot create", _running, _keep_moment),
    Operation("snapshot restore", _with_snapshot, lambda world: world.find().snapshots.restore("moment")),
    Operation("snapshot rm", _with_snapshot, _forget),
)  # fmt: skip

ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EBUSY, errno.EINTR)
NEXT = ("same", "start", "stop", "rm -f", "inspect")


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    points: set[tuple[str, str]] = field(default_factory=set)
    missed: int = 0
    failures: list[str] = field(default_factory=list)


def points_of(world: World, operation: Operation) -> list[Point]:
    """The operation's distinct points, in order."""
    operation.before(world)
    points = record(lambda: operation.act(world))
    world.clear()
    return points


def strike(
    world: World, operation: Operation, point: Point, next_call: str, tally: Tally, error: int | None = None
) -> None:
    """One kill (or, with `error`, one call that fails so), one next call, and the questions after it."""
    how = "killed" if error is None else f"with {errno.errorcode[error]}"
    label = f"{world.runtime}: {operation.name} {how} {point!r}, then {next_call}"
    before = operation.before(world)
    ids = {before.id} if before is not None else set()
    if error is None:
        ended = kill_at(lambda: operation.act(world), point)
    else:
        ended = fail_at(lambda: operation.act(world), point, error)
        if ended.code not in (0, 3):
            tally.failures.append(f"{label}: not a clean error, the child ended with {ended.code}")
    if error is None and not ended.killed:
        tally.missed += 1
        world.clear()
        return
    tally.kills += 1
    world.pods |= {pod.id for pod in world.rooms.store.pods.list()}
    tally.points.add((operation.name, repr(point)))
    ids |= {os.path.basename(path) for path in world.leftovers() if len(os.path.basename(path)) == 64}
    ids -= world.pods
    if operation.name in ("exec", "exec rm"):  # what it started, or killed, ends by itself, and nobody is told
        for id in ids:
            _await_sessions(world, id)
    try:
        _next(world, operation, next_call)
    except RemovalFinished:
        pass
    except (NoSuchContainer, NoSuchPod):
        if not operation.name.startswith(("create", "rm", "restore -i")):
            tally.failures.append(f"{label}: the container is lost")
    except Conflict as refused:
        if not _expected_refusal(operation, next_call):
            tally.failures.append(f"{label}: {refused}")
    except SeaboxError as problem:
        tally.failures.append(f"{label}: {type(problem).__name__}: {problem}")
    for name in CHILDREN if operation.name == "fork" else ():  # the next call is about the parent alone
        with suppress(NoSuchContainer):
            world.engine.containers.get(name)
    for id in ids:
        tally.failures += [f"{label}: {complaint}" for complaint in world.complaints(id)]
    tally.failures += [f"{label}: {complaint}" for complaint in world.volume_complaints()]
    tally.failures += [f"{label}: {complaint}" for complaint in world.secret_complaints()]
    if operation.before in (_sleeping, _with_snapshot) and before is not None:
        tally.failures += [f"{label}: {complaint}" for complaint in world.lost_files(before.id)]
    ended = operation.before in (_ended, _exited, _networked_ended, _networked_exited, _with_volumes_ended)
    if ended and not operation.name.startswith("rm") and before is not None:
        tally.failures += [f"{label}: {complaint}" for complaint in _lost_code(world, before)]
    try:
        world.clear()
    except RemovalFinished:
        pass
    except SeaboxError as problem:
        tally.failures.append(f"{label}: rm -f at the end: {type(problem).__name__}: {problem}")
    for id in ids:
        world.settle(id)
    left = world.leftovers()
    if left:
        tally.failures.append(f"{label}: left over at the end: {left}")


def _await_sessions(world: World, id: str) -> None:
    """The recorded sessions that are about to end have."""
    for each in world.rooms.store.execs.of(id, active=True):
        if each.conmon is not None and "1000" not in each.command:
            process.wait_gone(each.conmon, 60)


def _lost_code(world: World, ctr: Container) -> list[str]:
    """The first run ended with code 9: whoever asks must hear that, from the exit file or from the record."""
    found = world.rooms.store.exit_record(ctr.id, 1)
    try:
        code = found.code if found is not None else ctr.wait(timeout=60)
    except SeaboxError as problem:
        return [f"exit code 9 is lost: {problem}"]
    return [] if code == 9 else [f"exit code 9 became {code}"]


def _next(world: World, operation: Operation, call: str) -> None:
    if call == "same":
        operation.act(world)
    elif operation.is_of_pods:
        pod = world.pod()
        acts = {"start": pod.start, "stop": lambda: pod.stop(timeout=0), "inspect": pod.inspect}
        acts.get(call, lambda: pod.remove(force=True, timeout=0))()
    elif call == "inspect":
        world.find().inspect()
    elif call == "start":
        world.find().start()
    elif call == "stop":
        world.find().stop()
    else:
        world.find().remove(force=True)


def _expected_refusal(operation: Operation, call: str) -> bool:
    """Whether a state conflict is a right answer: what was killed may have happened already, or not at all."""
    return call in ("same", "start", "stop")


def sweep(
    world: World, *, sample: int | None, seed: int, errors: bool = False, networked: bool = False, pods: bool = False,
    asleep: bool = False,
) -> Iterator[Tally]:  # fmt: skip
    """Every point of every operation, or `sample` of them drawn at random; yields the tally after each.

    Operations of containers with a network of their own (`networked`), and those of `pods`, are rows of their own, and
    those of criu (`asleep`).
    A kill at each, or with `errors` a failure of the call at each (R2): ENOSPC, EIO, EMFILE, EBUSY, EINTR by turns.
    """
    chance = random.Random(seed)
    rows = (networked, pods)
    wanted = SLEEPS if asleep else [each for each in OPERATIONS if (each.is_networked, each.is_of_pods) == rows]
    plan = [(operation, point) for operation in wanted for point in points_of(world, operation)]
    if errors:
        plan = [(operation, point) for operation, point in plan if point.edge == "before"]
    if sample is not None and sample < len(plan):
        plan = [plan[i] for i in sorted(chance.sample(range(len(plan)), sample))]
    tally = Tally()
    for operation, point in plan:
        strike(world, operation, point, chance.choice(NEXT), tally, chance.choice(ERRORS) if errors else None)
        yield tally
