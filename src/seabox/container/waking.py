"""restore: processes that were put to sleep in a checkpoint go on, in the same container or in another like it."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, suppress

from ..checkpoint import criu as words
from ..checkpoint import stats
from ..checkpoint.document import decode
from ..errors import Conflict, InvalidArgument, OCIRuntimeFailed, SeaboxError, Unsupported
from ..kernel import cgroups, files, process
from ..kernel.namespaces import write_sysctls
from ..model.checkpoint import Checkpoint, Statistics
from ..model.record import EventKind, Intent, Status, restored
from ..oci.runtime import Revival
from . import dumping, prepare, teardown
from .bounds import FOR_EVER
from .lent import lend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.network import Attachment, Endpoint
    from .bounds import Bounds
    from .guard import Locked

# The runtime tells a hook about the container on stdin.
_LOOPBACK_UP = (
    "pid=$(sed -n 's/.*\"pid\": *\\([0-9][0-9]*\\).*/\\1/p') && exec nsenter --net=/proc/$pid/ns/net ip link set lo up"
)


class NoCheckpoint(Conflict):
    """The container has no checkpoint to go on from."""

    def __init__(self, container_id: str) -> None:
        super().__init__(
            f"a complete checkpoint for container {container_id} cannot be found, cannot restore: "
            "no such file or directory"
        )
        self.container_id = container_id


class RestoreFailed(OCIRuntimeFailed):
    """criu could not wake the processes: nothing runs, the checkpoint is kept. `log` is the end of criu's log."""

    def __init__(self, runtime: str, words: str, log: str) -> None:
        super().__init__(runtime, words)
        self.log = log


def restore(
    ctr: Locked, bounds: Bounds = FOR_EVER, *, keep: bool = False, tcp_established: bool = False,
    tcp_close: bool = False, file_locks: bool = False, ignore_static_ip: bool = False, ignore_static_mac: bool = False,
    checkpoint: str = dumping.CURRENT, own_addresses: bool = False,
) -> Statistics:  # fmt: skip
    """See Container.restore. `checkpoint` names the directory; `own_addresses`: it asks for none it had then."""
    if tcp_established and tcp_close:
        raise InvalidArgument("connections are either kept (tcp_established) or closed (tcp_close)")
    ctr.require(
        Status.CONFIGURED, Status.STOPPED, Status.EXITED,
        text=f"container {ctr.id} is {ctr.state.status}, cannot restore",
    )  # fmt: skip
    on, place = ctr.on, dumping.place_of(ctr.on, ctr.id, checkpoint)
    about = read(ctr.id, place)
    criu = on.criu
    prepare.require_dependencies(ctr)
    tcp_established = (tcp_established or about.tcp_established) and not tcp_close
    revival = Revival(
        images=f"{place}/{dumping.IMAGES}", criu=criu, tcp_established=tcp_established,
        file_locks=file_locks or about.file_locks, timeout=bounds.left, cancel=bounds.cancel,
    )  # fmt: skip
    with ctr.claimed(Intent.RESTORE), ExitStack() as ports, ExitStack() as undo:
        if ctr.state.status is Status.STOPPED:
            teardown.clean(ctr)
        undo.callback(teardown.release_resources, ctr)
        endpoint: Endpoint | None = None
        kept: tuple[int, ...] = ()
        if ctr.facts.networked:
            from . import networks

            kept = networks.reserve_ports(ctr, ports)
            asked = _asked(ctr, about, ips=not (ignore_static_ip or own_addresses), macs=not (
                ignore_static_mac or own_addresses))
            endpoint = networks.join(ctr, asked)
        rootfs = prepare.mount_root(ctr)
        prepare.write_bundle(ctr, rootfs, endpoint)
        shared = prepare.joined(ctr, ("ipc", "uts"))
        for image, content in words.of_others(revival.images, shared, ctr.config.hostname).items():
            files.write_atomic(image, content, durable=False)
        words.forget_unfinished_cache()
        files.write_file(
            f"{ctr.run_dir}/{teardown.CRIU_CONF}",
            words.configuration(
                tcp_close=tcp_close or about.tcp_close, joined=shared, lent=lend(ctr, place),
                v2_cgroup=ctr.config.cgroup if cgroups.mode() == "v2" else "",
            ),
        )
        parameters = _prepare_network(ctr.run_dir)
        if endpoint is not None:
            write_sysctls(endpoint.netns, parameters)
        runtime, launch = ctr.runtime, prepare.launch(ctr, kept, revival)
        began = on.clock.monotonic()
        try:
            with ctr.released():
                bounds.check()
                made = runtime.create(launch)
        except OCIRuntimeFailed as problem:
            raise _failure(ctr, problem) from None
        took = on.clock.monotonic() - began
        if endpoint is None and ctr.config.namespaces.network == "none":
            with suppress(OSError):  # it has ended already
                write_sysctls(f"/proc/{made.process.pid}/ns/net", parameters)
        fresh = restored(ctr.state, process=made.process, conmon=made.conmon, at=on.clock.now())
        fresh = fresh.replace(
            mountpoint=rootfs, health="starting" if ctr.config.healthcheck is not None else "", restart_count=0,
            backoff=0,
        )  # fmt: skip
        ctr.become(fresh, EventKind.RESTORE, last=True)
        undo.pop_all()
    done = Statistics(id=ctr.id, runtime=int(took * 1e6), criu=stats.read(f"{ctr.run_dir}/stats-restore"))
    if not keep and checkpoint == dumping.CURRENT:
        for name in (dumping.CURRENT, dumping.PRE):
            files.remove_tree(dumping.place_of(on, ctr.id, name))
    prepare.tell_started(ctr)
    return done


def read(container_id: str, place: str) -> Checkpoint:
    """What is known of the checkpoint in the directory `place`. Raises: NoCheckpoint, Damaged."""
    try:
        with open(f"{place}/{dumping.ABOUT}", "rb") as file:
            about = decode(file.read())
    except FileNotFoundError:
        raise NoCheckpoint(container_id) from None
    if not os.path.exists(f"{place}/{dumping.IMAGES}/inventory.img"):
        raise NoCheckpoint(container_id)
    return about


def _asked(ctr: Locked, about: Checkpoint, *, ips: bool, macs: bool) -> dict[str, Attachment]:
    """What the container asks of its networks, by their ids: the addresses it had, or none in particular."""
    from msgspec.structs import replace

    had = {each.network: each for each in about.addresses}
    asked = {}
    for member in ctr.on.networking.memberships(ctr.id):
        before = had.get(member.network.name)
        if before is None:
            continue
        asked[member.network.id] = replace(
            member.attachment, ips=before.ips if ips else (), mac=before.mac if macs else ""
        )
    return asked


def _prepare_network(run_dir: str) -> dict[str, str]:
    """The kernel's parameters of the container's own network: a runtime sets them when it creates, not on a restore.

    Where the namespace is made by criu, a hook in config.json sees to what connections inside the container need
    before they can go on: the runtimes leave the loopback interface down.
    """
    path = f"{run_dir}/config.json"
    try:
        with open(path, "rb") as file:
            spec = json.load(file)
    except FileNotFoundError:
        return {}
    parameters = {key: value for key, value in spec["linux"].get("sysctl", {}).items() if key.startswith("net.")}
    if {"type": "network"} in spec["linux"]["namespaces"]:
        hooks = spec.setdefault("hooks", {}).setdefault("createRuntime", [])
        hooks.append({"path": "/bin/sh", "args": ["sh", "-c", _LOOPBACK_UP], "env": [f"PATH={process.PATH}"]})
        files.write_file(path, json.dumps(spec).encode())
    return parameters


def _failure(ctr: Locked, problem: OCIRuntimeFailed) -> SeaboxError:
    """The error, with what criu's log says; or what this host lacks, if it is that."""
    if why := ctr.runtime.no_checkpoints(ctr.on.criu):
        return Unsupported(why)
    log = words.tail(f"{ctr.run_dir}/restore.log")
    told = words.errors(log)
    return RestoreFailed(problem.runtime, f"criu failed: {told}" if told else problem.words, log)
