"""`healthcheck run`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (Flag("ignore-result", "", BOOL, "Exit with 0 however the check went"),), "[options] CONTAINER",
        "Run the health check of a container", run, least=1, most=1, completion="containers",
        description="Run the health check of a container now; 1, and \"unhealthy\", if it fails.",
        examples=("seabox healthcheck run web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Nothing is printed for a check that succeeded."""
    from seabox.model.health import STARTING

    with engine(args) as on:
        health = on.containers.get(args.rest[0]).run_healthcheck()
    if health.results and health.results[-1].exit_code == 0:
        return 0
    if health.status == STARTING and not health.failing_streak:
        say(STARTING)  # in its start period failures do not count
        return 0
    say("unhealthy")
    return 0 if args.on("ignore-result") else 1
