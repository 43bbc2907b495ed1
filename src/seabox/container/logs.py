"""What a container wrote."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from ..logs.k8s_file import LogLine
    from .services import Services


def read(
    on: Services, id: str, *, follow: bool, tail: int | None, since: int | None, until: int | None,
    cancel: Cancel | None,
) -> Iterator[LogLine]:  # fmt: skip
    """See Container.logs."""
    raise NotImplementedError
