"""Every route of the service."""

from __future__ import annotations

from . import (
    openapi,
)
from .compat import (
    archives,
    containers,
    create,
    image_removal,
    images,
    inspect,
    lifecycle,
    ping,
    pull,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (
    *archives.ROUTES,
    *containers.ROUTES,
    *create.ROUTES,
    *image_removal.ROUTES,
    *images.ROUTES,
    *inspect.ROUTES,
    *lifecycle.ROUTES,
    *openapi.ROUTES,
    *ping.ROUTES,
    *pull.ROUTES,
)  # fmt: skip
