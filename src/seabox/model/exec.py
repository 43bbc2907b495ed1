"""An exec session's record: plain slots, because whoever next looks at a container reads the sessions it has."""

from __future__ import annotations

from enum import StrEnum

from .record import ProcessId


class ExecStatus(StrEnum):
    """Where a session stands."""

    CREATED = "created"  # its starter is at work, or died at it
    RUNNING = "running"
    STOPPED = "stopped"


class ExecRecord:
    """One session as of one commit. Times are int ns since the epoch, 0 = never.

    `exit_code` is None while there is none to tell; then `exit_reason` says why for a session that ended
    ("timeout", "conmon_lost", "reboot"). `holder` is the process that starts it.
    """

    __slots__ = (
        "boot", "command", "conmon_pid", "conmon_start", "container", "created_at", "exit_code", "exit_reason",
        "finished_at", "holder", "id", "pid", "pid_start", "started_at", "status", "tty", "user",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        container: str,
        command: str,
        holder: ProcessId,
        created_at: int,
        *,
        user: str = "",
        tty: bool = False,
        status: ExecStatus = ExecStatus.CREATED,
        pid: int = 0,
        pid_start: int = 0,
        conmon_pid: int = 0,
        conmon_start: int = 0,
        boot: str = "",
        started_at: int = 0,
        finished_at: int = 0,
        exit_code: int | None = None,
        exit_reason: str = "",
    ) -> None:
        self.id, self.container, self.holder, self.created_at = id, container, holder, created_at
        self.command = command  # JSON list
        self.user = user  # as asked for, "" = the container's
        self.tty = tty
        self.status = status
        self.pid, self.pid_start = pid, pid_start  # pid_start 0: it had ended before anybody could look at it
        self.conmon_pid, self.conmon_start = conmon_pid, conmon_start
        self.boot = boot
        self.started_at, self.finished_at = started_at, finished_at
        self.exit_code, self.exit_reason = exit_code, exit_reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExecRecord) and all(
            getattr(self, name) == getattr(other, name) for name in ExecRecord.__slots__
        )

    __hash__ = None  # type: ignore[assignment]  # compared by value, never a key

    def __repr__(self) -> str:
        return f"ExecRecord({self.id[:12]}, {self.status}, {self.exit_code})"

    @property
    def active(self) -> bool:
        """Whether its end has not been recorded."""
        return self.status is not ExecStatus.STOPPED

    @property
    def process(self) -> ProcessId | None:
        """The session's process, None while (or if) nobody knows it."""
        return ProcessId(self.pid, self.pid_start, self.boot) if self.pid_start else None

    @property
    def conmon(self) -> ProcessId | None:
        """The conmon that watches it, None while (or if) nobody knows it."""
        return ProcessId(self.conmon_pid, self.conmon_start, self.boot) if self.conmon_start else None
