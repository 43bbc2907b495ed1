"""A container's state: what is stored about it, and the only legal moves between its states.

Plain slots classes over SQL columns, because `ps`, `inspect` and the exit command read them in processes that
must start in milliseconds. A state is never changed: a move makes a fresh one.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a container stands; the words are podman's."""

    CONFIGURED = "configured"  # storage is there, the runtime has not heard of it
    CREATED = "created"  # `runtime create` is done, conmon is up, the process waits
    RUNNING = "running"
    PAUSED = "paused"  # cgroup frozen
    STOPPED = "stopped"  # process gone; the runtime's record and the mounts are still there
    EXITED = "exited"  # stopped and cleaned up
    REMOVING = "removing"


_S = Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    _S.CONFIGURED: frozenset({_S.CREATED, _S.RUNNING, _S.EXITED, _S.REMOVING}),  # running at once: a restore
    _S.CREATED: frozenset({_S.RUNNING, _S.STOPPED, _S.CONFIGURED, _S.EXITED, _S.REMOVING}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.STOPPED, _S.EXITED, _S.REMOVING}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.STOPPED, _S.EXITED, _S.REMOVING}),
    _S.STOPPED: frozenset({_S.CREATED, _S.EXITED, _S.REMOVING}),
    _S.EXITED: frozenset({_S.CREATED, _S.RUNNING, _S.REMOVING}),
    _S.REMOVING: frozenset(),
}

STARTABLE = (_S.CONFIGURED, _S.CREATED, _S.STOPPED, _S.EXITED)
INFRA = "infra"  # the role of the container whose namespaces a pod shares
ALIVE = (_S.CREATED, _S.RUNNING, _S.PAUSED)  # conmon watches it
# Who looks after a container that runs: nobody; the supervisor; a lookout, until its log is rotated.
UNSUPERVISED, SUPERVISED, WATCHED = 0, 1, 2


class Intent(StrEnum):
    """What the holder of a claim is doing; one that died leaves the word behind for the next caller to act on."""

    CREATE = "create"
    INIT = "init"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    REMOVE = "remove"
    CLEANUP = "cleanup"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    MOUNT = "mount"
    UNMOUNT = "unmount"
    EXPORT = "export"
    COPY = "copy"
    UPDATE = "update"
    CHECKPOINT = "checkpoint"
    RESTORE = "restore"


class EventKind(StrEnum):
    """What happened to a container (podman's words)."""

    CREATE = "create"
    INIT = "init"
    START = "start"
    ATTACH = "attach"
    STOP = "stop"
    KILL = "kill"
    DIED = "died"
    CLEANUP = "cleanup"
    REMOVE = "remove"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    RESTART = "restart"
    RENAME = "rename"
    MOUNT = "mount"
    UNMOUNT = "unmount"
    EXPORT = "export"
    SYNC = "sync"
    EXEC = "exec"
    EXEC_DIED = "exec_died"
    CHECKPOINT = "checkpoint"
    RESTORE = "restore"
    HEALTH_STATUS = "health_status"
    UPDATE = "update"


class ProcessId:
    """A process that cannot be mistaken for another: its pid, its start time in clock ticks, the boot it lives in."""

    __slots__ = ("boot", "pid", "start")

    def __init__(self, pid: int, start: int, boot: str) -> None:
        self.pid, self.start, self.boot = pid, start, boot

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcessId) and (self.pid, self.start, self.boot) == (
            other.pid, other.start, other.boot,
        )

    def __hash__(self) -> int:
        return hash((self.pid, self.start, self.boot))

    def __repr__(self) -> str:
        return f"ProcessId({self.pid}, {self.start}, {self.boot!r})"


class Claim:
    """Who works on a container without holding its lock, and to what end."""

    __slots__ = ("holder", "intent", "since")

    def __init__(self, intent: Intent, holder: ProcessId, since: int) -> None:
        self.intent, self.holder, self.since = intent, holder, since

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Claim) and (self.intent, self.holder, self.since) == (
            other.intent, other.holder, other.since,
        )

    def __hash__(self) -> int:
        return hash((self.intent, self.holder, self.since))

    def __repr__(self) -> str:
        return f"Claim({self.intent}, {self.holder!r})"


class ContainerState:
    """Everything about a container that changes, as of one commit. Times are int ns since the epoch, 0 = never.

    `exit_code` is None while there is none to tell; then `exit_reason` says why for a container that ended
    ("reboot", "conmon_lost"). `run` counts starts: exit codes are stored by (id, run). `mount_count` counts those who
    asked for the root file system to be mounted; the use that a run makes of it is not among them.
    `checkpointed_at` and `restored_at` are when that was last done.
    `next_start_at` is when the restart policy will start the container again, and `backoff` the pause (ns) that it
    last made before a start; `restart_count` counts these starts since the last one by a user. `health` is "" for a
    container without checks.
    """

    __slots__ = (
        "backoff", "boot", "checkpointed_at", "conmon_pid", "conmon_start", "error", "exit_code", "exit_reason",
        "finished_at", "health", "mount_count", "mountpoint", "next_start_at", "oom_killed", "pid", "pid_start",
        "restart_count", "restored_at", "run", "started_at", "status", "stopped_by_user",
    )

    def __init__(
        self,
        *,
        status: Status = Status.CONFIGURED,
        run: int = 0,
        pid: int = 0,
        pid_start: int = 0,
        conmon_pid: int = 0,
        conmon_start: int = 0,
        boot: str = "",
        started_at: int = 0,
        finished_at: int = 0,
        exit_code: int | None = None,
        exit_reason: str = "",
        oom_killed: bool = False,
        stopped_by_user: bool = False,
        restart_count: int = 0,
        next_start_at: int = 0,
        backoff: int = 0,
        health: str = "",
        mountpoint: str = "",
        mount_count: int = 0,
        error: str = "",
        checkpointed_at: int = 0,
        restored_at: int = 0,
    ) -> None:
        self.status = status
        self.run = run
        self.pid, self.pid_start = pid, pid_start
        self.conmon_pid, self.conmon_start = conmon_pid, conmon_start
        self.boot = boot
        self.started_at, self.finished_at = started_at, finished_at
        self.exit_code, self.exit_reason = exit_code, exit_reason
        self.oom_killed, self.stopped_by_user = oom_killed, stopped_by_user
        self.restart_count = restart_count
        self.next_start_at, self.backoff = next_start_at, backoff
        self.health = health
        self.mountpoint, self.mount_count = mountpoint, mount_count
        self.error = error
        self.checkpointed_at, self.restored_at = checkpointed_at, restored_at

    def replace(self, **changes: object) -> ContainerState:
        """A copy with some fields changed."""
        fresh = ContainerState.__new__(ContainerState)
        for name in ContainerState.__slots__:
            setattr(fresh, name, changes.pop(name) if name in changes else getattr(self, name))
        if changes:
            raise TypeError(f"no such field: {', '.join(changes)}")
        return fresh

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContainerState) and all(
            getattr(self, name) == getattr(other, name) for name in ContainerState.__slots__
        )

    __hash__ = None  # type: ignore[assignment]  # compared by value, never a key

    def __repr__(self) -> str:
        default = ContainerState()
        shown = (f"{n}={getattr(self, n)!r}" for n in self.__slots__ if getattr(self, n) != getattr(default, n))
        return f"ContainerState({', '.join(shown)})"

    @property
    def process(self) -> ProcessId | None:
        """The container's init, None while it has none."""
        return ProcessId(self.pid, self.pid_start, self.boot) if self.pid else None

    @property
    def conmon(self) -> ProcessId | None:
        """The conmon that watches the container, None while there is none."""
        return ProcessId(self.conmon_pid, self.conmon_start, self.boot) if self.conmon_pid else None

    @property
    def ever_started(self) -> bool:
        """Whether the container's process ran at least once."""
        return self.started_at != 0

    @property
    def checkpointed(self) -> bool:
        """Whether the last run ended in a checkpoint."""
        return self.checkpointed_at != 0 and self.checkpointed_at == self.finished_at

    @property
    def restored(self) -> bool:
        """Whether the last run began as the continuation of a checkpoint."""
        return self.restored_at != 0 and self.restored_at == self.started_at


# The moves. Each takes the state it starts from and returns the one it leads to.


def created(state: ContainerState, *, process: ProcessId, conmon: ProcessId) -> ContainerState:
    """The runtime has made the container; its process waits to be started."""
    return state.replace(
        status=Status.CREATED, run=state.run + 1,
        pid=process.pid, pid_start=process.start, conmon_pid=conmon.pid, conmon_start=conmon.start, boot=process.boot,
        exit_code=None, exit_reason="", oom_killed=False, stopped_by_user=False, error="",
    )  # fmt: skip


def running(state: ContainerState, *, at: int) -> ContainerState:
    """The container's process runs since `at`."""
    return state.replace(status=Status.RUNNING, started_at=at, finished_at=0, next_start_at=0)


def checkpointed(state: ContainerState, *, at: int) -> ContainerState:
    """The process was put to sleep in a checkpoint, and is gone."""
    return stopped(state, at=at, code=0).replace(checkpointed_at=at)


def restored(state: ContainerState, *, process: ProcessId, conmon: ProcessId, at: int) -> ContainerState:
    """The process goes on where a checkpoint left it, since `at`."""
    return running(created(state, process=process, conmon=conmon), at=at).replace(restored_at=at)


def restarted(state: ContainerState, *, at: int) -> ContainerState:
    """As `running`, by the restart policy."""
    return running(state, at=at).replace(restart_count=state.restart_count + 1)


def paused(state: ContainerState) -> ContainerState:
    """Every process in the container is frozen."""
    return state.replace(status=Status.PAUSED)


def resumed(state: ContainerState) -> ContainerState:
    """The container runs again after a pause."""
    return state.replace(status=Status.RUNNING)


def stopped(
    state: ContainerState, *, at: int, code: int | None, reason: str = "", oom: bool = False
) -> ContainerState:
    """The process is gone, with `code`, or with None and the reason why nobody knows it."""
    return state.replace(
        status=Status.STOPPED, finished_at=at, exit_code=code, exit_reason=reason, oom_killed=oom, pid=0, pid_start=0,
        next_start_at=0,
    )  # fmt: skip


def cleaned(state: ContainerState) -> ContainerState:
    """Nothing of the last run is left in the kernel: exited if it ran, configured if it never did.

    The root file system stays mounted if somebody asked for that.
    """
    return state.replace(
        status=Status.EXITED if state.status is Status.STOPPED else Status.CONFIGURED,
        pid=0, pid_start=0, conmon_pid=0, conmon_start=0, mountpoint=state.mountpoint if state.mount_count else "",
    )  # fmt: skip


def after_reboot(state: ContainerState) -> ContainerState:
    """What a container is when its boot has ended: exited for an unknown code if it ran, else as it was before init."""
    if state.status in (Status.RUNNING, Status.PAUSED):
        state = stopped(state, at=0, code=None, reason="reboot")
    elif state.status is Status.STOPPED or state.status is Status.EXITED:
        state = state.replace(status=Status.STOPPED)
    else:
        state = state.replace(status=Status.CONFIGURED)
    return cleaned(state).replace(
        boot="", restart_count=0, next_start_at=0, backoff=0, mountpoint="", mount_count=0
    )


class Event:
    """Something that happened, as committed with the state it belongs to. `at` in ns; `seq` grows by commit."""

    __slots__ = ("at", "attributes", "exit_code", "id", "image", "kind", "name", "seq", "type")

    def __init__(
        self, seq: int, at: int, type: str, kind: str, id: str, name: str, image: str,
        exit_code: int | None = None, attributes: str = "",
    ) -> None:  # fmt: skip
        self.seq, self.at, self.type, self.kind = seq, at, type, kind
        self.id, self.name, self.image = id, name, image
        self.exit_code = exit_code
        self.attributes = attributes  # JSON object, "" = none

    def __repr__(self) -> str:
        return f"Event({self.seq}, {self.kind}, {self.name})"


class ContainerFacts:
    """What of a container's configuration the hot path needs, fixed at creation except for `name`."""

    __slots__ = (
        "auto_remove", "cgroup", "command", "created_at", "id", "image", "image_id", "labels", "name", "networked",
        "pod", "ports", "restart_policy", "restart_retries", "role", "runtime", "stop_signal", "stop_timeout",
        "supervised", "volumes",
    )  # fmt: skip

    def __init__(
        self, id: str, name: str, created_at: int, image: str, image_id: str, command: str, labels: str,
        runtime: str, auto_remove: bool, stop_signal: int, stop_timeout: int, restart_policy: str, cgroup: str = "",
        networked: bool = False, ports: str = "", restart_retries: int = 0, supervised: int = UNSUPERVISED,
        pod: str = "", role: str = "", volumes: bool = False,
    ) -> None:  # fmt: skip
        self.id, self.name, self.created_at = id, name, created_at
        self.image, self.image_id = image, image_id
        self.command = command  # as `ps` shows it
        self.labels = labels  # JSON object
        self.runtime = runtime  # path
        self.auto_remove = auto_remove
        self.stop_signal, self.stop_timeout = stop_signal, stop_timeout
        self.restart_policy, self.restart_retries = restart_policy, restart_retries  # retries: 0 = no limit
        self.supervised = supervised  # whether somebody has to look after it while it runs, and who
        self.cgroup = cgroup  # the path of its own cgroup, "" if it has none
        self.networked = networked  # it has a network namespace that we made and pinned
        self.ports = ports  # as `ps` shows them
        self.pod = pod  # id
        self.role = role  # in its pod: INFRA, "once" or "always" for an init container, "" for all others
        self.volumes = volumes  # it has volumes among its mounts


class ContainerRecord:
    """One container as of one commit: facts, state, and who works on it."""

    __slots__ = ("claim", "facts", "state")

    def __init__(self, facts: ContainerFacts, state: ContainerState, claim: Claim | None) -> None:
        self.facts, self.state, self.claim = facts, state, claim


class PodRecord:
    """A pod as of one commit. `ended_at` (ns) is when a member last ended, the infra container's own ends aside."""

    __slots__ = ("cgroup", "claim", "created_at", "ended_at", "exit_policy", "id", "infra", "labels", "name")

    def __init__(
        self, id: str, name: str, created_at: int, labels: str, exit_policy: str, cgroup: str, infra: str = "",
        ended_at: int = 0, claim: Claim | None = None,
    ) -> None:  # fmt: skip
        self.id, self.name, self.created_at = id, name, created_at
        self.labels = labels  # JSON object, "" = none
        self.exit_policy = exit_policy  # "continue" | "stop"
        self.cgroup = cgroup  # the parent of its members' cgroups, "" if it has none
        self.infra = infra  # id of its infra container, "" if it has none
        self.ended_at = ended_at
        self.claim = claim


class ExitRecord:
    """How one run of a container ended: kept after the container is gone. code None = unknown, `reason` says why."""

    __slots__ = ("code", "finished_at", "id", "name", "reason", "run")

    def __init__(self, id: str, run: int, name: str, code: int | None, reason: str, finished_at: int) -> None:
        self.id, self.run, self.name = id, run, name
        self.code, self.reason, self.finished_at = code, reason, finished_at
