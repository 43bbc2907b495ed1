"""The state of a container's processes, written to a directory by criu: under a claim, with the lock free.

In the container's static directory:

    checkpoint.new/   while it is being made; of no account, unless the processes are gone and criu says it finished
    checkpoint/       what `restore` goes by: criu/ (the images), checkpoint.json, spec.dump (config.json as it was)
    pre-checkpoint/   memory for the next checkpoint to build upon, which takes it into itself as previous/
    snapshots/NAME/   the same as checkpoint/, with diff/: a copy of all that the container had written
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from ..checkpoint import criu as words
from ..checkpoint import stats
from ..checkpoint.document import decode, encode
from ..errors import InvalidArgument, OCIRuntimeFailed, SeaboxError, StateConflict, Unsupported
from ..kernel import cgroups, files, process
from ..model.checkpoint import Address, Checkpoint, Statistics
from ..model.record import INFRA, EventKind, Status, checkpointed
from ..oci.runtime import Dump
from . import exec_reap, saved_volumes, teardown
from .death import await_exit_file, await_program
from .sync import await_orphans, see_death

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .bounds import Bounds
    from .guard import Locked
    from .services import Services

_EXIT_FILE_GRACE = 5.0  # s
_DUMP_GRACE = 600.0  # s that a dump whose caller died gets to finish: killed, it might harm the processes
NEW, CURRENT, PRE = "checkpoint.new", "checkpoint", "pre-checkpoint"
IMAGES, ABOUT, SPEC, PREVIOUS = "criu", "checkpoint.json", "spec.dump", "previous"
PARENT = f"../{PREVIOUS}/{IMAGES}"  # as seen from the images that build upon it
_ASIDE = "criu.aside"
LOGS = ("dump.log", "stats-dump")


class CheckpointFailed(OCIRuntimeFailed):
    """criu could not put the processes to sleep: they run as before. `log` is the end of criu's log."""

    def __init__(self, runtime: str, words: str, log: str) -> None:
        super().__init__(runtime, words)
        self.log = log


def place_of(on: Services, id: str, name: str) -> str:
    """The directory of this name among the container's own."""
    return f"{on.config.static_dir(id)}/{name}"


def require_checkpointable(ctr: Locked) -> None:
    """Nothing, if a checkpoint of the container can be tried. Raises: StateConflict, Unsupported."""
    ctr.require(Status.RUNNING, text=f'"{ctr.state.status}" is not running, cannot checkpoint')
    if ctr.facts.role == INFRA:
        raise Unsupported(f"container {ctr.facts.name} holds what its pod shares, it cannot be checkpointed")
    _require_no_sessions(ctr)
    for kind, others in (("pid", ()), ("ipc", ("container", "ns")), ("uts", ("container", "ns"))):
        mode = getattr(ctr.config.namespaces, kind)
        if mode.partition(":")[0] not in ("private", "shareable", "none", *others):
            raise Unsupported(
                f"container {ctr.facts.name} uses the {kind} namespace {mode.partition(':')[0]}: criu cannot let a "
                "container go on in that; only one with its own can be checkpointed"
            )


def _require_no_sessions(ctr: Locked) -> None:
    """Health checks do not count: they are ended. Raises: StateConflict."""
    if not all(exec_reap.is_check(ctr.on, ctr.id, each) for each in exec_reap.running(ctr.on, ctr.id)):
        raise StateConflict(
            ctr.id, ctr.state.status, ("running",),
            f"container {ctr.id} has active exec sessions, which no checkpoint can hold: end them first",
        )  # fmt: skip


def pre_checkpoint(ctr: Locked) -> Checkpoint:
    """The pre-checkpoint for the next checkpoint to build upon. Raises: InvalidArgument (there is none), Damaged."""
    try:
        with open(f"{place_of(ctr.on, ctr.id, PRE)}/{ABOUT}", "rb") as file:
            about = decode(file.read())
    except FileNotFoundError:
        raise InvalidArgument(f"container {ctr.facts.name} has no pre-checkpoint to build upon") from None
    if about.run != ctr.state.run:
        raise InvalidArgument(f"container {ctr.facts.name} has been started since its pre-checkpoint: make another")
    return about


def describe(ctr: Locked, options: Checkpoint) -> Checkpoint:
    """`options` with all else that is true of the container now."""
    from msgspec.structs import replace

    from .. import __version__

    addresses: tuple[Address, ...] = ()
    config = saved_volumes.described(ctr.on, ctr.config)
    if ctr.facts.networked:
        members = ctr.on.networking.memberships(ctr.id)
        config = replace(config, networks=tuple(each.attachment for each in members))
        addresses = tuple(
            Address(
                network=each.network.name, ips=tuple(a.partition("/")[0] for a in each.connection.addresses),
                mac=each.connection.mac,
            )
            for each in members if each.connection is not None
        )  # fmt: skip
    return replace(
        options, created_at=ctr.on.clock.now(), by=__version__, runtime=ctr.runtime.name, config=config,
        run=ctr.state.run, addresses=addresses,
    )  # fmt: skip


def dump(
    ctr: Locked, options: Checkpoint, bounds: Bounds, *, keep_running: bool,
    frozen: Callable[[str], None] | None = None,
) -> Statistics:  # fmt: skip
    """A checkpoint is in the directory NEW, for the caller to put in its place. The container must be claimed.

    With `keep_running` the processes go on, but `frozen`, called with the directory, comes before: what it copies is
    of the same moment. Else they are gone, and the container is stopped. Emits `checkpoint`.
    Raises: CheckpointFailed, StateConflict, Unsupported, OSError, TimedOut, Cancelled: they run as before then.
    """
    on, id, runtime, run_dir, state = ctr.on, ctr.id, ctr.runtime, ctr.run_dir, ctr.state
    criu = on.criu
    exec_reap.end_checks(ctr)
    _require_no_sessions(ctr)  # one may have been about to start
    place = place_of(on, id, NEW)
    files.remove_tree(place)
    files.make_dirs(f"{place}/{IMAGES}")
    if options.previous:
        # Once criu has begun, the kernel forgets which memory was changed since: no other checkpoint, be it that this
        # one fails, may build upon it.
        files.rename(place_of(on, id, PRE), f"{place}/{PREVIOUS}")
    files.write_file(f"{place}/{ABOUT}", encode(describe(ctr, options)))
    with suppress(FileNotFoundError), open(f"{run_dir}/config.json", "rb") as spec:
        files.write_file(f"{place}/{SPEC}", spec.read())
    words.forget_unfinished_cache()
    files.write_file(f"{run_dir}/criu.conf", words.configuration(
        tcp_close=options.tcp_close, without_v2=runtime.name == "crun" and cgroups.has_idle_v2()
    ))
    wanted = Dump(
        images=f"{place}/{IMAGES}", work=place, criu=criu, bundle=run_dir, parent=PARENT * options.previous,
        pre_dump=options.memory_only, leave_running=keep_running and not options.memory_only,
        tcp_established=options.tcp_established, file_locks=options.file_locks, timeout=bounds.left,
        cancel=bounds.cancel, give_up=lambda: _give_up(place),
    )  # fmt: skip
    freezes = keep_running and not options.memory_only
    began = on.clock.monotonic()
    try:
        with ctr.released():
            if state.process is not None and not state.restored:
                await_program(state.process)  # or it is the runtime, about to execute it, that would be kept
            if freezes:
                runtime.pause(id)
            try:
                bounds.check()
                runtime.checkpoint(id, wanted)
                took = on.clock.monotonic() - began
                if frozen is not None:
                    bounds.check()
                    frozen(place)
            finally:
                _take_back(place)
                if freezes:
                    _go_on(ctr)
            if not keep_running:
                await_exit_file(on, id, state, _EXIT_FILE_GRACE)
    except OCIRuntimeFailed as problem:
        error = _failure(ctr, problem, place, pre_dump=options.memory_only)
        see_death(ctr)  # its process may have ended by itself meanwhile
        raise error from None
    now = on.clock.now()
    fresh = ctr.state.replace(checkpointed_at=now) if keep_running else checkpointed(ctr.state, at=now)
    ctr.become(fresh, EventKind.CHECKPOINT)
    return Statistics(id=id, runtime=int(took * 1e6), criu=stats.read(f"{place}/stats-dump"))


def _give_up(place: str) -> None:
    """The directory of the images is gone from under criu, which fails as soon as it wants to make another.

    Then it undoes what it has done to the processes, which it would leave in the middle of that if it were killed. If
    it makes none any more, it has finished, and the images are whole.
    """
    images, aside = f"{place}/{IMAGES}", f"{place}/{_ASIDE}"
    files.make_dirs(aside)
    while True:
        for name in os.listdir(images):
            files.rename(f"{images}/{name}", f"{aside}/{name}")
        try:
            files.remove_dir(images)
            files.write_file(images, b"")  # else a runtime that has not come to it makes the directory anew
            return
        except IsADirectoryError:
            continue
        except OSError as problem:
            if problem.errno != errno.ENOTEMPTY:
                raise


def _take_back(place: str) -> None:
    """The images are where they belong, if they were put aside."""
    if os.path.isdir(f"{place}/{_ASIDE}"):
        if os.path.isfile(f"{place}/{IMAGES}"):
            files.remove_file(f"{place}/{IMAGES}")
        files.rename(f"{place}/{_ASIDE}", f"{place}/{IMAGES}")


def _go_on(ctr: Locked) -> None:
    """The frozen processes run again."""
    runtime, id = ctr.runtime, ctr.id
    seen = runtime.state(id)
    if seen is not None and seen.status == "paused":
        runtime.resume(id)


def _failure(ctr: Locked, problem: OCIRuntimeFailed, place: str, *, pre_dump: bool) -> SeaboxError:
    """The error, with what criu's log says; or what this host lacks, if it is that."""
    if why := ctr.runtime.no_checkpoints(ctr.on.criu, pre_dump=pre_dump):
        return Unsupported(why)
    log = words.tail(f"{place}/dump.log")
    told = words.errors(log)
    return CheckpointFailed(problem.runtime, f"criu failed: {told}" if told else problem.words, log)


def install(ctr: Locked, name: str, *, logs: bool) -> None:
    """The checkpoint in NEW is the one called `name`, in place of what was; its logs are kept or not."""
    fresh, place = place_of(ctr.on, ctr.id, NEW), place_of(ctr.on, ctr.id, name)
    if not logs:
        for each in LOGS:
            files.remove_file(f"{fresh}/{each}")
    files.make_dirs(os.path.dirname(place))
    files.remove_tree(place)
    files.rename(fresh, place)


def settle(ctr: Locked) -> None:
    """What a checkpoint left that was cut short, or failed: its processes go on, or are recorded as put to sleep."""
    place = place_of(ctr.on, ctr.id, NEW)
    ctr.on.storage.complete(ctr.id)  # who looks at a container's files without mounting them finds them all
    _take_back(place)
    if ctr.state.status is Status.RUNNING:
        await_orphans(ctr, _DUMP_GRACE)
        init = ctr.state.process
        if init is not None and process.alive(init):
            _go_on(ctr)
        elif words.is_complete(place):
            ctr.become(checkpointed(ctr.state, at=ctr.on.clock.now()), EventKind.CHECKPOINT)
    if ctr.state.checkpointed and words.is_complete(place):
        install(ctr, CURRENT, logs=True)
    files.remove_tree(place)
    if ctr.state.status is Status.STOPPED and ctr.state.checkpointed:
        teardown.clean(ctr, EventKind.CLEANUP)
