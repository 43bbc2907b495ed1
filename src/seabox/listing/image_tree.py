"""The layers of an image as `image tree` draws them."""

from __future__ import annotations

from seabox.model.human import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.engine import Engine
    from seabox.model.image import ImageRow


def tree(on: Engine, image: ImageRow) -> str:
    """The layers, the lowest first, and which images end with each."""
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
    return "\n".join(lines) + "\n"
