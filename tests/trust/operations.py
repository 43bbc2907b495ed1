"""Every operation of containers, pods, networks, volumes, secrets and images: what R1 and R2 kill and spoil."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from seabox.container.container import Container
from seabox.container.ended import deal_with_end
from seabox.container.snapshots import NoSuchSnapshot, SnapshotExists
from seabox.errors import Conflict, NameInUse, OCIRuntimeFailed
from seabox.secrets.errors import NoSuchSecret
from seabox.volumes.errors import NoSuchVolume

from . import before
from .world import NAME, OTHER, RENAMED, TOKEN, World

ARCHIVE = (tarfile.TarInfo("made").tobuf(), bytes(1024))


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


def _disconnect(world: World) -> None:
    with suppress(Conflict):  # it may have happened before the kill
        world.find().disconnect(world.engine.networks.get(OTHER))


def _connect(world: World) -> None:
    with suppress(Conflict):
        world.find().connect(world.engine.networks.get(OTHER))


def _create_volume(world: World) -> None:
    world.engine.volumes.create("extra", ignore=True)


def _remove_volume(world: World) -> None:
    with suppress(NoSuchVolume):
        world.engine.volumes.remove("extra")


def _create_secret(world: World) -> None:
    world.engine.secrets.create(TOKEN, "bytes", ignore=True)


def _replace_secret(world: World) -> None:
    world.engine.secrets.create(TOKEN, "other bytes", replace=True)


def _remove_secret(world: World) -> None:
    with suppress(NoSuchSecret):  # it may have happened before the kill
        world.engine.secrets.remove(TOKEN)


def _forget(world: World) -> None:
    with suppress(NoSuchSnapshot):  # it may have happened before the kill
        world.find().snapshots.remove("moment")


def _keep_moment(world: World) -> None:
    with suppress(SnapshotExists):
        world.find().snapshots.create("moment")


def _export(world: World) -> None:
    world.find().export(f"{world.rooms.config.root}/export.tar")


def _restore(world: World) -> None:
    world.engine.containers.restore(before.archive_of(world))


def _fork(world: World) -> None:
    with suppress(NameInUse):  # it may have happened before the kill
        world.find().fork(2, name="child")


NOT_STARTED = OCIRuntimeFailed("runc", "it cannot be started")
OPERATIONS = (
    Operation("create", lambda world: None, lambda world: world.create()),
    Operation("init", before.configured, lambda world: world.find().init()),
    Operation("start", before.configured, lambda world: world.find().start()),
    Operation("start created", before.created, lambda world: world.find().start()),
    Operation("start exited", before.exited, lambda world: world.find().start()),
    Operation("start and attach", before.configured, lambda world: world.find().start_and_attach()),
    Operation("stop", before.running, lambda world: world.find().stop()),
    Operation("stop created", before.created, lambda world: world.find().stop()),
    Operation("kill", before.running, lambda world: world.find().kill()),
    Operation("restart", before.running, lambda world: world.find().restart()),
    Operation("pause", before.running, lambda world: world.find().pause()),
    Operation("unpause", before.paused, lambda world: world.find().unpause()),
    Operation("cleanup", before.ended, lambda world: world.find().cleanup()),
    Operation("cleanup created", before.created, lambda world: world.find().cleanup()),
    Operation("exit command", before.ended, lambda world: deal_with_end(world.find())),
    Operation("mount", before.configured, lambda world: world.find().mount()),
    Operation("mount again", before.mounted, lambda world: world.find().mount()),
    Operation("unmount", before.mounted, lambda world: world.find().unmount()),
    Operation("rename", before.running, lambda world: world.find().rename(RENAMED)),
    Operation("update", before.running, lambda world: world.find().update(pids_limit=100)),
    Operation("cp in", before.configured, lambda world: world.find().copy_in("/tmp", ARCHIVE)),
    Operation("cp in running", before.running, lambda world: world.find().copy_in("/tmp", ARCHIVE)),
    Operation("cp out", before.configured, lambda world: b"".join(world.find().copy_out("/etc"))),
    Operation("export", before.configured, _export),
    Operation("export running", before.running, _export),
    Operation("commit", before.configured, lambda world: world.engine.images.commit(NAME)),
    Operation("commit running", before.running, lambda world: world.engine.images.commit(NAME)),
    Operation("exec", before.running, lambda world: world.find().exec_run(["sh", "-c", "echo done; exit 7"])),
    Operation("exec -d", before.running, lambda world: world.find().exec_detached(["sleep", "1000"])),
    Operation("exec rm", before.with_session, lambda world: [each.remove(force=True) for each in world.find().execs]),
    Operation("stop with exec", before.with_session, lambda world: world.find().stop(timeout=0)),
    Operation("rm -f with exec", before.with_session, lambda world: world.find().remove(force=True)),
    Operation("restart by policy", before.lost, lambda world: deal_with_end(world.find())),
    Operation("supervisor start", before.unsupervised, lambda world: world.rooms.supervise(True)),
    Operation("give up", before.exited, lambda world: world.find().give_up(NOT_STARTED)),
    Operation("give up created", before.created, lambda world: world.find().give_up(NOT_STARTED)),
    Operation("rm", before.exited, lambda world: world.find().remove()),
    Operation("rm -f", before.running, lambda world: world.find().remove(force=True)),
    Operation("create pod", lambda world: None, lambda world: world.create_pod()),
    Operation("create in pod", before.pod_alone, lambda world: world.create_member()),
    Operation("start pod", before.pod, lambda world: world.pod().start()),
    Operation("start pod exited", before.pod_exited, lambda world: world.pod().start()),
    Operation("stop pod", before.pod_running, lambda world: world.pod().stop()),
    Operation("kill pod", before.pod_running, lambda world: world.pod().kill()),
    Operation("pause pod", before.pod_running, lambda world: world.pod().pause()),
    Operation("unpause pod", before.pod_paused, lambda world: world.pod().unpause()),
    Operation("restart pod", before.pod_running, lambda world: world.pod().restart(timeout=0)),
    Operation("exit command in pod", before.pod_ended, lambda world: deal_with_end(world.find())),
    Operation("rm pod", before.pod_exited, lambda world: world.pod().remove()),
    Operation("rm -f pod", before.pod_running, lambda world: world.pod().remove(force=True, timeout=0)),
    Operation("create with volumes", lambda world: None, lambda world: world.create_with_volumes()),
    Operation("start with volumes", before.with_volumes, lambda world: world.find().start()),
    Operation("exit command with volumes", before.with_volumes_ended, lambda world: deal_with_end(world.find())),
    Operation("rm --rm with volumes", before.with_volumes_that_go, lambda world: deal_with_end(world.find())),
    Operation(
        "rm -f -v with volumes", before.with_volumes_running,
        lambda world: world.find().remove(force=True, volumes=True),
    ),
    Operation("cp with volumes", before.with_volumes, lambda world: b"".join(world.find().copy_out("/etc"))),
    Operation("volume create", before.configured, _create_volume),
    Operation("volume rm", before.with_a_volume, _remove_volume),
    Operation(
        "volume import", before.with_a_volume, lambda world: world.engine.volumes.import_tar("extra", ARCHIVE)
    ),
    Operation(
        "volume export", before.with_a_volume, lambda world: world.engine.volumes.export("extra", io.BytesIO())
    ),
    Operation("create with secrets", lambda world: None, lambda world: world.create_with_secrets()),
    Operation("start with secrets", before.with_secrets, lambda world: world.find().start()),
    Operation("rm -f with secrets", before.with_secrets, lambda world: world.find().remove(force=True)),
    Operation("secret create", before.configured, _create_secret),
    Operation("secret create --replace", before.with_a_secret, _replace_secret),
    Operation("secret rm", before.with_a_secret, _remove_secret),
    Operation("create networked", lambda world: None, lambda world: world.create_networked()),
    Operation("start networked", before.networked, lambda world: world.find().start()),
    Operation("start networked exited", before.networked_exited, lambda world: world.find().start()),
    Operation("exit command networked", before.networked_ended, lambda world: deal_with_end(world.find())),
    Operation("stop networked", before.networked_running, lambda world: world.find().stop()),
    Operation("connect", before.networked_running, _connect),
    Operation("disconnect", before.connected, _disconnect),
    Operation("rm -f networked", before.networked_running, lambda world: world.find().remove(force=True)),
)

SLEEPS = (
    Operation("checkpoint", before.running, lambda world: world.find().checkpoint()),
    Operation("checkpoint -R", before.running, lambda world: world.find().checkpoint(keep_running=True, keep=True)),
    Operation(
        "checkpoint -e", before.running,
        lambda world: world.find().checkpoint(export=before.archive_of(world), compression="none", keep_running=True),
    ),
    Operation("restore", before.sleeping, lambda world: world.find().restore()),
    Operation("restore -i", before.exported, _restore),
    Operation("restore -i foreign", before.exported_by_podman, _restore),
    Operation("fork", before.running, _fork),
    Operation("snapshot create", before.running, _keep_moment),
    Operation("snapshot restore", before.with_snapshot, lambda world: world.find().snapshots.restore("moment")),
    Operation("snapshot rm", before.with_snapshot, _forget),
)  # fmt: skip
