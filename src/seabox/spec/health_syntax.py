"""The ways to ask for a health check."""

from __future__ import annotations

from ..errors import InvalidArgument
from ..model.health import ON_FAILURE, Healthcheck
from .text import content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import CreateRequest, ImageConfig

_SECOND = 10**9
_MAX_SECONDS = 2**31 - 1


def parse_healthcheck(request: CreateRequest, image: ImageConfig | None) -> Healthcheck | None:
    """The check that a request comes to; what it does not say is the image's. None = no checks.

    Raises: InvalidArgument.
    """
    asked = (
        request.health_interval, request.health_timeout, request.health_start_period, request.health_retries
    )  # fmt: skip
    if request.health_on_failure not in ON_FAILURE:
        raise InvalidArgument(
            f'invalid on-failure action "{request.health_on_failure}" for health check: '
            f"supported actions are {','.join(ON_FAILURE)}"
        )
    inherited = image.healthcheck if image is not None else None
    if request.healthcheck is None:
        test = inherited.test if inherited is not None else ()
    else:
        test = _test(request.healthcheck)
    interval = _time("interval", request.health_interval, 0)
    timeout = _time("timeout", request.health_timeout, 1)
    start_period = _time("start-period", request.health_start_period, 0)
    start_interval = _time("start-interval", request.health_start_interval, 0)
    if request.health_retries is not None and request.health_retries < 1:
        raise InvalidArgument("healthcheck-retries must be greater than 0")
    if not test:
        if any(each is not None for each in asked) and request.healthcheck is None:
            raise InvalidArgument("healthcheck command is not set: give healthcheck=, or --health-cmd")
        if request.health_on_failure != "none" and request.healthcheck is None:
            raise InvalidArgument(f"cannot set on-failure action to {request.health_on_failure} without a health check")
        return None
    base = inherited or Healthcheck(test=test)
    return Healthcheck(
        test=test,
        interval=base.interval if interval is None else interval,
        timeout=base.timeout if timeout is None else timeout,
        start_period=base.start_period if start_period is None else start_period,
        start_interval=base.start_interval if start_interval is None else start_interval,
        retries=base.retries if request.health_retries is None else request.health_retries,
        on_failure=request.health_on_failure,
        results_kept=_kept("max-log-count", request.health_max_log_count, base.results_kept),
        output_kept=_kept("max-log-size", request.health_max_log_size, base.output_kept),
    )


def declined(request: CreateRequest) -> dict[str, str]:
    """That no check is wanted, as ContainerConfig.asked keeps it to show it again; nothing if that was not said."""
    return {"healthcheck": "NONE"} if request.healthcheck is not None and not _test(request.healthcheck) else {}


def _test(asked: str | tuple[str, ...]) -> tuple[str, ...]:
    """The check in its full form; () = none."""
    if isinstance(asked, str):
        asked = () if asked.lower() == "none" else ("CMD-SHELL", asked)
    for word in asked:
        content("health check", word)
    if not asked or asked[0].upper() == "NONE" or asked == ("",):
        return ()
    kind = asked[0].upper()
    if kind not in ("CMD", "CMD-SHELL"):
        return ("CMD", *asked)
    if not "".join(asked[1:]).strip() or (kind == "CMD-SHELL" and len(asked) != 2):
        raise InvalidArgument(f"invalid health check: {kind} needs a command")
    return (kind, *asked[1:])


def _kept(what: str, number: int | None, otherwise: int) -> int:
    if number is not None and number < 0:
        raise InvalidArgument(f"healthcheck-{what} must be 0 or greater")
    return otherwise if number is None else number


def _time(what: str, seconds: float | None, least: int) -> int | None:
    if seconds is None:
        return None
    if not least <= seconds <= _MAX_SECONDS:
        if least:
            raise InvalidArgument(f"healthcheck-{what} must be at least {least} second")
        raise InvalidArgument(f"healthcheck-{what} must be 0 seconds or greater")
    return int(seconds * _SECOND)
