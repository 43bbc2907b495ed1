"""What containers and pods owe each other in every transaction: membership, names, the last end."""

from __future__ import annotations

from ..errors import NoSuchPod, PodNameInUse
from ..model.record import Intent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from ..model.record import ContainerFacts


def admit(db: Connection, facts: ContainerFacts) -> None:
    """The container may be added: its name is no pod's, its pod is there and not about to go.

    Raises: PodNameInUse, NoSuchPod.
    """
    refuse_pods_name(db, facts.name)
    if facts.pod:
        row = db.execute("SELECT intent FROM pod WHERE id = ?", (facts.pod,)).fetchone()
        if row is None or row[0] == Intent.REMOVE:
            raise NoSuchPod(facts.pod)


def refuse_pods_name(db: Connection, name: str) -> None:
    """Nothing, if no pod has this name. Raises: PodNameInUse."""
    if db.execute("SELECT 1 FROM pod WHERE name = ?", (name,)).fetchone():
        raise PodNameInUse(name)
