"""The tables of networks: which there are, who takes part in them, who has which address."""

from __future__ import annotations

import time

from ..model.record import ALIVE, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Mapping, Sequence
    from sqlite3 import Connection

    from .sqlite import SQLiteStore

_SETTLED = ", ".join(repr(str(status)) for status in Status if status not in ALIVE and status is not Status.STOPPED)


class MembershipRow:
    """A container in a network, as stored: all bytes are JSON of the model's values."""

    __slots__ = ("attachment", "connection", "network")

    def __init__(self, network: bytes, attachment: bytes, connection: bytes | None) -> None:
        self.network, self.attachment, self.connection = network, attachment, connection


class SQLiteNetworks:
    """Networks in the tables of a SQLiteStore."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def add(self, make: Callable[[Sequence[bytes]], tuple[str, str, bytes]]) -> bytes:
        """The network that `make(all that there are)` describes as (id, name, JSON) is known; its JSON.

        Nobody else adds one meanwhile. Raises: what `make` raises, and nothing is changed then.
        """
        with self._store.transaction(durable=True) as db:
            id, name, config = make(_all(db))
            db.execute("INSERT INTO network VALUES(?, ?, ?)", (id, name, config))
            _tell(db, "create", id)
        return config

    def find(self, name: str) -> builtins.list[bytes]:
        """The network of this name or id, or those whose id begins so."""
        with self._store.reading() as db:
            rows = db.execute("SELECT config FROM network WHERE name = ? OR id = ?", (name, name)).fetchall()
            if not rows and name and set(name) <= set("0123456789abcdef"):
                rows = db.execute("SELECT config FROM network WHERE id >= ? AND id < ?", (name, name + "g")).fetchall()
        return [bytes(row[0]) for row in rows]

    def list(self) -> builtins.list[bytes]:
        """Every network, by name."""
        with self._store.reading() as db:
            return _all(db)

    def remove(self, id: str) -> tuple[str, ...]:
        """The network is not known any more; if containers take part in it nothing happens, and these are returned."""
        with self._store.transaction(durable=True) as db:
            users = _users(db, id)
            if not users:
                _tell(db, "remove", id)
                db.execute("DELETE FROM network WHERE id = ?", (id,))
        return users

    def users(self, id: str) -> tuple[str, ...]:
        """The containers that take part in a network, running or not."""
        with self._store.reading() as db:
            return _users(db, id)

    def connections(self, id: str) -> dict[str, bytes]:
        """What containers have in a network, by container, those left out that have nothing."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT container, connection FROM attachment WHERE network = ? AND connection IS NOT NULL "
                "ORDER BY seq", (id,),
            ).fetchall()  # fmt: skip
        return {row[0]: bytes(row[1]) for row in rows}

    # --- who takes part ------------------------------------------------------------------------------------------

    def attach(self, container: str, network: str, interface: str, attachment: bytes) -> bool:
        """The container takes part in the network; False if there is no such network (or container) any more."""
        with self._store.transaction() as db:
            known = db.execute(
                "SELECT 1 FROM network, container WHERE network.id = ? AND container.id = ?", (network, container)
            ).fetchone()
            if known:
                db.execute(
                    "INSERT OR REPLACE INTO attachment(container, network, interface, attachment) VALUES(?, ?, ?, ?)",
                    (container, network, interface, attachment),
                )
        return known is not None

    def detach(self, container: str, network: str) -> None:
        """The container does not take part in the network and has no address there."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM attachment WHERE container = ? AND network = ?", (container, network))
            db.execute("DELETE FROM lease WHERE container = ? AND network = ?", (container, network))

    def tell(self, kind: str, network: str, container: str) -> None:
        """It is an event that the container was connected to the network, or disconnected."""
        with self._store.transaction() as db:
            _tell(db, kind, network, container)

    def memberships(self, container: str) -> builtins.list[MembershipRow]:
        """The networks of a container, in the order it was attached to them."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT config, attachment, connection FROM attachment JOIN network ON network.id = network "
                "WHERE container = ? ORDER BY attachment.seq", (container,),
            ).fetchall()  # fmt: skip
        return [MembershipRow(bytes(row[0]), bytes(row[1]), row[2] and bytes(row[2])) for row in rows]

    def connected(self, container: str, connections: Mapping[str, bytes | None]) -> None:
        """What the container has in each of these networks (by id) is known; None: nothing."""
        with self._store.transaction() as db:
            for network, connection in connections.items():
                db.execute(
                    "UPDATE attachment SET connection = ? WHERE container = ? AND network = ?",
                    (connection, container, network),
                )

    # --- addresses -----------------------------------------------------------------------------------------------

    def lease(
        self, container: str, network: str, boot: str, choose: Callable[[Mapping[str, str]], Sequence[str]]
    ) -> Sequence[str]:
        """The container has the addresses that `choose(address -> owner)` returns, in place of those it had.

        Before that, what nobody can be using is given back: leases of another boot, and those of containers that
        neither live nor are worked on. Raises: what `choose` raises, and nothing is changed then.
        """
        with self._store.transaction() as db:
            db.execute(
                "DELETE FROM lease WHERE boot <> ? OR (network = ? AND container = ?)", (boot, network, container)
            )
            db.execute(
                "DELETE FROM lease WHERE network = ? AND container IN "
                f"(SELECT id FROM container WHERE intent IS NULL AND status IN ({_SETTLED}))", (network,),
            )  # fmt: skip
            taken = dict(db.execute("SELECT address, container FROM lease WHERE network = ?", (network,)).fetchall())
            chosen = choose(taken)
            db.executemany(
                "INSERT INTO lease(network, address, container, boot) VALUES(?, ?, ?, ?)",
                [(network, address, container, boot) for address in chosen],
            )
        return chosen

    def release(self, container: str) -> None:
        """The container has no address and no connection."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM lease WHERE container = ?", (container,))
            db.execute("UPDATE attachment SET connection = NULL WHERE container = ?", (container,))

    def leases(self, network: str) -> dict[str, str]:
        """Who has which address of a network, by address."""
        with self._store.reading() as db:
            return dict(db.execute("SELECT address, container FROM lease WHERE network = ?", (network,)).fetchall())


def _tell(db: Connection, kind: str, id: str, container: str | None = None) -> None:
    db.execute(  # a patch leaves out what is NULL
        "INSERT INTO event(at, type, kind, id, name, image, exit_code, attributes) "
        "SELECT ?, 'network', ?, id, name, '', NULL, json_patch('{}', json_object('container', ?, "
        "'type', COALESCE(json_extract(CAST(config AS TEXT), '$.driver'), 'bridge'))) FROM network WHERE id = ?",
        (time.time_ns(), kind, container, id),
    )


def _all(db: Connection) -> list[bytes]:
    return [bytes(row[0]) for row in db.execute("SELECT config FROM network ORDER BY name")]


def _users(db: Connection, id: str) -> tuple[str, ...]:
    rows = db.execute("SELECT container FROM attachment WHERE network = ? ORDER BY seq", (id,))
    return tuple(row[0] for row in rows)
