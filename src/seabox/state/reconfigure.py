"""Changing what a container was created with."""

from __future__ import annotations

from ..errors import NoSuchContainer
from .schema import FACT_COLUMNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record import ContainerFacts
    from .sqlite import SQLiteStore

_FIXED = ("id", "name", "created_at", "image", "image_id", "pod", "role")
_COLUMNS = tuple(column for column in FACT_COLUMNS if column not in _FIXED)
_UPDATE = f"UPDATE container SET {', '.join(f'{column} = ?' for column in _COLUMNS)} WHERE id = ?"


def reconfigure(store: SQLiteStore, facts: ContainerFacts, config: bytes) -> None:
    """See Store.reconfigure."""
    with store.transaction(durable=True) as db:
        if db.execute(_UPDATE, [*(getattr(facts, column) for column in _COLUMNS), facts.id]).rowcount == 0:
            raise NoSuchContainer(facts.id)
        db.execute("UPDATE container_config SET config = ? WHERE id = ?", (config, facts.id))
