"""The ways to ask for a health check, and what an image's check adds."""

from __future__ import annotations

from typing import Any

import pytest

from seabox.errors import InvalidArgument
from seabox.model.container import CreateRequest, ImageConfig
from seabox.model.health import Health, Healthcheck, HealthResult, judged
from seabox.spec.health_syntax import parse_healthcheck

IMAGE = ImageConfig(id="i", healthcheck=Healthcheck(test=("CMD", "theirs"), interval=7, retries=9))


def parse(image: ImageConfig | None = None, **asked: Any) -> Healthcheck | None:
    return parse_healthcheck(CreateRequest(**asked), image)


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        ("curl -f x || exit 1", ("/bin/sh", "-c", "curl -f x || exit 1")),
        (("CMD", "curl", "x"), ("curl", "x")),
        (("CMD-SHELL", "curl x"), ("/bin/sh", "-c", "curl x")),
        (("curl", "x"), ("curl", "x")),
    ],
)
def test_forms(asked: str | tuple[str, ...], command: tuple[str, ...]) -> None:
    check = parse(healthcheck=asked)
    assert check is not None
    assert check.command == command
    assert (check.interval, check.timeout, check.retries) == (30 * 10**9, 30 * 10**9, 3)


@pytest.mark.parametrize("asked", ["none", "NONE", ("NONE",), ()])
def test_none_takes_even_the_images_away(asked: str | tuple[str, ...]) -> None:
    assert parse(IMAGE, healthcheck=asked) is None
    assert parse() is None


def test_the_pause_between_checks() -> None:
    check = Healthcheck(test=("CMD", "a"), interval=100, start_period=10, start_interval=1)
    assert (check.pause("starting", 9), check.pause("starting", 10), check.pause("healthy", 9)) == (1, 100, 100)
    assert Healthcheck(test=("CMD", "a"), interval=100, start_period=10).pause("starting", 0) == 100
    parsed = parse(healthcheck="x", health_start_interval=0.5)
    assert parsed is not None
    assert parsed.start_interval == 500_000_000


def test_what_is_not_said_is_the_images() -> None:
    assert parse(IMAGE) == IMAGE.healthcheck
    assert parse(IMAGE, health_retries=1, health_interval=0.5) == Healthcheck(
        test=("CMD", "theirs"), interval=500_000_000, retries=1
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"health_retries": 0}, {"health_timeout": 0.5}, {"health_interval": -1}, {"health_start_period": -1},
        {"health_start_interval": -1},
        {"health_on_failure": "pray"}, {"health_interval": 1e30}, {"healthcheck": ("CMD",)},
        {"healthcheck": ("CMD-SHELL", "a", "b")}, {"healthcheck": "a\0b"}, {"health_interval": float("nan")},
    ],
)  # fmt: skip
def test_bad_input(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse(**({"healthcheck": "true"} | asked))
    assert "\n" not in str(refused.value)


def test_times_without_a_command() -> None:
    with pytest.raises(InvalidArgument, match="healthcheck command is not set"):
        parse(health_interval=1)


def test_a_streak() -> None:
    """Failures in a row count, those in the start period do not, and one success ends it."""
    check = Healthcheck(test=("CMD", "x"), retries=2, start_period=10)
    health = Health(status="starting", run=1)
    seen = []
    for at, code in [(5, 1), (9, 1), (10, 1), (11, 1), (12, 0), (13, 1)]:
        health = judged(health, check, HealthResult(began_at=at, ended_at=at, exit_code=code), started_at=0)
        seen.append((health.status, health.failing_streak))
    assert seen == [
        ("starting", 0), ("starting", 0), ("starting", 1), ("unhealthy", 2), ("healthy", 0), ("healthy", 1)
    ]  # fmt: skip
    assert [result.began_at for result in health.results] == [9, 10, 11, 12, 13]
