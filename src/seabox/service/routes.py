"""Every route of the service."""

from __future__ import annotations

from . import openapi
from .compat import image_removal, images, ping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (
    *image_removal.ROUTES,
    *images.ROUTES,
    *openapi.ROUTES,
    *ping.ROUTES,
)  # fmt: skip
