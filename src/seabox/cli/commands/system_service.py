"""`system service`: the engine over HTTP, for docker's and podman's clients."""

from __future__ import annotations

import os
import signal

from seabox.cli.context import settings
from seabox.cli.flags import INT, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("cors", "", STRING, "Web pages that may ask: an origin, or * for all", metavar="origin"),
        Flag("time", "t", INT, "Seconds without a client after which the service ends, 0 for never", default=5),
        Flag("timeout", "", INT, "As --time", default=5, hidden=True),
    )
    return Command(
        path, flags, "[options] [URI]", "Run the service for docker's and podman's clients", run, most=1,
        examples=("seabox system service --time 0 unix:///run/seabox/seabox.sock",
                  "docker --host unix:///run/seabox/seabox.sock ps"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Answer until told to end, or until nobody has asked for a while."""
    from seabox.engine import Engine
    from seabox.service.build_network import clear
    from seabox.service.guard import Guard
    from seabox.service.listening import handed_over, listen, names_of, withdraw
    from seabox.service.routes import ROUTES
    from seabox.service.server import Server

    config = settings(args)
    seconds = args.number("timeout" if args.given("timeout") else "time")
    given = [] if args.rest else handed_over(os.environ, os.getpid())
    listeners = given or [listen(args.rest[0] if args.rest else f"unix://{config.runroot}/seabox.sock")]
    guard = Guard(names_of(listeners), args.text("cors"))
    with Engine(config) as engine:
        clear(engine)
        server = Server(engine, listeners, ROUTES, guard=guard, linger=None if seconds == 0 else max(0, seconds))
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: server.stop())
        try:
            server.serve()
        finally:
            for listener in () if given else listeners:
                withdraw(listener)
    return 0
