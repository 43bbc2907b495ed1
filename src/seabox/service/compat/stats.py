"""What containers use of the machine, as Docker's clients ask for it."""

from __future__ import annotations

from ..routing import Route
from ..stats import PARAMETERS, stats

ROUTES = (Route("GET", "/containers/{name}/stats", stats, *PARAMETERS, answer="lines"),)
