"""Giving back what a container holds. Every step is idempotent and needs no memory of who took it."""

from __future__ import annotations

import os
import signal

from ..diagnostics import debug
from ..kernel import cgroups, files, process
from ..model.record import INFRA, Status, cleaned
from ..state.store import Occurrence
from . import exec_reap
from .prepare import image_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..model.record import EventKind, ProcessId
    from .guard import Locked

    Step = Callable[[Locked], None]

_KEPT = ("lock", "changed", "attended")  # in the run directory, as long as the container exists
_HOOKS = "hooks.json"  # those that run after all this
_NETWORK = "network.json"  # goes with what it describes
# Where a runtime that restores mounts the root for criu. One that was killed leaves it, and runc, asked to delete what
# it left, deletes whatever is in there.
_CRIU_ROOT = "criu-root"
_OF_CRIU = ".criu."
CRIU_CONF = "criu.conf"  # in the run directory, where criu works when it restores
_CRIU_WORD = "swrk"  # what runtimes call it with


def release_resources(ctr: Locked, *, interrupted: bool = False, also: Iterable[Step] = ()) -> None:
    """Nothing of a run is left: no conmon, no runtime record, no process, no mount of its own, no bundle.

    `interrupted`: the process that made it died half-way, so what there is must be looked for. Never stops
    half-way itself: the first problem is raised after all else was tried, the others go to the debug log. `also` is
    done once the root is not mounted.
    """
    problems: list[Exception] = []
    processes = _release_strays if interrupted else _release_conmon
    _attempt(ctr, (exec_reap.end_all, processes), problems)
    volumes = _release_interrupted_volumes if interrupted else _release_volumes
    others = (_release_network, _release_parts, volumes, _release_rootfs, _release_from_pod, *also, _release_files)
    if not interrupted and not _may_live(ctr) and not os.path.exists(f"{ctr.run_dir}/{_HOOKS}"):
        # no process is left that the runtime would have to end first, and no hook that may want the files
        _attempt(ctr, (lambda ctr: _release_runtime(ctr, lambda: _attempt(ctr, others, problems)),), problems)
    else:
        _attempt(ctr, (_release_runtime, *others), problems)
    if problems:
        raise problems[0]


def _may_live(ctr: Locked) -> bool:
    init = ctr.state.process
    return ctr.state.status not in (Status.STOPPED, Status.REMOVING) or (init is not None and process.alive(init))


def _attempt(ctr: Locked, steps: Iterable[Step], problems: list[Exception]) -> None:
    for step in steps:
        try:
            step(ctr)
        except Exception as problem:
            debug("cleaning up container %s: %s", ctr.id, problem)
            problems.append(problem)


def _release_conmon(ctr: Locked) -> None:
    """A conmon whose container never ran has nothing to report: it must not outlive the container it waits for."""
    if ctr.state.status is Status.CREATED and ctr.state.conmon is not None:
        end_conmon(ctr.state.conmon)


def end_conmon(conmon: ProcessId) -> None:
    """The conmon is gone, and runs no exit command."""
    if process.send_signal(conmon, signal.SIGKILL):
        process.wait_gone(conmon, 5.0)


def _release_strays(ctr: Locked) -> None:
    """No conmon, runtime or criu that a dead process spawned goes on making this container."""
    process.end_spawned_for(ctr.id, ("conmon", os.path.basename(ctr.facts.runtime)))
    if os.path.exists(f"{ctr.run_dir}/{CRIU_CONF}"):  # criu goes on for a while when its runtime has gone
        process.end_working_in(ctr.run_dir, _CRIU_WORD)


def _release_runtime(ctr: Locked, meanwhile: Callable[[], None] = lambda: None) -> None:
    for place in _left_by_criu(ctr):
        from ..kernel.mounts import umount

        umount(place, detach=True)
    with ctr.runtime.deleting(ctr.id, force=True):
        meanwhile()
    if os.path.exists(f"{ctr.run_dir}/{_HOOKS}"):
        from ..oci.hooks import poststop

        poststop(ctr.run_dir, ctr.id)
    if ctr.facts.cgroup and cgroups.remove(ctr.facts.cgroup, kill=True):
        debug("container %s: the runtime had left its cgroup behind", ctr.id)


def _left_by_criu(ctr: Locked) -> Iterator[str]:
    """Where a restore that was cut short may have something mounted: the container's root, all of its cgroups."""
    for folder in (f"{ctr.runtime.root}/{ctr.id}", ctr.run_dir):  # runc's, crun's
        if os.path.isdir(place := f"{folder}/{_CRIU_ROOT}"):
            yield place
    if os.path.isdir(ctr.run_dir):
        yield from [f"{ctr.run_dir}/{name}" for name in os.listdir(ctr.run_dir) if name.startswith(_OF_CRIU)]


def _release_network(ctr: Locked) -> None:
    if ctr.facts.networked:
        ctr.on.networking.tear_down(ctr.id)


def _release_parts(ctr: Locked) -> None:
    if os.path.isdir(f"{ctr.run_dir}/parts"):
        from .parts import release

        release(ctr.run_dir)


def _release_volumes(ctr: Locked) -> None:
    if ctr.facts.volumes:
        ctr.on.volume_uses.give_back(ctr.id)


def _release_interrupted_volumes(ctr: Locked) -> None:
    if ctr.facts.volumes:
        ctr.on.volume_uses.give_back(ctr.id, interrupted=True)


def _release_rootfs(ctr: Locked) -> None:
    if not ctr.state.mount_count:
        ctr.on.storage.unmount(ctr.id)
    count = 0
    while ctr.on.storage.exists(image_root(ctr.id, count)):
        count += 1
    for number in reversed(range(count)):
        ctr.on.storage.remove(image_root(ctr.id, number))


def _release_from_pod(ctr: Locked) -> None:
    if os.path.isdir(f"{ctr.run_dir}/shm"):
        from .infra import release_shm

        release_shm(ctr.run_dir)
    if ctr.pod and ctr.facts.role != INFRA:
        from .infra import drop_name

        drop_name(ctr)


def _release_files(ctr: Locked) -> None:
    try:
        names = os.listdir(ctr.run_dir)
    except FileNotFoundError:
        return
    for name in names:
        if name not in _KEPT and name != _NETWORK:
            files.remove_tree(f"{ctr.run_dir}/{name}")


def clean(ctr: Locked, *events: EventKind, last: bool = False) -> None:
    """What the last run held is given back: a stopped container is exited, a created one configured again."""
    if ctr.state.status in (Status.CREATED, Status.STOPPED):
        release_resources(ctr)
        ctr.become(cleaned(ctr.state), *events, last=last)


def _remove_files(ctr: Locked) -> None:
    ctr.on.storage.remove(ctr.id)
    files.remove_tree(ctr.on.config.static_dir(ctr.id))


def erase(
    ctr: Locked, *events: EventKind, interrupted: bool = False, released: bool = False, unborn: bool = False
) -> None:
    """The container is gone: resources, storage, files, record, lock; its exit codes and events stay.

    May be repeated after a kill at any line. The lock file goes while the lock is held, the record after it.
    `released`: it is certain that the resources were given back already. `unborn`: its creation was never finished.
    """
    if not released:
        release_resources(ctr, interrupted=interrupted, also=(_remove_files,))
    else:
        _remove_files(ctr)
    if ctr.facts.volumes:
        ctr.on.volume_uses.let_go(ctr.id, unborn=unborn)
    files.remove_tree(ctr.run_dir)
    ctr.on.store.remove(ctr.id, [Occurrence(kind) for kind in events])
    if os.path.exists(ctr.run_dir):  # somebody who waited for the lock took it anew while the record was there
        files.remove_tree(ctr.run_dir)
    files.touch(f"{ctr.on.config.runroot}/removed")  # whoever waits for the end looks again
    ctr.record.claim = None  # it went with the record
    ctr.close(gone=True)
