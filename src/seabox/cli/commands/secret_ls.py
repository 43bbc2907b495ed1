"""`secret ls`, also called `secret list`."""

from __future__ import annotations

import sys
import time

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.model.secret import Secret

COLUMNS = ("ID", "Name", "Driver", "CreatedAt", "UpdatedAt")
HEADINGS = {"CreatedAt": "CREATED", "UpdatedAt": "UPDATED"}


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("filter", "f", LIST, "Only secrets that this condition fits (name=..., id=...)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print ids only"),
    )
    return Command(
        path, flags, "[options]", "List secrets", run, most=0,
        examples=("seabox secret ls", "seabox secret ls --filter name=token --format '{{.ID}} {{.Name}}'"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import report, write
    from seabox.listing.secrets import matcher

    form = args.text("format")
    fits = matcher(args.texts("filter"))
    with engine(args) as on:
        found = [secret for secret in on.secrets.list() if fits(secret)]
    if args.on("quiet") and not form:
        sys.stdout.write("".join(f"{secret.id}\n" for secret in found))
        return 0
    rows = [_row(secret) for secret in found]
    write(report(form, rows, COLUMNS, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def _row(secret: Secret) -> dict[str, str]:
    from seabox.model.human import since

    now = time.time_ns()
    return {
        "ID": secret.id, "Name": secret.name, "Driver": secret.driver, "CreatedAt": since(secret.created_at, now),
        "UpdatedAt": since(secret.updated_at, now),
    }  # fmt: skip
