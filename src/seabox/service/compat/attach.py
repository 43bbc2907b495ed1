"""Joining a container's streams, as Docker's clients do."""

from __future__ import annotations

from ..attach import PARAMETERS, attach, chosen
from ..framing import hijacked_type
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request


def join(on: Engine, ask: Request) -> None:
    """The client is connected to the container's streams; who asks for none of them sees the end at once."""
    ctr = on.containers.get(ask.place("name"))
    wanted, stream, logs = chosen(ask), ask.flag("stream"), ask.flag("logs")
    if wanted and (stream or logs):
        attach(ctr, ask, wanted, ask.text("detachKeys") or None, stream=stream, logs=logs)
        return
    ask.take_over(hijacked_type(ask, framed=not ctr.config().tty)).close()


ROUTES = (
    Route(
        "POST", "/containers/{name}/attach", join, *PARAMETERS, flag("stream", about="What is written from now on"),
        answer="stream", also=(101,),
    ),
)  # fmt: skip
