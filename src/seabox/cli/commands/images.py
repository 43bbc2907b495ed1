"""`images`, also called `image ls` and `image list`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.model.image import ImageRow

COLUMNS = ("Repository", "Tag", "ID", "Created", "Size")
HEADINGS = {"ID": "IMAGE ID", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT"}
_SHORT = 12  # of an id
_NONE = "<none>"
_SECOND = 10**9


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("all", "a", BOOL, "Accepted, without effect: nothing is hidden"),
        Flag("filter", "f", LIST, "Only images that this condition fits", metavar="filter", hidden=True),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("no-trunc", "", BOOL, "Show whole ids"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print ids only"),
    )
    return Command(path, flags, "[options] [IMAGE]", "List images", run, most=1, completion="images")


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import report, write

    if args.given("filter"):
        from seabox.errors import Unsupported

        raise Unsupported("--filter is not supported yet")
    with engine(args) as on:
        found = on.images.list()
        if args.rest:
            wanted = on.images.find(args.rest[0]).id if on.images.exists(args.rest[0]) else ""
            found = [image for image in found if image.id == wanted]
    cut = None if args.on("no-trunc") else _SHORT
    if args.on("quiet"):
        sys.stdout.write("".join(f"{image.id if cut is None else image.id[:cut]}\n" for image in found))
        return 0
    rows = [row(image, name, cut) for image in found for name in image.names or (f"{_NONE}:{_NONE}",)]
    form = args.text("format")
    write(report(form, rows, COLUMNS, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def row(image: ImageRow, name: str, cut: int | None) -> dict[str, object]:
    """What is shown of one name of an image."""
    import time

    from seabox.cli.human import since

    repository, _, tag = name.rpartition(":")
    if "/" in tag or "@" in name:
        repository, tag = name.partition("@")[0], _NONE
    created = since(image.created_at, time.time_ns())
    return {
        "Repository": repository,
        "Tag": tag,
        "ID": image.id if cut is None else image.id[:cut],
        "Id": image.id,
        "Created": created,
        "CreatedSince": created,
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(image.created_at // _SECOND)),
        "Size": "",
        "Names": list(image.names),
    }


def inspected(image: ImageRow) -> dict[str, Any]:
    """Everything about an image, under podman's field names."""
    import json

    stored = json.loads(image.config)
    settings = stored.get("config") or {}
    return {
        "Id": image.id,
        "Digest": "",
        "RepoTags": list(image.names),
        "RepoDigests": [],
        "Parent": "",
        "Comment": stored.get("comment", ""),
        "Created": stored.get("created"),
        "Config": settings,
        "Version": "",
        "Author": stored.get("author", ""),
        "Architecture": stored.get("architecture", ""),
        "Os": stored.get("os", ""),
        "RootFS": {"Type": "layers", "Layers": (stored.get("rootfs") or {}).get("diff_ids") or []},
        "Labels": settings.get("Labels"),
        "Annotations": {},
        "User": settings.get("User", ""),
        "History": stored.get("history") or [],
        "NamesHistory": list(image.names),
    }
