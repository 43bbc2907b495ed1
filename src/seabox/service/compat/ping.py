"""Whether the service is there, and what it is."""

from __future__ import annotations

import os

from ... import __version__
from ...images.manifest import this_platform
from ..guard import API_VERSION, LIBPOD_VERSION, OLDEST_API_VERSION, OLDEST_LIBPOD_VERSION
from ..response import Response, json, plain
from ..routing import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine import Engine
    from ..request import Request

_HEADERS = {
    "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Builder-Version": "1",
    "Swarm": "inactive",
}  # fmt: skip


def ping(on: Engine, ask: Request) -> Response:
    """It is."""
    return plain("OK", headers=_HEADERS)


def version(on: Engine, ask: Request) -> Response:
    """Versions, of the service and of the programs that run containers."""
    about = _about(API_VERSION, OLDEST_API_VERSION)
    programs = [_component(name, said) for name, said in on.programs_used().items()]
    return json(_whole(about, [_engine("Engine", about), *programs]))


def libpod_version(on: Engine, ask: Request) -> Response:
    """The same in podman's words, with the version of its own API."""
    used = on.info()["Host"]
    conmon, runtime = used["Conmon"], used["OCIRuntime"]
    programs = [
        {"Name": "Conmon", "Version": conmon["Version"], "Details": {"Package": conmon["Package"]}},
        {"Name": f"OCI Runtime ({runtime['Name']})", "Version": runtime["Version"],
         "Details": {"Package": runtime["Package"]}},
    ]  # fmt: skip
    about = _about(LIBPOD_VERSION, OLDEST_LIBPOD_VERSION)
    engine = _engine("Podman Engine", about)  # under which podman's clients look for the version of the API
    engine["Details"]["APIVersion"] = LIBPOD_VERSION
    return json(_whole(_about(API_VERSION, OLDEST_API_VERSION), [engine, *programs]))


def _about(api: str, oldest: str) -> dict[str, str]:
    return {
        "ApiVersion": api, "MinAPIVersion": oldest, "GitCommit": "", "GoVersion": "", "Os": "linux",
        "Arch": this_platform().architecture, "KernelVersion": os.uname().release,
        "BuildTime": "1970-01-01T00:00:00Z",
    }  # fmt: skip


def _engine(name: str, about: dict[str, str]) -> dict[str, Any]:
    return {"Name": name, "Version": __version__, "Details": about | {"Experimental": "false"}}


def _component(name: str, said: str) -> dict[str, Any]:
    """A program and its version, read from what it says: NAME version VERSION, and lines such as "commit: ..."."""
    first, *rest = said.splitlines() or [""]
    facts = dict(line.split(": ", 1) for line in rest if ": " in line)
    return {"Name": name, "Version": first.rpartition(" ")[2], "Details": {"GitCommit": facts.get("commit", "")}}


def _whole(about: dict[str, str], components: list[dict[str, Any]]) -> dict[str, Any]:
    platform = {"Name": f"Seabox {about['Os']}/{about['Arch']}"}
    return {"Platform": platform, "Components": components, "Version": __version__} | about


ROUTES = (
    Route("GET", "/_ping", ping, answer="text"),
    Route("HEAD", "/_ping", ping, answer=None),
    Route("GET", "/libpod/_ping", ping, answer="text"),
    Route("HEAD", "/libpod/_ping", ping, answer=None),
    Route("GET", "/version", version),
    Route("GET", "/libpod/version", libpod_version),
)
