"""`version`."""

from __future__ import annotations

import sys

from seabox.cli.flags import STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    form = Flag("format", "f", STRING, "Go template, or json", metavar="format")
    return Command(path, (form,), "[options]", "Print the version", run, most=0)


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.about import version
    from seabox.cli.output import is_json, render, table

    about = version()
    form = args.text("format")
    if form:
        whole = {"Client": about}
        sys.stdout.write(render(form, whole if is_json(form) else about | whole | {"Server": about}))
        return 0
    rows = [
        ("Client:", "seabox"),
        ("Version:", about["Version"]),
        ("API Version:", about["APIVersion"]),
        ("Python Version:", about["PythonVersion"]),
        ("OS/Arch:", about["OsArch"]),
    ]
    sys.stdout.write(table(rows))
    return 0
