"""Every route of the service."""

from __future__ import annotations

from . import openapi
from .compat import (
    archives,
    image_removal,
    images,
    lifecycle,
    ping,
    pull,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (
    *archives.ROUTES,
    *image_removal.ROUTES,
    *images.ROUTES,
    *lifecycle.ROUTES,
    *openapi.ROUTES,
    *ping.ROUTES,
    *pull.ROUTES,
)  # fmt: skip
