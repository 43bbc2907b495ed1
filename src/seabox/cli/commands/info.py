"""`info`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    form = Flag("format", "f", STRING, "Go template, or json", metavar="format")
    return Command(path, (form,), "[options]", "Show what the engine and its host are", run, most=0)


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.cli.output import as_json, is_json, render, write
    from seabox.listing.system import lowered

    with engine(args) as on:
        about = on.info()
    form = args.text("format")
    if form:
        write(as_json(lowered(about)) if is_json(form) else render(form, _both(about)), sys.stdout)
    else:
        write("".join(f"{line}\n" for line in yaml(lowered(about))), sys.stdout)
    return 0


def _both(about: dict[str, Any]) -> dict[str, Any]:
    """With podman's older names beside the newer ones."""
    about["Host"]["CgroupsVersion"] = about["Host"]["CgroupVersion"]
    return about | {key.lower(): value for key, value in about.items()}


def yaml(value: Any, indent: str = "") -> Iterator[str]:
    """The lines of plain data as YAML, keys sorted, as podman prints them."""
    if isinstance(value, dict):
        for key, item in sorted(value.items()):
            if isinstance(item, (dict, list)) and item:
                yield f"{indent}{key}:"
                yield from yaml(item, indent + ("  " if isinstance(item, dict) else ""))
            else:
                yield f"{indent}{key}: {_scalar(item)}"
    else:
        for item in value:
            if isinstance(item, dict) and item:
                first, *rest = yaml(item, f"{indent}  ")
                yield f"{indent}- {first.strip()}"
                yield from rest
            else:
                yield f"{indent}- {_scalar(item)}"


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, str):
        lines = value.splitlines()
        if not value or len(lines) > 1 or value[0] in "!&*-?{}[]'\"#|>%@`," or ": " in value or value.isdigit():
            from seabox.model.quoting import quote

            return quote(value)
    return str(value)
