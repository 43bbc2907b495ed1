"""The output of all containers of a pod as one stream."""

from __future__ import annotations

from ..container.logs import read as read_one
from ..errors import Unsupported
from ..model.record import INFRA
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from queue import SimpleQueue
    from typing import Any

    from ..logs.k8s_file import LogLine
    from .services import PodServices

    Line = tuple[str, LogLine]


def read(on: PodServices, id: str, container: str, *, follow: bool, **options: Any) -> Iterator[Line]:
    """See Pod.logs."""
    ids = _chosen(on, id, container)
    return _followed(on, ids, options) if follow else _in_turn(on, ids, options)


def _chosen(on: PodServices, id: str, container: str) -> list[str]:
    from .pod import NotInPod

    pod = snapshot.take(on, id)
    if not container:
        return [seen.facts.id for seen in pod.members if seen.facts.role != INFRA]
    found = [
        seen.facts.id for seen in pod.members
        if seen.facts.name == container or (len(container) > 3 and seen.facts.id.startswith(container))
    ]  # fmt: skip
    if not found:
        raise NotInPod(container, pod.facts.name)
    return found


def _in_turn(on: PodServices, ids: list[str], options: dict[str, Any]) -> Iterator[Line]:
    for id in ids:
        for line in read_one(on, id, follow=False, **options):
            yield id, line


def _followed(on: PodServices, ids: list[str], options: dict[str, Any]) -> Iterator[Line]:
    """One thread per container; the lines come as they are read. Ends when the last container has ended."""
    import threading
    from queue import SimpleQueue

    lines: SimpleQueue[Line | Exception | None] = SimpleQueue()
    for id in ids:
        threading.Thread(target=_pump, args=(on, id, options, lines), daemon=True).start()
    left = len(ids)
    while left:
        found = lines.get()
        if isinstance(found, tuple):
            yield found
            continue
        left -= 1
        if found is not None and not isinstance(found, Unsupported):
            raise found


def _pump(
    on: PodServices, id: str, options: dict[str, Any], lines: SimpleQueue[Line | Exception | None]
) -> None:
    try:
        for line in read_one(on, id, follow=True, **options):
            lines.put((id, line))
    except Exception as problem:
        lines.put(problem)
    else:
        lines.put(None)
    finally:
        on.store.leave()
