"""What an operation that is to be killed starts from."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from engine.checkpoint.podmans import as_podmans
from seabox.container.container import Container
from seabox.kernel import process
from seabox.kernel.locks import lock_file, unlock

from .world import KEPT, NAME, OTHER, SLEEPER, TOKEN, World


def _attended(ctr: Container) -> int:
    """Keeps the exit command from dealing with the container's end, as a live engine would."""
    fd = lock_file(f"{ctr._on.config.run_dir(ctr.id)}/attended", timeout=0, shared=True)
    assert fd is not None
    return fd


def configured(world: World) -> Container:
    return world.create()


def networked(world: World) -> Container:
    return world.create_networked()


def networked_running(world: World) -> Container:
    return ready(world.create_networked())


def networked_ended(world: World) -> Container:
    return _end(world, networked_running(world))


def networked_exited(world: World) -> Container:
    ctr = networked_ended(world)
    ctr.cleanup()
    return ctr


def connected(world: World) -> Container:
    ctr = networked_running(world)
    ctr.connect(world.engine.networks.get(OTHER))
    return ctr


def created(world: World) -> Container:
    ctr = world.create()
    ctr.init()
    return ctr


def running(world: World) -> Container:
    """A container that has set its trap: a first process without one would ignore SIGTERM."""
    return ready(world.create())


def ready(ctr: Container) -> Container:
    with ctr.start_and_attach() as session:
        assert next(iter(session)) == (1, b"ready\n")
    return ctr


def paused(world: World) -> Container:
    ctr = running(world)
    ctr.pause()
    return ctr


def ended(world: World) -> Container:
    """A container whose process has ended with code 9 and whose end nobody has recorded."""
    return _end(world, running(world))


def _end(world: World, ctr: Container) -> Container:
    fd = _attended(ctr)
    state = world.rooms.store.load(ctr.id).state
    assert state.process is not None
    assert state.conmon is not None
    process.send_signal(state.process, signal.SIGTERM)
    assert process.wait_gone(state.conmon, 60)
    unlock(fd)
    return ctr


def with_volumes(world: World) -> Container:
    return world.create_with_volumes()


def with_volumes_running(world: World) -> Container:
    return ready(world.create_with_volumes())


def with_volumes_ended(world: World) -> Container:
    return _end(world, with_volumes_running(world))


def with_volumes_that_go(world: World) -> Container:
    return _end(world, ready(world.create_with_volumes(auto_remove=True)))


def with_a_volume(world: World) -> Container:
    if not world.engine.volumes.exists("extra"):
        world.engine.volumes.create("extra", options={"type": "tmpfs"})
    return world.create()


def with_secrets(world: World) -> Container:
    return world.create_with_secrets()


def with_a_secret(world: World) -> Container:
    world.engine.secrets.create(TOKEN, "bytes", ignore=True)
    return world.create()


def exited(world: World) -> Container:
    ctr = ended(world)
    ctr.cleanup()
    return ctr


def mounted(world: World) -> Container:
    ctr = world.create()
    ctr.mount()
    return ctr


def with_session(world: World) -> Container:
    ctr = running(world)
    ctr.exec_detached(["sleep", "1000"])
    return ctr


def lost(world: World) -> Container:
    """A container that its policy wants to run again, whose end nobody has seen; no supervisor will come to help."""
    world.rooms.supervise = lambda needed: None  # type: ignore[method-assign]
    dismiss(world)  # a lookout may have become one
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


def pod(world: World) -> Container:
    world.create_pod()
    return world.create_member()


def pod_running(world: World) -> Container:
    ctr = pod(world)
    ctr.start_dependencies()
    return ready(ctr)


def pod_paused(world: World) -> Container:
    ctr = pod_running(world)
    world.pod().pause()
    return ctr


def pod_exited(world: World) -> Container:
    ctr = pod_running(world)
    world.pod().stop(timeout=0)
    return ctr


def pod_ended(world: World) -> Container:
    """Its only member has ended, and nobody has done what the exit policy says."""
    return _end(world, pod_running(world))


def pod_alone(world: World) -> None:
    world.create_pod()


def unsupervised(world: World) -> Container:
    """A running container whose supervisor was killed."""
    vars(world.rooms).pop("supervise", None)  # see lost
    ctr = running(world)
    dismiss(world)
    return ctr


def dismiss(world: World) -> None:
    """Neither a supervisor nor a lookout is there."""
    programs = (os.path.basename(sys.executable), "setsid", "sh")
    for each in process.spawned_for(f"root={world.rooms.config.root}", programs):
        if any(word.endswith(("/supervisor.py", "/lookout.sh")) for word in process.arguments(each.pid)):
            process.send_signal(each, signal.SIGKILL)
            assert process.wait_gone(each, 60)


def archive_of(world: World) -> str:
    return f"{world.rooms.config.root}/checkpoint.tar"


def sleeping(world: World) -> Container:
    """A container whose processes are in a checkpoint."""
    ctr = with_a_file(world)
    ctr.checkpoint()
    return ctr


def exported(world: World) -> None:
    """An archive, and no container."""
    ctr = running(world)
    ctr.checkpoint(export=archive_of(world), compression="none")
    ctr.remove()


def exported_by_podman(world: World) -> None:
    """An archive in podman's form, with a /dev/shm that is to be mounted from outside; and no container."""
    shm = f"{world.rooms.config.root}/shm"
    os.makedirs(shm, exist_ok=True)
    ours, theirs = f"{archive_of(world)}.ours", archive_of(world)
    ctr = ready(world.create(volumes=[f"{shm}:/dev/shm"]))
    ctr.checkpoint(export=ours, compression="none")
    ctr.remove()

    def by_this_runtime(config: dict[str, Any], spec: dict[str, Any]) -> None:
        config["runtime"] = world.runtime

    as_podmans(Path(ours), Path(theirs), shm={"note": b"in memory"}, change=by_this_runtime)


def with_a_file(world: World) -> Container:
    ctr = running(world)
    assert ctr.exec_run(["touch", f"/{KEPT}"]).code == 0
    return ctr


def with_snapshot(world: World) -> Container:
    ctr = with_a_file(world)
    ctr.snapshots.create("moment")
    return ctr
