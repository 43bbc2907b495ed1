"""Joining a container's streams, as podman's clients do."""

from __future__ import annotations

from ..attach import PARAMETERS, attach, chosen, require_some
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_STREAMS = ("stdin", "stdout", "stderr")


def join(on: Engine, ask: Request) -> None:
    """The client is connected to the container's streams: to all of them, if it does not say to which."""
    wanted = chosen(ask) if any(ask.given(name) for name in _STREAMS) else list(_STREAMS)
    require_some(wanted)
    keys = ask.text("detachKeys") if ask.given("detachKeys") else None
    ctr = on.containers.get(ask.place("name"))
    attach(ctr, ask, wanted, keys, stream=ask.flag("stream"), logs=ask.flag("logs"))


ROUTES = (
    Route(
        "POST", "/libpod/containers/{name}/attach", join, *PARAMETERS,
        flag("stream", True, "What is written from now on"), answer="stream", also=(101,),
    ),
)  # fmt: skip
