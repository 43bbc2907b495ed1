"""Every route of the service."""

from __future__ import annotations

from . import openapi
from .compat.routes import ROUTES as DOCKERS
from .libpod.routes import ROUTES as PODMANS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

ROUTES: tuple[Route, ...] = (*openapi.ROUTES, *DOCKERS, *PODMANS)
