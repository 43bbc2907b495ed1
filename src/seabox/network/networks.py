"""`engine.networks`: which networks there are."""

from __future__ import annotations

import time

import msgspec

from ..errors import AmbiguousName, InvalidArgument
from ..model.decoding import convert, decode
from ..model.ids import new_id
from ..model.network import Connection, Network, NetworkRequest
from .errors import NetworkExists, NetworkInUse, NoSuchNetwork
from .hostnets import host_subnets
from .plan import plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Sequence
    from typing import Any

    from .backend import NetworkRows

DEFAULT = "seabox"  # the network that "bridge" means
_DEFAULT_SUBNET = "10.88.0.0/16"


class Networks:
    """The networks of one engine. The default one is always there: it is made when it is first looked at."""

    __slots__ = ("_rows",)

    def __init__(self, rows: NetworkRows) -> None:
        self._rows = rows

    def create(self, name: str | None = None, *, ignore: bool = False, **options: Any) -> Network:
        """The network exists; options are the fields of NetworkRequest. A container makes it appear on the host.

        With `ignore` one that has the name already will do.
        Raises: InvalidArgument (a bad or overlapping subnet...), NetworkExists, Unsupported.
        """
        unknown = sorted(options.keys() - set(NetworkRequest.__struct_fields__))
        if unknown:
            raise InvalidArgument(f"network create: unknown option {', '.join(unknown)}")
        asked = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
        try:
            request = convert({**asked, "name": name}, NetworkRequest)
        except msgspec.ValidationError as problem:
            raise InvalidArgument(f"network create: {problem}") from None
        self.default()
        try:
            return self._add(request)
        except NetworkExists:
            if not ignore or name is None:
                raise
            return self.get(name)

    def default(self) -> Network:
        """The network that containers get where no other is named."""
        found = self._rows.find(DEFAULT)
        if found:
            return _decode(found[0])
        try:
            return self._add(NetworkRequest(name=DEFAULT, dns=False), prefer=_DEFAULT_SUBNET)
        except NetworkExists:
            return _decode(self._rows.find(DEFAULT)[0])

    def _add(self, request: NetworkRequest, prefer: str = "") -> Network:
        id, now, host = new_id(), time.time_ns(), host_subnets()

        def make(existing: Sequence[bytes]) -> tuple[str, str, bytes]:
            network = plan(request, [_decode(row) for row in existing], host, id=id, now=now, prefer=prefer)
            return network.id, network.name, msgspec.json.encode(network)

        return _decode(self._rows.add(make))

    def get(self, name: str) -> Network:
        """The network of this name, id or unique id prefix; "" and "bridge" are the default one.

        Raises: NoSuchNetwork, AmbiguousName.
        """
        if name in ("", "bridge", DEFAULT):
            return self.default()
        found = self._rows.find(name)
        if not found and name == "podman":  # as scripts written for podman call the default one
            return self.default()
        if not found:
            raise NoSuchNetwork(name)
        if len(found) > 1:
            raise AmbiguousName(name)
        return _decode(found[0])

    def exists(self, name: str) -> bool:
        """Whether there is such a network."""
        try:
            self.get(name)
        except NoSuchNetwork:
            return False
        return True

    def list(self) -> builtins.list[Network]:
        """Every network, by name."""
        self.default()
        return [_decode(row) for row in self._rows.list()]

    def users(self, name: str) -> tuple[str, ...]:
        """The ids of the containers that take part in a network, running or not. Raises: NoSuchNetwork."""
        return self._rows.users(self.get(name).id)

    def connections(self, name: str) -> dict[str, Connection]:
        """What each container has in a network that was last seen running there, by its id. Raises: NoSuchNetwork."""
        rows = self._rows.connections(self.get(name).id)
        return {container: decode(connection, Connection) for container, connection in rows.items()}

    def leases(self, name: str) -> dict[str, str]:
        """Which addresses of a network are given out, and the container that each is for. Raises: NoSuchNetwork."""
        return self._rows.leases(self.get(name).id)

    def remove(self, name: str) -> Network:
        """The network does not exist any more; what it was. Raises: NoSuchNetwork, NetworkInUse, InvalidArgument."""
        network = self.get(name)
        if network.name == DEFAULT:
            raise InvalidArgument(f"default network {DEFAULT} cannot be removed")
        users = self._rows.remove(network.id)
        if users:
            raise NetworkInUse(name, users)
        return network

    def prune(self, fits: Callable[[Network], bool] | None = None) -> builtins.list[Network]:
        """The networks that no container takes part in are gone, but for the default one; which these were.

        `fits` chooses among them.
        """
        gone = []
        for network in self.list():
            if network.name != DEFAULT and (fits is None or fits(network)) and not self._rows.remove(network.id):
                gone.append(network)
        return gone


def _decode(data: bytes) -> Network:
    return decode(data, Network)
