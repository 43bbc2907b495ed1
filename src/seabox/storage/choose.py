"""Which driver a store uses: decided once, when the store is first used, and written down in it."""

from __future__ import annotations

from ..errors import Conflict, InvalidArgument, Unsupported
from ..kernel.files import make_dirs, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .driver import Driver


def choose(root: str, wanted: str = "") -> Driver:
    """The driver of the store in the directory `root`, made if need be: overlay where it works, else vfs, unless
    `wanted` names one.

    Raises: InvalidArgument for a name that is none, Unsupported if the one wanted cannot work there, Conflict if the
        store has the other one already.
    """
    if wanted not in ("", "overlay", "vfs"):
        raise InvalidArgument(f'unknown storage driver "{wanted}": it must be overlay or vfs')
    record = f"{root}/storage-driver"
    try:
        with open(record) as file:
            found = file.read().strip()
    except FileNotFoundError:
        found = _first_choice(root, wanted)
        write_atomic(record, f"{found}\n".encode())
    if wanted and wanted != found:
        raise Conflict(f"the store {root} uses the storage driver {found}, not {wanted}: use another root, or that one")
    if found == "overlay":
        from .overlay import Overlay

        return Overlay(root)
    if found == "vfs":
        from .vfs import Vfs

        return Vfs(root)
    raise Unsupported(f'{record} names the storage driver "{found}", which this seabox does not have')


def _first_choice(root: str, wanted: str) -> str:
    make_dirs(root)
    if wanted == "vfs":
        return wanted
    from .overlay import obstacle

    if problem := obstacle(root):
        if wanted:
            raise Unsupported(f"the storage driver overlay cannot be used in {root}: {problem}; use vfs instead")
        return "vfs"
    return "overlay"
