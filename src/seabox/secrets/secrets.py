"""`engine.secrets`: which secrets there are, and their bytes.

The bytes of a secret are in a file of its own that only root can read, the rest is a row. The row is there before the
file and goes after it, with the word "making" or "removing" meanwhile: whoever finds that word while the lock is free
knows that the process that wrote it is dead, and removes what is left. To everybody else there is no such secret.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

import msgspec

from ..diagnostics import debug
from ..errors import Damaged, InvalidArgument, Unsupported
from ..kernel import files
from ..kernel.durable import write_durable
from ..model.decoding import decode
from ..model.ids import check_name
from ..model.secret import Secret
from .errors import AmbiguousSecret, NoSuchSecret, SecretExists

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Iterator, Mapping

    from .needs import Locks, Row, Rows

TOO_LARGE = 512_000  # bytes; a secret has fewer
_LOCK = "store"  # the name of the one lock
_HEX = frozenset("0123456789abcdef")
_ID = 25  # digits


class Secrets:
    """The secrets of one engine."""

    __slots__ = ("_driver", "_folder", "_locks", "_rows")

    def __init__(self, rows: Rows, locks: Locks, folder: str, driver: str = "file") -> None:
        """`driver`: the one that is meant where none is named."""
        self._rows, self._locks, self._folder, self._driver = rows, locks, folder, driver

    def create(
        self, name: str, data: bytes | str, *, driver: str = "", driver_options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None, replace: bool = False, ignore: bool = False,
    ) -> Secret:  # fmt: skip
        """There is a secret of this name that holds `data`, also after a power cut.

        One that has the name already is an error, unless `replace` puts the new one in its place (at every moment
        there is one of them, whole), or with `ignore` it will do, whatever it holds. Containers keep what they have.
        Raises: InvalidArgument, Unsupported (a driver other than file), SecretExists, OSError.
        """
        content = data.encode(errors="surrogateescape") if isinstance(data, str) else bytes(data)
        _check(name, content, driver or self._driver, driver_options or {}, labels or {})
        if replace and ignore:
            raise InvalidArgument("ignore and replace cannot be used together")
        now = time.time_ns()
        with self._alone():
            found = self._named(name)
            if found is not None and ignore:
                return found
            if found is not None and not replace:
                raise SecretExists(name)
            secret = Secret(
                id=os.urandom(16).hex()[:_ID], name=name, driver_options=dict(driver_options or {}),
                labels=dict(labels or {}), created_at=found.created_at if found is not None else now, updated_at=now,
            )  # fmt: skip
            self._make(secret, content, replaced=found.id if found is not None else "")
        return secret

    def get(self, name: str) -> Secret:
        """The secret with this name, id, or unique id prefix. Raises: NoSuchSecret, AmbiguousSecret, Damaged."""
        self.settle()
        return self._find(name)

    def exists(self, name: str) -> bool:
        """Whether there is such a secret."""
        try:
            self.get(name)
        except NoSuchSecret:
            return False
        return True

    def data(self, name: str) -> bytes:
        """What the secret holds. Raises: NoSuchSecret, AmbiguousSecret, Damaged, OSError."""
        while True:
            secret = self._find(name)
            try:
                with open(self._place(secret.id), "rb") as file:
                    return file.read()
            except FileNotFoundError:
                if self._find(name).id == secret.id:  # else it was replaced this moment
                    raise Damaged(f"the bytes of the secret {secret.name} are lost") from None

    def list(self) -> builtins.list[Secret]:
        """Every secret that can be read, by name."""
        self.settle()
        found = []
        for row in self._rows.list():
            try:
                found.append(_read(row))
            except Damaged as problem:
                debug("%s", problem)
        return found

    def remove(self, name: str) -> Secret:
        """The secret is gone; what it was. Containers that were made with it keep their copy.

        Raises: NoSuchSecret, AmbiguousSecret, Damaged, OSError.
        """
        with self._alone():
            secret = self._find(name)
            self._remove([secret.id])
        return secret

    def remove_all(self) -> builtins.list[Secret]:
        """There is no secret; which there were. Raises: OSError."""
        with self._alone():
            found = self.list()
            self._remove([secret.id for secret in found])
        return found

    # --- how they are kept ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """What processes that died left half-made or half-removed is taken away."""
        if not self._rows.unsettled() and not self._locks.names():
            return
        lock = self._locks.try_hold(_LOCK)
        if lock is None:
            return
        try:
            self._finish()
        except OSError as problem:
            debug("secrets: %s", problem)
        finally:
            lock.discard()

    def damaged(self) -> builtins.list[tuple[str, str]]:
        """The ids of secrets that cannot be used any more, and why."""
        found = []
        usable = {row.id for row in self._rows.list()}
        for row in self._rows.list(every=True):
            try:
                secret = _read(row)
                if row.id not in usable:
                    raise Damaged(f"the record of secret {secret.id} cannot be read: it is in no phase")
                if not os.path.isfile(self._place(secret.id)):
                    raise Damaged(f"the bytes of the secret {secret.name} are lost")
            except Damaged as problem:
                found.append((row.id, str(problem)))
        return found

    def strays(self) -> builtins.list[str]:
        """The names of files among those of secrets that belong to none."""
        known = set(self._rows.known())
        try:
            return sorted(name for name in os.listdir(self._folder) if name not in known)
        except FileNotFoundError:
            return []

    def discard(self, id: str) -> None:
        """There is neither a row of this id nor a file of that name, whatever they look like."""
        with self._alone():
            if id in self.strays():
                files.remove_tree(self._place(id))
            self._remove([id])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes secrets inside the block, and what the dead left is gone. Raises: Busy."""
        with self._locks.hold(_LOCK) as (lock,):
            try:
                self._finish()
                yield
            finally:
                lock.discard()

    def _finish(self) -> None:
        for id in self._rows.unsettled():
            self._unmake(id)

    def _make(self, secret: Secret, data: bytes, *, replaced: str) -> None:
        self._rows.add(secret.id, secret.name, msgspec.json.encode(secret))
        try:
            files.make_dirs(self._folder)
            write_durable(self._place(secret.id), data)
        except BaseException:
            self._unmake(secret.id)
            raise
        self._rows.made(secret.id, replaced=replaced)
        if replaced:
            self._unmake(replaced)

    def _remove(self, ids: Iterable[str]) -> None:
        gone = tuple(ids)
        self._rows.retire(gone)
        for id in gone:
            self._unmake(id)

    def _unmake(self, id: str) -> None:
        if _is_id(id):  # else it is damaged: the path might be anything
            files.remove_file(self._place(id))
        self._rows.forget(id)

    def _place(self, id: str) -> str:
        return f"{self._folder}/{id}"

    def _named(self, name: str) -> Secret | None:
        """The secret of exactly this name."""
        row = self._rows.find(name)
        return _read(row) if row is not None and row.name == name else None

    def _find(self, name: str) -> Secret:
        row = self._rows.find(name)
        if row is None and name and set(name) <= _HEX:
            ids = self._rows.starting_with(name)
            if len(ids) > 1:
                raise AmbiguousSecret(name)
            row = self._rows.find(ids[0]) if ids else None
        if row is None:
            raise NoSuchSecret(name)
        return _read(row)


def _is_id(id: object) -> bool:
    return isinstance(id, str) and len(id) == _ID and set(id) <= _HEX


def _read(row: Row) -> Secret:
    """The secret of a row. Raises: Damaged."""
    try:
        secret = decode(row.config, Secret)
        if (secret.id, secret.name) != (row.id, row.name):
            raise ValueError("it is about another")
    except (ValueError, TypeError, msgspec.MsgspecError) as problem:
        raise Damaged(f"the record of secret {row.id!s:.25} cannot be read: {problem}") from None
    return secret


def _check(
    name: str, data: bytes, driver: str, driver_options: Mapping[str, str], labels: Mapping[str, str]
) -> None:
    """Nothing, if there may be such a secret. Raises: InvalidArgument in podman's words, Unsupported."""
    if not 0 < len(name) <= 253 or not {*name}.isdisjoint("=/,\0"):
        raise InvalidArgument(
            f"secret name \"{name}\" can not include '=', '/', ',', or the '\\0' (NULL) and be between 1 and 253 "
            "characters: invalid secret name"
        )
    try:
        check_name(name)
    except InvalidArgument:
        raise InvalidArgument(
            f'secret name "{name}" must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid secret name'
        ) from None
    if not 0 < len(data) < TOO_LARGE:
        raise InvalidArgument("secret data must be larger than 0 and less than 512000 bytes")
    if driver != "file":
        raise Unsupported(f'the secret driver "{driver}" is not supported: use file: invalid driver')
    if "path" in driver_options:
        raise Unsupported("the driver option path is not supported: secrets are kept with the engine's other state")
    for what, pairs in (("label", labels), ("driver option", driver_options)):
        for key, value in pairs.items():
            if not key or not key.isprintable() or "\0" in value:
                raise InvalidArgument(f"invalid {what} {key!a}: invalid argument")
