"""Every route of the service."""

from __future__ import annotations

from . import openapi
from .compat import ping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (
    *openapi.ROUTES,
    *ping.ROUTES,
)  # fmt: skip
