"""`update`."""

from __future__ import annotations

import os

from seabox.cli.context import LATEST, engine, latest_of, say
from seabox.cli.creation_flags import LIMITS
from seabox.cli.flags import LIST, PAIRS, STRING, Command, Flag
from seabox.cli.health_flags import FLAGS as HEALTH
from seabox.cli.health_flags import add_health
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.model.options import CreateOptions

_FLAGS = (
    *LIMITS,
    Flag("restart", "", STRING, "Restart policy (no, always, on-failure[:max-retries], unless-stopped)"),
)
_ENV = (
    Flag("env", "e", PAIRS, "Environment variable of processes that are started later (KEY=VALUE)"),
    Flag("unsetenv", "", LIST, "Environment variable to leave out"),
)
_HEALTH = tuple(Flag(each.name, each.short, each.kind, each.help, completion=each.completion) for each in HEALTH)


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (*_FLAGS, *_HEALTH, *_ENV, LATEST), "[options] CONTAINER",
        "Change limits, restart policy, health check or variables", run, most=1, completion="containers",
        examples=("seabox update --memory 1g --cpus 2 web",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Change what was given."""
    if bool(args.rest) == args.on("latest"):
        raise InvalidArgument("update takes one container name or ID, or --latest")
    given = [flag.name for flag in _FLAGS if args.given(flag.name)]
    changes: dict[str, Any] = {name.replace("-", "_"): _value(args, name) for name in given}
    health: CreateOptions = {}
    add_health(args, health)
    changes |= health
    if args.given("env"):
        changes["env"] = {key: os.environ.get(key, "") if value is None else value for key, value in args.pairs("env")}
    if args.given("unsetenv"):
        changes["unset_env"] = args.texts("unsetenv")
    with engine(args) as on:
        ctr = on.containers.get(latest_of(on) if args.on("latest") else args.rest[0])
        if changes:
            ctr.update(**changes)
        say(ctr.id)
    return 0


def _value(args: Arguments, name: str) -> object:
    if name == "cpus":
        return args.fraction(name)
    if name in ("cpu-period", "cpu-quota", "cpu-shares", "pids-limit"):
        return args.number(name)
    text = args.text(name)
    if not name.startswith("memory") or (name == "memory-swap" and text == "-1"):
        return -1 if text == "-1" else text
    from seabox.model.literals import read_size

    try:
        return read_size(text)
    except ValueError as problem:
        raise InvalidArgument(f'invalid argument "{text}" for "--{name}" flag: {problem}') from None
