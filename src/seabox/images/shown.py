"""Images whose files are mounted on the host, to be read."""

from __future__ import annotations

from ..kernel.mounts import bind
from .naming import mount_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.image import ImageRow
    from .needs import Roots


def mount(roots: Roots, image: str, layers: Sequence[str]) -> str:
    """The image's files can be read in the directory that is returned. Raises: OSError."""
    id = mount_id(image)
    if not roots.is_mounted(id):
        roots.create(id)
        merged = roots.mount(id, layers)
        bind(merged, merged, read_only=True)
    return roots.merged_dir(id)


def unmount(roots: Roots, image: str) -> bool:
    """The image is not mounted; False if it was not. Raises: OSError."""
    id = mount_id(image)
    if not roots.exists(id):
        return False
    roots.remove(id)
    return True


def mounted(roots: Roots, images: Iterable[ImageRow]) -> list[tuple[ImageRow, str]]:
    """Those that are mounted, and where."""
    rows = ((row, mount_id(row.id)) for row in images)
    return [(row, roots.merged_dir(id)) for row, id in rows if roots.is_mounted(id)]


def graph_driver(roots: Roots, layers: Sequence[str]) -> dict[str, object]:
    """Where the files of the `layers`, the top one first, are, under podman's field names."""
    data: dict[str, object] | None = None
    if layers and roots.name == "overlay":
        data = {"UpperDir": layers[0]}
        if len(layers) > 1:
            data = {"LowerDir": ":".join(layers[1:]), **data}
    return {"Name": roots.name, "Data": data}
