"""What goes wrong with pods."""

from __future__ import annotations

from ..errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class PodFailed(Conflict):
    """Some containers of a pod could not be brought where they were to be; `causes` says why, by id."""

    def __init__(self, pod: str, text: str, causes: Mapping[str, Exception]) -> None:
        super().__init__(text)
        self.pod, self.causes = pod, dict(causes)


class MembersFailed(PodFailed):
    """An operation on a pod went wrong with some of its containers; `doing` is "starting", "stopping"..."""

    def __init__(self, pod: str, doing: str, causes: Mapping[str, Exception]) -> None:
        why = "; ".join(f"{id[:12]}: {cause}" for id, cause in causes.items())
        super().__init__(pod, f"{doing} some containers of pod {pod}: {why}", causes)
        self.doing = doing


class NotAllRemoved(PodFailed):
    """The pod has containers that cannot be removed: stop them, or remove it by force."""

    def __init__(self, pod: str, causes: Mapping[str, Exception]) -> None:
        super().__init__(pod, f"not all containers could be removed from pod {pod}: removing pod containers", causes)


class InitContainerFailed(Conflict):
    """An init container of the pod did not end with 0, so nothing after it was started."""

    def __init__(self, container_id: str, code: int) -> None:
        super().__init__(f"init container {container_id} exited with code {code}")
        self.container_id, self.code = container_id, code
