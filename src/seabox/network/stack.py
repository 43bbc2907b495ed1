"""The network of one container: built before its process, taken down by whoever cleans up after it.

Everything is named after the container's id, and what the backend was told lies in the run directory before it is
told, so that taking down needs no memory of who built. Taking down imports nothing but the kernel room.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..diagnostics import debug
from ..errors import Busy, SeaboxError
from ..kernel import files, mounts, process
from . import netns
from .netavark import document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..model.container import ContainerConfig
    from ..model.network import Attachment, Connection, Endpoint, Membership, Network
    from .backend import NetworkBackend, NetworkRows

_DOCUMENT = "network.json"


class SettingUp:
    """A container's network, on which the backend is at work.

    `foreseen` is what it will be, but for what only the backend knows: its name servers. `finish` waits for the
    backend, and returns what it is. Raises: NetworkFailed, Busy...
    `links`: what the container calls others ("CONTAINER[:ALIAS]"), each with its network; nothing is done about them.
    """

    __slots__ = ("finish", "foreseen", "links")

    def __init__(
        self, foreseen: Endpoint, finish: Callable[[], Endpoint], links: Sequence[tuple[Network, str]] = ()
    ) -> None:
        self.foreseen, self.finish, self.links = foreseen, finish, links


class Stack:
    """The networks of containers, over a backend. `run_dir(id)` is a container's directory that ends with the boot."""

    __slots__ = ("_backend", "_rows", "_run_dir")

    def __init__(self, rows: NetworkRows, backend: NetworkBackend, run_dir: Callable[[str], str]) -> None:
        self._rows, self._backend, self._run_dir = rows, backend, run_dir

    # --- one container's networks --------------------------------------------------------------------------------

    def attach(self, container: str, attachment: Attachment) -> None:
        """The container takes part in the network whenever it runs. Raises: NoSuchNetwork."""
        import msgspec

        if not self._rows.attach(
            container, attachment.network, attachment.interface, msgspec.json.encode(attachment)
        ):  # fmt: skip
            from .errors import NoSuchNetwork

            raise NoSuchNetwork(attachment.name)

    def detach(self, container: str, network: str) -> None:
        """The container does not take part in the network (by id) any more."""
        self._rows.detach(container, network)

    def tell(self, kind: str, network: str, container: str) -> None:
        """It is an event that the container was connected to the network ("connect") or "disconnect"ed."""
        self._rows.tell(kind, network, container)

    def memberships(self, container: str) -> list[Membership]:
        """The container's networks in order."""
        from ..model.decoding import decode
        from ..model.network import Attachment, Connection, Membership, Network

        return [
            Membership(
                network=decode(row.network, Network),
                attachment=decode(row.attachment, Attachment),
                connection=decode(row.connection, Connection) if row.connection else None,
            )
            for row in self._rows.memberships(container)
        ]

    # --- building ------------------------------------------------------------------------------------------------

    @contextmanager
    def setting_up(
        self, config: ContainerConfig, name: str, given: Mapping[str, Attachment] | None = None
    ) -> Iterator[SettingUp]:
        """Inside the block the container has a namespace, which is being connected to its networks.

        `given`: what is asked for in place of what was at creation, this once, by network id.
        After an error something may be left for `tear_down`. Raises: AddressesTaken, BadSubnet, NetworkFailed, Busy...
        """
        if os.path.exists(self._document(config.id)) or netns.is_pinned(config.id):
            self.tear_down(config.id)
        members = self.memberships(config.id)
        if given:
            import msgspec

            members = [
                msgspec.structs.replace(each, attachment=given.get(each.network.id, each.attachment))
                for each in members
            ]
        addresses: dict[str, Sequence[str]] = {}
        macs: dict[str, str] = {}
        for member in members:
            self._lease_one(config.id, member, addresses, macs)
        path = netns.pin(config.id)
        if not members:
            yield SettingUp(_endpoint(path, []), lambda: _endpoint(path, []))
            return
        told = document(config, name, members, addresses, macs)
        with self._building(config.id, path, told, told) as build:

            def finish() -> Endpoint:
                found = build()
                return _endpoint(path, [found[each.network.id] for each in members if each.network.id in found])

            links = [(member.network, text) for member in members for text in member.attachment.links]
            yield SettingUp(_foreseen(path, members, addresses), finish, links)

    @contextmanager
    def _building(self, id: str, path: str, whole: bytes, part: bytes) -> Iterator[Callable[[], dict[str, Connection]]]:
        """Inside the block the backend sets up `part` of what is now the `whole` document of the container.

        What is yielded waits for that, and says what came of it.
        """
        self._write(id, whole)
        with self._backend.setting_up(path, part) as answer:

            def finish() -> dict[str, Connection]:
                import msgspec

                found = answer()
                self._rows.connected(id, {network: msgspec.json.encode(one) for network, one in found.items()})
                return found

            yield finish

    def _build(self, id: str, path: str, whole: bytes, part: bytes) -> dict[str, Connection]:
        """As `_building`, and done."""
        with self._building(id, path, whole, part) as finish:
            return finish()

    def _lease_one(
        self, id: str, member: Membership, addresses: dict[str, Sequence[str]], macs: dict[str, str]
    ) -> None:
        """The container has an address in one network: noted, with the MAC address that goes with it."""
        from .ipam import choose, mac_for

        network, wanted = member.network, member.attachment
        found = self._rows.lease(id, network.id, process.boot_id(), lambda taken: choose(network, taken, wanted.ips))
        addresses[network.id] = found
        macs[network.id] = wanted.mac or mac_for(network.id, found)

    def connect(self, config: ContainerConfig, name: str, network: str, *, again: bool = False) -> Connection:
        """The running container, attached to the network (by id), is connected to it as well.

        `again`: an earlier attempt may have been cut short. After an error nothing of this one is left, nor is the
        container attached; but where that cannot be undone it stays attached, and the next attempt is one `again`.
        Raises: AddressesTaken, BadSubnet, NetworkFailed, Busy...
        """
        members = self.memberships(config.id)
        addresses, macs = _held(members)
        joining = next(member for member in members if member.network.id == network)
        try:
            self._lease_one(config.id, joining, addresses, macs)
        except BaseException:
            if not again:
                self.detach(config.id, network)
            raise
        connected = [member for member in members if member.network.id in addresses]
        whole, part = (document(config, name, some, addresses, macs) for some in (connected, [joining]))
        path = netns.path_of(config.id)
        if again:
            self._undo(config.id, path, part)
        try:
            return self._build(config.id, path, whole, part)[network]
        except BaseException:
            self._rows.connected(config.id, {network: None})  # it may have come as far as that
            self._undo(config.id, path, part)
            staying = [member for member in connected if member is not joining]
            self._write(config.id, document(config, name, staying, addresses, macs))
            self.detach(config.id, network)
            raise

    def disconnect(self, config: ContainerConfig, name: str, network: str) -> Connection | None:
        """The running container is not connected to the network (by id); what it had there."""
        members = [member for member in self.memberships(config.id) if member.connection is not None]
        addresses, macs = _held(members)
        leaving = [member for member in members if member.network.id == network]
        if not leaving:
            return None
        self._undo(config.id, netns.path_of(config.id), document(config, name, leaving, addresses, macs))
        staying = [member for member in members if member.network.id != network]
        self._write(config.id, document(config, name, staying, addresses, macs))
        return leaving[0].connection

    def reload(self, config: ContainerConfig, name: str) -> None:
        """The running container's interfaces and firewall rules are made anew, with the addresses it has."""
        members = [member for member in self.memberships(config.id) if member.connection is not None]
        if not members:
            return
        with open(self._document(config.id), "rb") as file:
            told = file.read()
        path = netns.path_of(config.id)
        self._undo(config.id, path, told)
        self._build(config.id, path, told, told)

    # --- taking down ---------------------------------------------------------------------------------------------

    def tear_down(self, id: str) -> None:
        """The container has no namespace, interface, firewall rule or address. Idempotent.

        The backend's errors are logged. Raises: Busy, OSError.
        """
        path = netns.path_of(id)
        try:
            with open(self._document(id), "rb") as file:
                told = file.read()
        except FileNotFoundError:
            told = b""
        if told:
            if not mounts.is_mounted(path):
                path = netns.pin(id)  # rules and names may be left of one that went without us
            self._undo(id, path, told)
        netns.unpin(id)
        self._rows.release(id)
        if told:
            files.remove_file(self._document(id))

    def _undo(self, id: str, path: str, told: bytes) -> None:
        """As much of the document as the backend can is undone; what it could not is logged, and not fatal.

        Raises: Busy, OSError: the backend was not reached, and may be next time.
        """
        try:
            self._backend.tear_down(path, told)
        except Busy:
            raise
        except (SeaboxError, FileNotFoundError, PermissionError) as problem:
            debug("taking down the network of container %s: %s", id, problem)
            for part in _parts(told):  # netavark stops at the first network that it had not made, by chance
                self._undo(id, path, part)

    def _write(self, id: str, told: bytes) -> None:
        files.write_atomic(self._document(id), told, durable=False)

    def _document(self, id: str) -> str:
        return f"{self._run_dir(id)}/{_DOCUMENT}"


def _parts(told: bytes) -> list[bytes]:
    """A document for each of the networks in a document of several."""
    import json

    whole = json.loads(told)
    keys = ("networks", "network_info")
    if len(whole["networks"]) < 2:
        return []
    return [
        json.dumps(whole | {key: {network: whole[key][network]} for key in keys}).encode()
        for network in whole["networks"]
    ]


def _held(members: Sequence[Membership]) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """Addresses and MAC addresses, by network id, where the container is connected."""
    addresses: dict[str, Sequence[str]] = {}
    macs: dict[str, str] = {}
    for member in members:
        if member.connection is not None:
            addresses[member.network.id] = [address.partition("/")[0] for address in member.connection.addresses]
            macs[member.network.id] = member.connection.mac
    return addresses, macs


def _foreseen(path: str, members: Sequence[Membership], addresses: Mapping[str, Sequence[str]]) -> Endpoint:
    from ..model.network import Endpoint

    gateways = (subnet.gateway for each in members for subnet in each.network.subnets)
    return Endpoint(
        netns=path,
        addresses=tuple(address for each in members for address in addresses[each.network.id]),
        gateway=next((gateway for gateway in gateways if gateway and ":" not in gateway), ""),
    )


def _endpoint(path: str, connections: Sequence[Connection]) -> Endpoint:
    from ..model.network import Endpoint

    return Endpoint(
        netns=path,
        addresses=tuple(address.partition("/")[0] for one in connections for address in one.addresses),
        gateway=next((gateway for one in connections for gateway in one.gateways if ":" not in gateway), ""),
        nameservers=tuple(dict.fromkeys(server for one in connections for server in one.nameservers)),
        search=tuple(dict.fromkeys(domain for one in connections for domain in one.search)),
    )
