"""`image tree`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    other = Flag("whatrequires", "", BOOL, "Accepted, without effect", hidden=True)
    return Command(path, (other,), "IMAGE", "Show the layers of an image", run, least=1, most=1, completion="images")


def run(args: Arguments) -> int:
    """Print them, the lowest first."""
    from seabox.cli.output import write
    from seabox.model.human import size

    with engine(args) as on:
        image = on.images.find(args.rest[0])
        sizes = on.images.layer_sizes(image)
        tops = {other.layers[-1]: other.names for other in reversed(on.images.list()) if other.layers}
    lines = [
        f"Image ID: {image.id[:12]}", f"Tags:     [{' '.join(image.names)}]", f"Size:     {size(image.size)}",
        "Image Layers" if image.layers else "No Image Layers",
    ]  # fmt: skip
    for number, (layer, count) in enumerate(zip(image.layers, sizes, strict=True), 1):
        mark = "└──" if number == len(image.layers) else "├──"
        names = f" Top Layer of: [{' '.join(tops[layer])}]" if tops.get(layer) else ""
        lines.append(f"{mark} ID: {layer[:12]} Size: {size(count, 4).rjust(6)}{names}")
    write("\n".join(lines) + "\n", sys.stdout)
    return 0
