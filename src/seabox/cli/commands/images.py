"""`images`, also called `image ls` and `image list`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument
from seabox.listing.images import digest, json_row, labels_of, parts, repo_digests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine
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
        Flag("digests", "", BOOL, "Show digests"),
        Flag("filter", "f", LIST, "Only images that this condition fits (KEY=VALUE)", metavar="filter"),
        Flag("format", "", STRING, "Go template, json, or table with a template", metavar="format"),
        Flag("history", "", BOOL, "Show the names that images bore"),
        Flag("no-trunc", "", BOOL, "Show whole ids"),
        Flag("noheading", "n", BOOL, "Leave out the heading"),
        Flag("quiet", "q", BOOL, "Print ids only"),
        Flag("sort", "", STRING, "Sort by this", default="created", completion=tuple(_ORDERS)),
    )
    return Command(path, flags, "[options] [IMAGE]", "List images", run, most=1, completion="images")


def run(args: Arguments) -> int:
    """Print them."""
    from seabox.cli.output import as_json, is_json, report, write

    order = args.text("sort")
    if order not in _ORDERS:
        raise InvalidArgument(f'"{order}" is not a valid field for sorting. Choose from: {", ".join(_ORDERS)}')
    with engine(args) as on:
        found = [*on.images.list(), *on.images.lists()]
        if args.texts("filter"):
            from seabox.listing.image_filters import matcher

            found = list(filter(matcher(on, args.texts("filter")), found))
        users = {image.id: 0 if image.is_list else len(on.images.users(image.id)) for image in found}
        past = {image.id: [] if image.is_list else on.images.past_names(image.id) for image in found}
        if args.rest:
            found = _named(on, found, args.rest[0])
    cut = None if args.on("no-trunc") else _SHORT
    pairs = [(image, name) for image in found for name in image.names or _only_digest(image)]
    pairs.sort(key=_ORDERS[order])
    if args.on("quiet"):
        ids = dict.fromkeys(_shown(image.id, cut) for image, _ in pairs)
        sys.stdout.write("".join(f"{id}\n" for id in ids))
        return 0
    form = args.text("format")
    if is_json(form):
        write(as_json([json_row(image, users[image.id], past[image.id]) for image, _ in pairs]), sys.stdout)
        return 0
    columns = (*COLUMNS[:2], "Digest", *COLUMNS[2:]) if args.on("digests") else COLUMNS
    columns = (*columns, "History") if args.on("history") else columns
    rows = [row(image, name, cut, users[image.id], past[image.id]) for image, name in pairs]
    write(report(form, rows, columns, headings=HEADINGS, noheading=args.on("noheading")), sys.stdout)
    return 0


def _named(on: Engine, found: list[ImageRow], name: str) -> list[ImageRow]:
    """The images that the argument means: by name, by id, or by repository with any tag."""
    if on.images.exists(name):
        wanted = on.images.find(name).id
        return [image for image in found if image.id == wanted]
    from seabox.listing.image_filters import matcher

    return list(filter(matcher(on, [f"reference={name}"]), found))


def _only_digest(image: ImageRow) -> tuple[str, ...]:
    """What stands for an image without a name."""
    return image.digests[:1] or (f"{_NONE}:{_NONE}",)


_ORDERS: dict[str, Callable[[tuple[ImageRow, str]], Any]] = {
    "created": lambda pair: (-pair[0].created_at, pair[0].id, pair[1]),
    "id": lambda pair: pair[0].id,
    "repository": lambda pair: parts(pair[1]),
    "size": lambda pair: pair[0].size,
    "tag": lambda pair: parts(pair[1])[::-1],
}


def _shown(id: str, cut: int | None) -> str:
    return f"sha256:{id}" if cut is None else id[:cut]


def row(image: ImageRow, name: str, cut: int | None, users: int, past: list[str]) -> dict[str, object]:
    """What is shown of one name of an image."""
    import time

    from seabox.model.human import since, size

    repository, tag = parts(name)
    created = since(image.created_at, time.time_ns())
    return {
        "Repository": repository,
        "Tag": tag,
        "ID": _shown(image.id, cut),
        "Id": image.id,
        "Digest": digest(image) or _NONE,
        "Created": created,
        "CreatedSince": created,
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(image.created_at // _SECOND)),
        "CreatedTime": image.created_at,
        "Size": size(image.size, 3, gap=" "),
        "VirtualSize": size(image.size, 3, gap=" "),
        "SharedSize": "0 B",
        "Names": list(image.names),
        "RepoTags": list(image.names),
        "RepoDigests": repo_digests(image),
        "Labels": labels_of(image),
        "History": ", ".join(past),
        "ParentId": "",
        "Containers": users,
        "Dangling": not image.names,
        "ReadOnly": False,
    }
