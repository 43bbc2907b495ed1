"""Another name for a container."""

from __future__ import annotations

from ..kernel import files
from ..model.ids import check_name
from ..model.record import EventKind, Intent, Status
from ..state.store import Occurrence
from .stored import encode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked


def rename(ctr: Locked, name: str) -> None:
    """The container is called `name`; what runs in it goes on. Raises: InvalidArgument, NameInUse, StateConflict."""
    check_name(name)
    ctr.require(*(status for status in Status if status is not Status.REMOVING))
    if name == ctr.facts.name:
        return
    with ctr.claimed(Intent.UPDATE):
        ctr.on.store.rename(ctr.id, name, [Occurrence(EventKind.RENAME)])
        ctr.reload()
        write_copy(ctr)


def write_copy(ctr: Locked) -> None:
    """The copy of the configuration beside the log, to rebuild a damaged database from, is as the database says."""
    files.write_atomic(f"{ctr.on.config.static_dir(ctr.id)}/container.json", encode_config(ctr.config), durable=False)
