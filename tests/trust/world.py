"""The store that things are done to, and what the kernel has of it: the census."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from glob import glob
from typing import Any

import seabox
from engine.network.lan import traces
from seabox.container import snapshot
from seabox.container.container import Container
from seabox.errors import NoSuchContainer
from seabox.kernel import cgroups, mounts, process
from seabox.model.exec import ExecRecord
from seabox.model.record import INFRA, Claim, ProcessId, Status
from seabox.network import netns
from seabox.pods.pod import Pod

NAME, RENAMED, POD = "victim", "renamed", "den"
LAN, OTHER = "lan", "other"
KEPT = "kept"  # a file that some containers have
TOKEN = "token"  # a secret that some containers have
DATA, SCRATCH = "data", "scratch"  # volumes: a directory that /etc of the image is copied to, a tmpfs
SLEEPER = ["sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 1000 & wait; done"]


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    points: set[tuple[str, str]] = field(default_factory=set)
    missed: int = 0
    failures: list[str] = field(default_factory=list)


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
