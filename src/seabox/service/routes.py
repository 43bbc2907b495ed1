"""Every route of the service."""

from __future__ import annotations

from .compat import ping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (
    *ping.ROUTES,
)  # fmt: skip
