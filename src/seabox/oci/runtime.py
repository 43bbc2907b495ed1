"""What the lifecycle asks of an OCI runtime, and the values that go to and fro. No state is decided here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol

    from ..kernel.watch import Cancel
    from ..model.record import ProcessId
    from .attachsock import AttachSocket
    from .outcome import Outcome

    class OCIRuntime(Protocol):
        """Something that makes, starts, signals and deletes containers by id.

        Raises, from every call: OCIRuntimeFailed (with the runtime's own words), TimedOut, OSError.
        """

        @property
        def name(self) -> str:
            """ "crun", "runc"..."""

        @property
        def path(self) -> str:
            """The program, absolute."""

        @property
        def root(self) -> str:
            """Where it keeps its own records."""

        def create(self, launch: Launch) -> Launched:
            """The container exists, its process waits to be started, and a conmon watches it.

            On failure no conmon is left; what the runtime itself left behind goes with `delete(id, force=True)`.

            Raises: CommandNotFound, CommandNotExecutable.
            """

        def start(self, id: str) -> None:
            """The container's process runs (or has run: it may be over already)."""

        def kill(self, id: str, signal: int, all: bool = False) -> bool:
            """`signal` was sent to the container's init, or with `all` to every process; False if nothing runs."""

        def pause(self, id: str) -> None:
            """Every process in the container is frozen."""

        def resume(self, id: str) -> None:
            """The container's processes go on."""

        def delete(self, id: str, force: bool = False) -> None:
            """The runtime has forgotten the container; with `force` its processes are killed first. Idempotent."""

        def deleting(self, id: str, force: bool = False) -> AbstractContextManager[None]:
            """As `delete`, under way inside the block and done after it: for what need not wait for it."""

        def update(self, id: str, limits: bytes) -> None:
            """The container's cgroup keeps these limits: a JSON object, as "resources" in config.json."""

        def state(self, id: str) -> RuntimeState | None:
            """What the runtime says; None if it does not know the container."""

        def processes(self, id: str) -> list[int]:
            """The host pids of all processes in the container; empty if nothing runs."""

        def checkpoint(self, id: str, dump: Dump) -> None:
            """The state of the container's processes is in `dump.images`; unless it leaves them running, they are gone.

            Blocks for as long as that takes. On failure they run (or are frozen) as before.
            """

        def no_checkpoints(self, criu: str, *, pre_dump: bool = False) -> str:
            """Why no container of this runtime can be checkpointed, or `pre_dump`ed, on this host, "" if it can.

            Runs programs: to be asked after a failure.
            """

        def execute(self, launch: ExecLaunch) -> Executed:
            """Another process runs in the container, watched by a conmon of its own.

            On failure none of the two is left. Raises: CommandNotFound, CommandNotExecutable.
            """


class RuntimeState:
    """The runtime's view: status is "creating", "created", "running", "paused" or "stopped"; pid 0 = none."""

    __slots__ = ("bundle", "pid", "status")

    def __init__(self, status: str, pid: int, bundle: str) -> None:
        self.status, self.pid, self.bundle = status, pid, bundle

    def __repr__(self) -> str:
        return f"RuntimeState({self.status!r}, {self.pid}, {self.bundle!r})"


class Dump:
    """What a checkpoint is to be.

    images, work     existing directories, absolute: for the images, and for dump.log and stats-dump
    criu             the program; its name must be criu
    bundle           the container's bundle, with criu.conf
    parent           a directory of images beside `images`, as seen from there, that need not be stored again
    pre_dump         only the memory, for such a parent; the processes go on
    timeout, cancel  how long it is wanted, in seconds (None = for ever); when it is not any more, `give_up` is called,
                     which makes criu fail and undo what it has done
    """

    __slots__ = (
        "bundle", "cancel", "criu", "file_locks", "give_up", "images", "leave_running", "parent", "pre_dump",
        "tcp_established", "timeout", "work",
    )  # fmt: skip

    def __init__(
        self, *, images: str, work: str, criu: str, bundle: str, parent: str = "", pre_dump: bool = False,
        leave_running: bool = False, tcp_established: bool = False, file_locks: bool = False,
        timeout: float | None = None, cancel: Cancel | None = None, give_up: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.timeout, self.cancel, self.give_up = timeout, cancel, give_up
        self.images, self.work, self.criu, self.parent, self.pre_dump = images, work, criu, parent, pre_dump
        self.bundle = bundle
        self.leave_running, self.tcp_established, self.file_locks = leave_running, tcp_established, file_locks


class Revival:
    """A container is made from a checkpoint: its images, the program criu, and options for `runtime restore`.

    It is wanted for `timeout` seconds (None = for ever), or until it is cancelled.
    """

    __slots__ = ("cancel", "criu", "images", "options", "timeout")

    def __init__(
        self, *, images: str, criu: str, tcp_established: bool = False, file_locks: bool = False,
        timeout: float | None = None, cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        self.images, self.criu, self.timeout, self.cancel = images, criu, timeout, cancel
        chosen = {"--tcp-established": tcp_established, "--file-locks": file_locks}
        self.options = tuple(option for option, wanted in chosen.items() if wanted)


class Launched:
    """The two processes a create leaves behind."""

    __slots__ = ("conmon", "process")

    def __init__(self, process: ProcessId, conmon: ProcessId) -> None:
        self.process, self.conmon = process, conmon

    def __repr__(self) -> str:
        return f"Launched({self.process!r}, {self.conmon!r})"


class Launch:
    """All that conmon needs to create one container.

    bundle        absolute; holds config.json and gets pid, conmon.pid, oci.log, attach, ctl, oom and the exit file
    exit_command  what conmon runs when the container has ended: an absolute path and arguments, no shell
    log_driver    "k8s-file" (which needs log_path), "journald", "none" or "passthrough"
    log_size_max  bytes, -1 = unlimited; beyond, conmon begins a new log, and with log_rotate keeps the last as LOG.1
    timeout       seconds after which conmon kills the container, 0 = never
    pidfile       in place of <bundle>/pid; conmon_pidfile likewise
    env           what conmon, the runtime and the exit command see beyond PATH
    stdio         our descriptors for "passthrough", else None
    place         called with conmon's pid before it does anything: moves it to its cgroup
    notify_socket of a service manager, to which conmon passes on what arrives at <bundle>/notify/notify.sock
    preserve_fds  ours, that become 3, 4... of the process
    keep          our descriptors that conmon, and not the container, keeps open: sockets on published ports
    revival       the container is not created but restored, and runs at once; restore.log will be in the bundle
    """

    __slots__ = (
        "bundle", "conmon_pidfile", "env", "exit_command", "id", "keep", "log_driver", "log_path", "log_rotate",
        "log_size_max", "log_tag", "name", "no_new_keyring", "no_pivot", "notify_socket", "pidfile", "place",
        "preserve_fds", "revival", "stdin", "stdin_stays_open", "stdio", "timeout", "tty",
    )  # fmt: skip

    def __init__(
        self,
        *,
        id: str,
        name: str,
        bundle: str,
        exit_command: Sequence[str] = (),
        log_driver: str = "none",
        log_path: str = "",
        log_size_max: int = -1,
        log_rotate: bool = False,
        notify_socket: str = "",
        log_tag: str = "",
        tty: bool = False,
        stdin: bool = False,
        stdin_stays_open: bool = False,
        timeout: int = 0,
        no_pivot: bool = False,
        no_new_keyring: bool = False,
        pidfile: str = "",
        conmon_pidfile: str = "",
        env: Mapping[str, str] | None = None,
        stdio: tuple[int | None, int | None, int | None] | None = None,
        place: Callable[[int], None] | None = None,
        keep: Sequence[int] = (),
        preserve_fds: Sequence[int] = (),
        revival: Revival | None = None,
    ) -> None:
        self.id, self.name, self.bundle = id, name, bundle
        self.keep, self.preserve_fds = tuple(keep), tuple(preserve_fds)
        self.revival = revival
        self.exit_command = exit_command
        self.log_driver, self.log_path = log_driver, log_path
        self.log_size_max, self.log_rotate, self.log_tag = log_size_max, log_rotate, log_tag
        self.notify_socket = notify_socket
        self.tty, self.stdin, self.stdin_stays_open = tty, stdin, stdin_stays_open
        self.timeout = timeout
        self.no_pivot, self.no_new_keyring = no_pivot, no_new_keyring
        self.pidfile = pidfile or f"{bundle}/pid"
        self.conmon_pidfile = conmon_pidfile or f"{bundle}/conmon.pid"
        self.env = env or {}
        self.stdio = stdio
        self.place = place


class ExecLaunch:
    """All that conmon needs to run one more process in a container.

    bundle        absolute, the session's own; holds process.json and gets pid, conmon.pid, oci.log, attach, ctl and
                  the exit file, which is named after the container
    attach        connect to its streams before it runs
    timeout       seconds after which conmon kills it, 0 = never
    preserve_fds  ours, that become 3, 4... of the process
    """

    __slots__ = ("attach", "bundle", "container", "preserve_fds", "session", "stdin", "timeout", "tty")

    def __init__(
        self,
        *,
        container: str,
        session: str,
        bundle: str,
        attach: bool = True,
        tty: bool = False,
        stdin: bool = False,
        timeout: int = 0,
        preserve_fds: Sequence[int] = (),
    ) -> None:
        self.container, self.session, self.bundle = container, session, bundle
        self.attach, self.tty, self.stdin = attach, tty, stdin
        self.timeout = timeout
        self.preserve_fds = tuple(preserve_fds)


class Executed:
    """What an execution left running. `process` and `conmon` are None if they had ended before we could look.

    `connection` and `outcome` are None without attach.
    """

    __slots__ = ("conmon", "connection", "outcome", "pid", "process")

    def __init__(
        self,
        pid: int,
        process: ProcessId | None,
        conmon: ProcessId | None,
        connection: AttachSocket | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        self.pid, self.process, self.conmon = pid, process, conmon
        self.connection, self.outcome = connection, outcome
