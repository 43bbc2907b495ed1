"""`search`: the tags of a repository. Registries have no common way to be searched for words."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, INT, LIST, STRING, Command, Flag
from seabox.cli.transfers import AUTHFILE, TLS_VERIFY, access
from seabox.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_COLUMNS = ("Name", "Tag")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        AUTHFILE,
        Flag("compatible", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("filter", "f", LIST, "Accepted, without effect", hidden=True),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("limit", "", INT, "At most so many", default=25),
        Flag("list-tags", "", BOOL, "The tags of a repository"),
        Flag("no-trunc", "", BOOL, "Accepted, without effect", hidden=True),
        TLS_VERIFY,
    )
    return Command(
        path, flags, "--list-tags [options] REGISTRY/NAME", "Show the tags of a repository in its registry", run,
        least=1, most=1, examples=("seabox search --list-tags quay.io/fedora/fedora",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import as_json, is_json, report, write

    if not args.on("list-tags"):
        raise Unsupported("searching registries for words is not supported: name a repository and use --list-tags")
    name = args.rest[0].removeprefix("docker://")
    with engine(args) as on:
        tags = on.images.tags(name, access(args))[: args.number("limit")]
    if is_json(args.text("format")):
        write(as_json([{"Name": name, "Tags": tags}]), sys.stdout)
        return 0
    rows = [{"Name": name, "Tag": tag} for tag in tags]
    write(report(args.text("format"), rows, _COLUMNS), sys.stdout)
    return 0
