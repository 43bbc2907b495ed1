"""`Pod`: the public handle: a table of operations on the containers of a pod."""

from __future__ import annotations

from functools import wraps

from ..container.container import Container
from ..errors import NoSuchContainer, NoSuchPod
from . import operations, snapshot
from .remove import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Concatenate, ParamSpec

    from ..container.stats import Stats
    from ..kernel.watch import Cancel
    from ..logs.k8s_file import LogLine
    from .services import PodServices
    from .snapshot import PodSnapshot

    P = ParamSpec("P")


def operation(op: Callable[Concatenate[PodServices, str, P], None]) -> Callable[Concatenate[Pod, P], None]:
    """Bind a function over a pod's id as a method."""

    @wraps(op)
    def method(self: Pod, /, *args: P.args, **kwargs: P.kwargs) -> None:
        op(self._on, self.id, *args, **kwargs)

    return method


class Pod:
    """A handle on one pod: an id and no state, so it is never stale."""

    __slots__ = ("_on", "id")

    def __init__(self, on: PodServices, id: str) -> None:
        self.id, self._on = id, on

    def __repr__(self) -> str:
        return f"<Pod {self.id[:12]}>"

    start = operation(operations.start)
    stop = operation(operations.stop)
    kill = operation(operations.kill)
    pause = operation(operations.pause)
    unpause = operation(operations.unpause)
    restart = operation(operations.restart)
    remove = operation(remove)

    # --- reads: no lock ------------------------------------------------------------------------------------------

    def snapshot(self) -> PodSnapshot:
        """What is true of the pod and its containers now. Never blocks. Raises: NoSuchPod."""
        return snapshot.take(self._on, self.id)

    @property
    def name(self) -> str:
        """The pod's name. Raises: NoSuchPod."""
        return self._on.store.pods.load(self.id).name

    @property
    def status(self) -> str:
        """ "Created", "Running", "Degraded", "Paused", "Stopped", "Exited" or "Dead". Raises: NoSuchPod."""
        return self.snapshot().status

    @property
    def infra(self) -> Container | None:
        """The container whose namespaces the others share. Raises: NoSuchPod."""
        id = self._on.store.pods.load(self.id).infra
        return Container(self._on, id) if id else None

    @property
    def containers(self) -> list[Container]:
        """The containers of the pod, oldest first, the infra container among them. Raises: NoSuchPod."""
        return [Container(self._on, seen.facts.id) for seen in self.snapshot().members]

    def exists(self) -> bool:
        """Whether the pod has not been removed."""
        try:
            self._on.store.pods.load(self.id)
        except NoSuchPod:
            return False
        return True

    def inspect(self) -> dict[str, Any]:
        """Everything about the pod, under podman's field names. Raises: NoSuchPod."""
        from .inspect import inspect

        return inspect(self._on, self.id)

    def stats(self) -> list[Stats]:
        """What each container of the pod uses of the machine now. Raises: NoSuchPod."""
        from ..container.stats import Stats

        return [Stats(self._on, seen.facts.id) for seen in self.snapshot().members]

    def top(self, words: Sequence[str] = ()) -> tuple[list[str], list[list[str]]]:
        """As Container.top, for all running containers of the pod. Raises: NoSuchPod, InvalidArgument."""
        headings: list[str] = []
        rows: list[list[str]] = []
        for seen in self.snapshot().members:
            if seen.status == "running":
                headings, more = Container(self._on, seen.facts.id).top(words)
                rows += more
        return headings, rows

    def logs(
        self, container: str = "", *, follow: bool = False, tail: int | None = None, since: int | None = None,
        until: int | None = None, timeout: float | None = None, cancel: Cancel | None = None,
    ) -> Iterator[tuple[str, LogLine]]:  # fmt: skip
        """The lines that the containers of the pod wrote, each with the container's id; see Container.logs.

        One container after the other, or with `follow` as they come. `container`: only of this one, by name or id.
        Raises: NoSuchPod, NoSuchContainer, Unsupported, TimedOut, Cancelled.
        """
        from .logs import read

        return read(
            self._on, self.id, container, follow=follow, tail=tail, since=since, until=until, timeout=timeout,
            cancel=cancel,
        )  # fmt: skip


class NotInPod(NoSuchContainer):
    """The pod has no such container."""

    def __init__(self, name: str, pod: str) -> None:
        super().__init__(name)
        self.args = (f"container {name} is not in pod {pod}: no such container",)
