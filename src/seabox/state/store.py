"""What every store can do. SQLiteStore is the real one; MemoryStore in seabox.testing is held to the same tests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from ..model.exec import ExecRecord
    from ..model.record import (
        Claim,
        ContainerFacts,
        ContainerRecord,
        ContainerState,
        Event,
        EventKind,
        ExitRecord,
        ProcessId,
        Status,
    )


class Occurrence:
    """An event as its author knows it, before the store gives it a sequence number and a time."""

    __slots__ = ("attributes", "exit_code", "kind")

    def __init__(self, kind: EventKind, exit_code: int | None = None, attributes: str = "") -> None:
        self.kind, self.exit_code, self.attributes = kind, exit_code, attributes

    def __repr__(self) -> str:
        return f"Occurrence({self.kind})"


if TYPE_CHECKING:

    class ExecStore(Protocol):
        """Exec sessions by id. A session goes with its container; one that ended is forgotten after some minutes."""

        def add(self, record: ExecRecord) -> None:
            """The session is known. Raises: NoSuchContainer."""

        def start(
            self, id: str, pid: int, process: ProcessId | None, conmon: ProcessId | None, boot: str, at: int
        ) -> None:
            """The created session runs since `at`; emits `exec`. None: that process had ended already.

            Raises: NoSuchExec (somebody ended or removed it meanwhile).
            """

        def end(self, id: str, at: int, code: int | None, reason: str = "") -> bool:
            """The running session has ended; emits `exec_died`. False, and no effect, if it was not running."""

        def remove(self, id: str) -> None:
            """There is no such session."""

        def get(self, container: str, name: str) -> ExecRecord:
            """The session of this container with this id or unique prefix. Raises: NoSuchExec, AmbiguousName."""

        def find(self, id: str) -> ExecRecord:
            """The session with this whole id, whichever container it belongs to. Raises: NoSuchExec."""

        def of(self, container: str, *, active: bool = False) -> list[ExecRecord]:
            """The container's sessions, oldest first; `active` leaves out those whose end is recorded."""

    class Store(Protocol):
        """Containers, how they ended and what happened to them. Every call is one transaction; none waits for long."""

        @property
        def execs(self) -> ExecStore:
            """The exec sessions of containers."""

        def add(
            self, facts: ContainerFacts, config: bytes, requires: Iterable[str], claim: Claim, *,
            images: Iterable[str] = (),
        ) -> None:  # fmt: skip
            """A configured container exists, claimed and hidden from lists until `commit` says CREATE happened.

            `images`: ids of further images that it uses.

            Raises: NameInUse, NoSuchImage (an image went away), NoSuchContainer (a requirement did).
            """

        def commit(
            self, id: str, state: ContainerState, occurrences: Iterable[Occurrence] = (), *,
            durable: bool = False, unclaim: bool = False, failed: bool = False,
        ) -> None:  # fmt: skip
            """`state` and the events it belongs to are stored together.

            A move to STOPPED records the exit of this run as well; so does one that `failed`, whose code stands for a
            process that could not be started. `durable`: it also survives a power cut.
            `unclaim`: whatever claim there is ends in the same moment.
            Raises: NoSuchContainer.
            """

        def claim(self, id: str, claim: Claim) -> None:
            """The container is claimed, whoever had it before. Raises: NoSuchContainer."""

        def unclaim(self, id: str, claim: Claim) -> None:
            """`claim` is given up; no effect if the container is gone or somebody else's by now."""

        def remove(self, id: str, occurrences: Iterable[Occurrence] = ()) -> None:
            """The container is gone for good (durable); exit codes and events stay. Raises: InUse, NoSuchContainer."""

        def rename(self, id: str, name: str, occurrences: Iterable[Occurrence] = ()) -> None:
            """The container bears `name` from now on. Raises: NameInUse, NoSuchContainer."""

        def reconfigure(self, facts: ContainerFacts, config: bytes) -> None:
            """The container has this configuration, and the facts that follow from it; name and image stay.

            Raises: NoSuchContainer.
            """

        def find(self, name: str) -> str:
            """The id of the container of this name, id or unique id prefix. Raises: NoSuchContainer, AmbiguousName."""

        def load(self, id: str) -> ContainerRecord:
            """The container as last committed. Raises: NoSuchContainer, Damaged."""

        def config(self, id: str) -> bytes:
            """The container's stored configuration (JSON). Raises: NoSuchContainer."""

        def records(self, statuses: Iterable[Status] | None = None) -> Iterator[ContainerRecord]:
            """Containers, oldest first; those being created are left out, and so are damaged rows."""

        def starts(self) -> list[tuple[int, str]]:
            """When which containers are to be started by their restart policy, the next one first."""

        def dependants(self, id: str) -> list[str]:
            """Ids of the containers that require this one."""

        def requirements(self, id: str) -> list[str]:
            """Ids of the containers that this one requires."""

        def exit_record(self, id: str, run: int | None = None) -> ExitRecord | None:
            """How a run (the last one) of a container ended, whether or not the container still exists."""

        def events(self, since_seq: int = 0, limit: int = 1000) -> list[Event]:
            """Events after `since_seq`, in order, at most `limit`."""

        def last_seq(self) -> int:
            """The sequence number of the newest event, 0 if there is none."""

        def prune(self) -> None:
            """Events and exit codes that are too old, or too many, are gone."""

        def close(self) -> None:
            """Nothing of the store is open in this process."""
