"""Joining a container's streams, as Docker's clients do."""

from __future__ import annotations

from ..attach import PARAMETERS, attach, chosen
from ..framing import hijacked_type
from ..routing import Route, flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine import Engine
    from ..request import Request

_CHOSEN_SINCE = (1, 42)  # before it, a client by websocket gets all streams
_LIVE = flag("stream", about="What is written from now on")


def join(on: Engine, ask: Request) -> None:
    """The client is connected to the container's streams; who asks for none of them sees the end at once."""
    ctr = on.containers.get(ask.place("name"))
    wanted, stream, logs = chosen(ask), ask.flag("stream"), ask.flag("logs")
    if wanted and (stream or logs):
        attach(ctr, ask, wanted, ask.text("detachKeys") or None, stream=stream, logs=logs)
        return
    ask.take_over(hijacked_type(ask, framed=not ctr.config().tty)).close()


def join_by_websocket(on: Engine, ask: Request) -> None:
    """As `join`, for those who have nothing but websockets: no frames, both outputs are one."""
    from ..websocket import Conversation, accepted

    headers = accepted(ask)
    ctr = on.containers.get(ask.place("name"))
    wanted = chosen(ask) if ask.version >= _CHOSEN_SINCE else ["stdin", "stdout", "stderr"]
    stream, logs = ask.flag("stream"), ask.flag("logs")

    def converse(framed: bool) -> Conversation:
        early = ask.typed
        return Conversation(ask.switch("websocket", headers), early, framed=framed)

    if wanted and (stream or logs):
        attach(ctr, ask, wanted, ask.text("detachKeys") or None, stream=stream, logs=logs, converse=converse)
        return
    converse(False).close()


ROUTES = (
    Route("POST", "/containers/{name}/attach", join, *PARAMETERS, _LIVE, answer="stream", also=(101,)),
    Route(
        "GET", "/containers/{name}/attach/ws", join_by_websocket, *PARAMETERS, _LIVE, answer="stream", status=101
    ),
)  # fmt: skip
