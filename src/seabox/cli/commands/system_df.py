"""`system df`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import suppress

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument, NoSuchContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine

COLUMNS = ("Type", "Total", "Active", "Size", "Reclaimable")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "", STRING, "Go template, or json", metavar="format"),
        Flag("verbose", "v", BOOL, "Show each image, container, volume and secret"),
    )
    return Command(path, flags, "[options]", "Show how much room everything takes", run, most=0)


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.cli.output import as_json, is_json, report, write
    from seabox.listing.system import df_row

    form = args.text("format")
    if form and args.on("verbose"):
        raise InvalidArgument("cannot combine --format and --verbose flags")
    with engine(args) as on:
        if args.on("verbose"):
            write(_each(on), sys.stdout)
            return 0
        found = on.usage()
    rows = [df_row(each) for each in found]
    write(as_json(rows) if is_json(form) else report(form, rows, COLUMNS), sys.stdout)
    return 0


def _each(on: Engine) -> str:
    from seabox.cli.output import table

    parts = (
        ("Images", "REPOSITORY  TAG  IMAGE ID  CREATED  SIZE  SHARED SIZE  UNIQUE SIZE  CONTAINERS", _images(on)),
        ("Containers", "CONTAINER ID  IMAGE  COMMAND  LOCAL VOLUMES  SIZE  CREATED  STATUS  NAMES", _containers(on)),
        ("Local Volumes", "VOLUME NAME  LINKS  SIZE", _volumes(on)),
        *((("Secrets", "SECRET NAME  SIZE", _secrets(on)),) if on.secrets.list() else ()),
    )
    return "\n".join(f"{kind} space usage:\n\n{table(rows, head.split('  '))}" for kind, head, rows in parts)


def _images(on: Engine) -> Iterator[Sequence[str]]:
    from seabox.listing.images import parts
    from seabox.model.human import duration, size

    images = on.images.list()
    uses = Counter(layer for image in images for layer in image.layers)
    for image in images:
        sizes = dict(zip(image.layers, on.images.layer_sizes(image), strict=True))
        own = sum(count for layer, count in sizes.items() if uses[layer] == 1)
        repository, tag = parts(next(iter(image.names), "<none>:<none>"))
        yield (
            repository, tag, image.id[:12], duration((time.time_ns() - image.created_at) / 1e9), size(image.size),
            size(sum(sizes.values()) - own), size(own), str(len(on.images.users(image.id))),
        )  # fmt: skip


def _containers(on: Engine) -> Iterator[Sequence[str]]:
    from seabox.model.human import duration, size

    links = Counter(user for volume in on.volumes.list() for user in volume.users)
    for seen in on.containers.list():
        facts = seen.facts
        with suppress(NoSuchContainer):
            yield (
                facts.id[:12], facts.image_id[:12], facts.command, str(links[facts.id]),
                size(on.containers.get(facts.id).sizes().written),
                duration((time.time_ns() - facts.created_at) / 1e9), seen.status, facts.name,
            )  # fmt: skip


def _volumes(on: Engine) -> Iterator[Sequence[str]]:
    from seabox.model.human import size
    from seabox.usage import tree_size

    for volume in on.volumes.list():
        yield volume.name, str(len(volume.users)), size(tree_size(volume.mountpoint))


def _secrets(on: Engine) -> Iterator[Sequence[str]]:
    from seabox.model.human import size

    for secret in on.secrets.list():
        yield secret.name, size(len(on.secrets.data(secret.id)))
