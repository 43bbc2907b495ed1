"""The flags of health checks, and what they ask for."""

from __future__ import annotations

from seabox.cli.flags import BOOL, DURATION, INT, STRING, UINT, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.model.options import CreateOptions

FLAGS = (
    Flag("health-cmd", "", STRING, "Command that tells whether it is well: a shell's line, a JSON list, or none"),
    Flag("health-interval", "", STRING, "Time from one check to the next (disable: only when asked for)",
         default="30s"),
    Flag("health-max-log-count", "", UINT, "Results that are kept (0: no limit)", default=5),
    Flag("health-max-log-size", "", UINT, "Characters that are kept of each result (0: no limit)", default=500),
    Flag("health-on-failure", "", STRING, "What to do when it becomes unhealthy", default="none",
         completion=("none", "kill", "restart", "stop")),
    Flag("health-retries", "", INT, "Failures in a row that make it unhealthy", default=3),
    Flag("health-start-period", "", DURATION, "Time after its start in which failures do not count"),
    Flag("health-timeout", "", DURATION, "Time after which a check is killed and has failed", default=30 * 10**9),
    Flag("no-healthcheck", "", BOOL, "No health checks, whatever the image says"),
)  # fmt: skip


def add_health(args: Arguments, found: CreateOptions) -> None:
    """`found` has what the flags say of health checks. Raises: InvalidArgument."""
    if args.on("no-healthcheck"):
        if args.given("health-cmd"):
            raise InvalidArgument("cannot specify both --no-healthcheck and --health-cmd")
        found["healthcheck"] = ("NONE",)
        return
    if args.text("health-cmd"):  # as in podman an empty one is none
        found["healthcheck"] = _test(args.text("health-cmd"))
    if args.given("health-interval"):
        found["health_interval"] = _interval(args.text("health-interval"))
    if args.given("health-timeout"):
        found["health_timeout"] = args.number("health-timeout") / 1e9
    if args.given("health-start-period"):
        found["health_start_period"] = args.number("health-start-period") / 1e9
    if args.given("health-retries"):
        found["health_retries"] = args.number("health-retries")
    if args.given("health-max-log-count"):
        found["health_max_log_count"] = args.number("health-max-log-count")
    if args.given("health-max-log-size"):
        found["health_max_log_size"] = args.number("health-max-log-size")
    if args.given("health-on-failure"):
        found["health_on_failure"] = args.text("health-on-failure")


def _test(text: str) -> str | tuple[str, ...]:
    if not text.lstrip().startswith("["):
        return text
    import json

    try:
        words = json.loads(text)
    except ValueError:
        return text  # a shell's line that begins like a list: [ -e /ready ]
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InvalidArgument(f"invalid health check {text!a}: a JSON list of strings is wanted")
    return tuple(words)


def _interval(text: str) -> float:
    if text == "disable":
        return 0.0
    from seabox.model.literals import read_duration

    try:
        return read_duration(text) / 1e9
    except ValueError as problem:
        raise InvalidArgument(f"invalid healthcheck-interval: {problem}") from None
