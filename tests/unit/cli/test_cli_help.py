"""The help text, word for word."""

from __future__ import annotations

from seabox.cli.flags import BOOL, DURATION, LIST, UINT, Command, Flag
from seabox.cli.help import command_help, flag_lines, group_help

STOP = Command(
    "container stop",
    (
        Flag("time", "t", UINT, "Seconds to wait before killing the container", default=10),
        Flag("all", "a", BOOL, "Stop all running containers"),
        Flag("filter", "f", LIST, "Filter output", metavar="filter"),
        Flag("internal", "", BOOL, "Not shown", hidden=True),
    ),
    "[options] CONTAINER [CONTAINER...]",
    "Stop one or more containers",
    description="Stops one or more running containers.",
    examples=("seabox stop ctrID",),
    aliases=("halt",),
)

STOP_HELP = """\
Stop one or more containers

Description:
  Stops one or more running containers.

Usage:
  seabox container stop [options] CONTAINER [CONTAINER...]

Aliases:
  seabox container stop, seabox container halt

Examples:
  seabox stop ctrID

Options:
  -a, --all             Stop all running containers
  -f, --filter filter   Filter output
  -t, --time uint       Seconds to wait before killing the container (default 10)
"""


def test_command() -> None:
    assert command_help(STOP) == STOP_HELP


def test_defaults() -> None:
    flags = (
        Flag("pull", help="Pull", default="missing"),
        Flag("sig-proxy", "", BOOL, "Proxy", default=True),
        Flag("interval", "", DURATION, "Every", default=90_000_000_000),
        Flag("off", "", DURATION, "Zero", default=0),
        Flag("list", "", LIST, "Many", default=("a", "b")),
        Flag("log", help="Which", bare="all"),
    )
    assert flag_lines(flags) == (
        "      --interval duration    Every (default 1m30s)\n"
        "      --list stringArray     Many (default [a,b])\n"
        '      --log string[="all"]   Which\n'
        "      --off duration         Zero\n"
        '      --pull string          Pull (default "missing")\n'
        "      --sig-proxy            Proxy (default true)\n"
    )


def test_group() -> None:
    listing = [("stop", "Stop one"), ("a-very-long-name", "Long"), ("attach", "Attach")]
    assert group_help("container", "Manage containers", listing) == (
        "Manage containers\n\nDescription:\n  Manage containers\n\nUsage:\n  seabox container [command]\n\n"
        "Available Commands:\n"
        "  a-very-long-name Long\n"
        "  attach           Attach\n"
        "  stop             Stop one\n"
    )


def test_program() -> None:
    text = group_help("", "Manage containers", [("ps", "List")], (Flag("root", help="Storage"),))
    assert text.startswith("Manage containers\n\nUsage:\n  seabox [options] [command]\n")
    assert text.endswith("  ps          List\n\nOptions:\n      --root string   Storage\n")
