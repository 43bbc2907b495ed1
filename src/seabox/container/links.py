"""Links: what a container calls others in its networks, as they are when it starts.

A network with a name service needs none: there a link is one more name, for as long as the other runs. Where there is
none, the other must run, and variables tell of it as well; this is what Docker's `--link` began as.
"""

from __future__ import annotations

import msgspec

from ..diagnostics import debug
from ..errors import AmbiguousName, NoSuchContainer, StateConflict
from ..model.record import ALIVE
from . import snapshot
from .stored import decode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import ContainerConfig
    from ..model.network import Endpoint, Network
    from ..model.record import ContainerFacts
    from .guard import Locked
    from .services import Services

_SHORT_ID = 12  # letters
_NOT_TOLD = ("HOME", "PATH")  # variables that say nothing of the other container


class Links:
    """What a container's links come to now: lines of /etc/hosts ("NAME[;NAME...]:ADDRESS") and variables."""

    __slots__ = ("env", "hosts")

    def __init__(self, ctr: Locked, links: Iterable[tuple[Network, str]]) -> None:
        """`links`: "CONTAINER[:ALIAS]", each with its network. Raises: StateConflict: one does not run that must."""
        self.hosts: list[str] = []
        self.env: dict[str, str] = {}
        for network, text in links:
            name, _, alias = text.partition(":")
            alias = alias or name
            facts = _find(ctr.on, name)
            if facts is None:
                debug("container %s is linked to %s, which is not there", ctr.id, name)
                continue
            addresses = _addresses(ctr.on, facts.id, network)
            if network.dns:
                self.hosts += [f"{alias}:{address}" for address in addresses]
                continue
            if not addresses:
                raise StateConflict(
                    ctr.id, str(ctr.state.status), ("running",),
                    f"cannot link to a container that does not run in the network {network.name}: "
                    f"/{facts.name} AS /{ctr.facts.name}/{alias}",
                )  # fmt: skip
            config = decode_config(ctr.on.store.config(facts.id))
            names = ";".join(name for name in dict.fromkeys((alias, config.hostname, facts.name)) if name)
            self.hosts += [f"{names}:{address}" for address in addresses]
            self.env |= variables(f"/{ctr.facts.name}/{alias}", config, addresses[0])

    def on(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, with what is told of the links."""
        return msgspec.structs.replace(endpoint, hosts=tuple(self.hosts), env=self.env)


def variables(link: str, config: ContainerConfig, address: str) -> dict[str, str]:
    """What Docker tells of a linked container: "/OURS/ALIAS" is the link's name."""
    key = link.rpartition("/")[2].upper().replace("-", "_")
    found: dict[str, str] = {}
    ports = sorted((int(number), protocol) for number, _, protocol in (port.partition("/") for port in config.exposed))
    for number, protocol in ports:
        place, one = f"{protocol}://{address}:{number}", f"{key}_PORT_{number}_{protocol.upper()}"
        found.setdefault(f"{key}_PORT", place)
        found |= {one: place, f"{one}_ADDR": address, f"{one}_PORT": str(number), f"{one}_PROTO": protocol}
    told = {f"{key}_ENV_{name}": value for name, value in config.env.items() if name not in _NOT_TOLD}
    return found | {f"{key}_NAME": link} | told


def _find(on: Services, name: str) -> ContainerFacts | None:
    """The container of this name or id; the few letters of a name are the beginning of no id."""
    try:
        facts = on.store.load(on.store.find(name)).facts
    except (NoSuchContainer, AmbiguousName):
        return None
    return facts if name == facts.name or len(name) >= _SHORT_ID else None


def _addresses(on: Services, id: str, network: Network) -> list[str]:
    """Where the container is in the network; nowhere if it does not run."""
    try:
        if snapshot.take(on, id).state.status not in ALIVE:
            return []
    except NoSuchContainer:
        return []
    return [
        address.partition("/")[0]
        for member in on.networking.memberships(id) if member.network.id == network.id and member.connection is not None
        for address in member.connection.addresses
    ]  # fmt: skip
