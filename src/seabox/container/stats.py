"""What a container uses of the machine, as the kernel counts it. No lock."""

from __future__ import annotations

from ..kernel.procfs import Usage, network_bytes
from ..model.record import ALIVE
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.usage_details import Details
    from .services import Services


class Stats:
    """One container at one moment, `at` ns of wall clock: `cpu` and `uptime` in ns, all else in bytes or tasks.

    `details`, of the same moment, only where they were asked for.
    """

    __slots__ = (
        "at", "block_read", "block_written", "cpu", "details", "id", "memory", "memory_limit", "name", "net_received",
        "net_sent", "pids", "uptime",
    )  # fmt: skip

    def __init__(self, on: Services, id: str, *, detailed: bool = False) -> None:
        """Raises: NoSuchContainer. All is zero for one that does not run."""
        seen = snapshot.take(on, id)
        self.id, self.name, self.at = id, seen.facts.name, on.clock.now()
        alive = seen.state.status in ALIVE
        usage = Usage(seen.facts.cgroup if alive else "")
        self.cpu, self.memory, self.pids = usage.cpu, usage.memory, usage.pids
        self.memory_limit = usage.memory_limit if alive else 0
        self.block_read, self.block_written = usage.read, usage.written
        self.net_received, self.net_sent = network_bytes(seen.state.pid) if alive else (0, 0)
        self.uptime = max(self.at - seen.state.started_at, 0) if alive and seen.state.started_at else 0
        self.details: Details | None = None
        if detailed:
            from ..kernel.usage_details import Details

            self.details = Details(seen.facts.cgroup if alive else "", seen.state.pid if alive else 0)
