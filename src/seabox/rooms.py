"""The rooms of one engine, each built when it is first entered: `ps` pays for the store and nothing else."""

from __future__ import annotations

import os
import sys
import time
from functools import cached_property

from .kernel import files
from .state.locks import Locks, Rank
from .state.sqlite import SQLiteStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import EngineConfig
    from .container.services import RootfsStorage
    from .model.container import ContainerConfig
    from .oci.exits import Exit
    from .oci.runtime import OCIRuntime

_EXIT_COMMAND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "attendants", "exitcmd.py")
_FLOCK = "/usr/bin/flock"


class SystemClock:
    """The clock of this machine."""

    __slots__ = ()

    def now(self) -> int:
        """Wall clock, ns since the epoch."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


class ExitFiles:
    """What conmon wrote about containers that ended."""

    __slots__ = ("_config",)

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def read(self, id: str) -> Exit | None:
        """What the exit file of this container says, None while there is none."""
        from .oci.exits import read_exit

        return read_exit(self._config.run_dir(id), id)


class SpecBundles:
    """Bundles made by the spec room."""

    __slots__ = ("_config",)

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def write(self, config: ContainerConfig, rootfs: str, namespaces: Mapping[str, str]) -> None:
        """config.json and what it mounts are in the run directory. Raises: Refused."""
        from .spec.bundle import write_bundle

        write_bundle(config, rootfs, self._config.run_dir(config.id), self._config, namespaces)


class Rooms:
    """The rooms below, as container operations need them (container.services.Services)."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.clock = SystemClock()
        self.exits = ExitFiles(config)
        self.bundles = SpecBundles(config)
        self._runtimes: dict[str, OCIRuntime] = {}

    @cached_property
    def store(self) -> SQLiteStore:
        """The database."""
        return SQLiteStore(
            self.config.database, keep_days=self.config.keep_events_days, keep_rows=self.config.keep_events_rows
        )

    @cached_property
    def locks(self) -> Locks:
        """A lock per container, in its run directory; other kinds beside them."""

        def path_of(rank: Rank, name: str) -> str:
            if rank is Rank.CONTAINER:
                return f"{self.config.run_dir(name)}/lock"
            return f"{self.config.runroot}/locks/{rank.name.lower()}-{name}/lock"

        return Locks(path_of, self.config.lock_timeout)

    @cached_property
    def storage(self) -> RootfsStorage:
        """Writable roots, by the driver that works here."""
        from .storage.choose import choose

        return choose(self.config.root, self.config.storage_driver)

    def runtime(self, path: str) -> OCIRuntime:
        """The OCI runtime at this path."""
        if path not in self._runtimes:
            from .oci.cli import CommandLineRuntime

            self._runtimes[path] = CommandLineRuntime(
                path, root=self.config.runtime_root(path), conmon=self.config.conmon, flags=self.config.runtime_flags
            )
        return self._runtimes[path]

    def exit_command(self, id: str) -> tuple[str, ...]:
        """The argv that conmon runs when the container has ended.

        flock(1) goes first: where a live engine attends the container it ends at once, without an interpreter.
        """
        run = self.config.run_dir(id)
        gate = (_FLOCK, "--nonblock", "--conflict-exit-code", "0", "--no-fork", f"{run}/attended")
        program = (sys.executable or "/usr/bin/python3", "-I", "-S", _EXIT_COMMAND)
        settings = (self.config.root, self.config.runroot, self.config.storage_driver, id)
        return (*(gate if os.access(_FLOCK, os.X_OK) else ()), *program, *settings)

    def layer_dir(self, chain_id: str) -> str:
        """Where an image layer lies unpacked."""
        return f"{self.config.root}/layers/{chain_id}/diff"

    def make_directories(self) -> None:
        """The roots exist, closed to everybody else."""
        for path in (self.config.root, self.config.runroot):
            files.make_dirs(path, 0o711 if path == self.config.root else 0o700)
