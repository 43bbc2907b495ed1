"""Whether the service is there, and what it is."""

from __future__ import annotations

import os
import platform

from ... import __version__
from ..guard import API_VERSION, LIBPOD_VERSION, OLDEST_API_VERSION
from ..response import Response, json, plain
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_HEADERS = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Builder-Version": "1"}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def ping(on: Engine, ask: Request) -> Response:
    """It is."""
    return plain("OK", headers=_HEADERS)


def version(on: Engine, ask: Request) -> Response:
    """Versions, of the service and of what it uses."""
    system = os.uname()
    architecture = _ARCHITECTURES.get(system.machine, system.machine)
    about = {
        "ApiVersion": API_VERSION, "Arch": architecture, "BuildTime": "1970-01-01T00:00:00Z", "Experimental": "false",
        "GitCommit": "", "GoVersion": "", "KernelVersion": system.release, "MinAPIVersion": OLDEST_API_VERSION,
        "Os": "linux", "APIVersion": LIBPOD_VERSION, "PythonVersion": platform.python_version(),
    }  # fmt: skip
    engine = {"Name": "Seabox Engine", "Version": __version__, "Details": about}
    top = {key: about[key] for key in (
        "ApiVersion", "Arch", "BuildTime", "GitCommit", "GoVersion", "KernelVersion", "MinAPIVersion", "Os",
    )}  # fmt: skip
    return json({"Platform": {"Name": "linux/" + architecture}, "Components": [engine], "Version": __version__} | top)


ROUTES = (
    Route("GET", "/_ping", ping, answer="text"),
    Route("HEAD", "/_ping", ping, answer=None),
    Route("GET", "/libpod/_ping", ping, answer="text"),
    Route("HEAD", "/libpod/_ping", ping, answer=None),
    Route("GET", "/version", version),
    Route("GET", "/libpod/version", version),
)
