"""What the store forgets: events and exit codes that are too old, or too many."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_DAY = 86_400 * 10**9  # ns


def prune(db: sqlite3.Connection, keep_days: int, keep_rows: int) -> None:
    """Older events and exit codes, and events beyond so many, are gone; the codes of what still exists stay."""
    oldest = time.time_ns() - keep_days * _DAY
    newest = db.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
    db.execute("DELETE FROM event WHERE seq <= ? OR at < ?", (newest - keep_rows, oldest))
    db.execute(
        "DELETE FROM exit_code WHERE finished_at < ? AND NOT EXISTS "
        "(SELECT 1 FROM container WHERE container.id = exit_code.id)", (oldest,),
    )  # fmt: skip
