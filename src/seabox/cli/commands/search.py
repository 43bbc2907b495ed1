"""`search`: the repositories of registries that fit some words, or the tags of one repository."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, INT, LIST, STRING, Command, Flag
from seabox.cli.transfers import AUTHFILE, TLS_VERIFY, access
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_TAG_COLUMNS = ("Name", "Tag")
_COLUMNS = ("Name", "Description")
_MOST = 100


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        AUTHFILE,
        Flag("compatible", "", BOOL, "Show stars, official and automated as well"),
        Flag("filter", "f", LIST, "stars=N, is-official or is-automated", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("limit", "", INT, "At most so many of each registry", default=25),
        Flag("list-tags", "", BOOL, "The tags of a repository"),
        Flag("no-trunc", "", BOOL, "Show whole descriptions"),
        TLS_VERIFY,
    )
    return Command(
        path, flags, "[options] TERM", "Search registries for repositories, or a repository for its tags", run,
        least=1, most=1,
        examples=("seabox search quay.io/fedora", "seabox search --list-tags quay.io/fedora/fedora"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.search import matcher, row

    name, form, limit = args.rest[0].removeprefix("docker://"), args.text("format"), args.number("limit")
    if not 0 <= limit <= _MOST:
        raise InvalidArgument(f"search limit must be a number from 0 to {_MOST}, not {limit}")
    if args.on("list-tags"):
        if args.texts("filter"):
            raise InvalidArgument("filters are not applicable to list tags result")
        with engine(args) as on:
            tags = on.images.tags(name, access(args))[: limit or None]
        if is_json(form):
            write(as_json([{"Name": name, "Tags": tags}]), sys.stdout)
        else:
            write(report(form, [{"Name": name, "Tag": tag} for tag in tags], _TAG_COLUMNS), sys.stdout)
        return 0
    fits = matcher(args.texts("filter"))
    with engine(args) as on:
        found = on.images.search(name, limit=limit or _MOST, access=access(args))
    rows = [row(each, whole=args.on("no-trunc")) for each in found if fits(each)]
    columns = (*_COLUMNS, "Stars", "Official", "Automated") if args.on("compatible") else _COLUMNS
    write(as_json(rows) if is_json(form) else report(form, rows, columns), sys.stdout)
    return 0
