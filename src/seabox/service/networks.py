"""Networks under both APIs: how Docker's clients call them, who takes part in them, and what is done to both."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from ..errors import Conflict, InvalidArgument, NoSuchContainer, NoSuchPod, Unsupported
from ..model.network import Connection
from ..model.record import ALIVE, INFRA
from ..network.networks import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..engine import Engine
    from ..model.network import Network

BRIDGE, HOST, NONE = "bridge", "host", "none"
BUILTIN = (BRIDGE, HOST, NONE)  # what dockerd has from the start
_INTERFACE_NAME = "com.docker.network.endpoint.ifname"
_DEFAULTS = ("", "default", BRIDGE)


class NotAllowed(Conflict):
    """The network, or the container, is in a condition that forbids it: Docker's clients are told so with 403."""

    http_status = 403


def engine_name(name: str) -> str:
    """What a network, or a mode, of Docker's is called here: `bridge` is the default network; others keep theirs."""
    if name in _DEFAULTS:
        return DEFAULT
    for word in (HOST, NONE):
        if name == mode_id(word):
            return word
    return name


def docker_name(name: str) -> str:
    """What Docker's clients call a network of ours."""
    return BRIDGE if name == DEFAULT else name


def mode_id(name: str) -> str:
    """The id that the modes `host` and `none` have as networks: the same everywhere."""
    return sha256(f"network {name}".encode()).hexdigest()


def endpoint_id(container: str, network: str) -> str:
    """The id of a container's place in a network, both given by their ids."""
    return sha256(f"endpoint {container} {network}".encode()).hexdigest()


def driver_words(options: Mapping[str, str]) -> Iterator[str]:
    """DriverOpts of a container's part in a network, as the engine takes them: most have no effect, and are shown."""
    for key, value in options.items():
        if key == _INTERFACE_NAME and value:
            yield f"interface_name={value}"
        yield f"note={key}={value}"


def create(on: Engine, name: str | None, **options: Any) -> Network:
    """As Networks.create. Raises: InvalidArgument, also for what the engine cannot do; NetworkExists."""
    try:
        return on.networks.create(name, **options)
    except Unsupported as problem:
        raise InvalidArgument(str(problem)) from None


def running_in(on: Engine, network: Network) -> Iterator[tuple[str, str, Connection]]:
    """The id and name of each container that runs in the network, and what it has there."""
    for id, has in on.networks.connections(network.id).items():
        try:
            seen = on.containers.get(id).snapshot()
        except NoSuchContainer:  # it went meanwhile
            continue
        if seen.state.status in ALIVE:
            yield id, seen.facts.name, has


def running_as(on: Engine, mode: str) -> Iterator[tuple[str, str, Connection]]:
    """As `running_in`, of the containers that have the mode `host` or `none`: they have nothing of their own there."""
    for seen in on.containers.list(all=False):
        with suppress(NoSuchContainer):
            if on.containers.get(seen.facts.id).config().namespaces.network == mode:
                yield seen.facts.id, seen.facts.name, Connection(interface="")


def connect(on: Engine, network: Network, container: str, options: Sequence[str]) -> None:
    """The container takes part in the network; one that does not run may be told anew how.

    Raises: NoSuchContainer, NotAllowed (it runs, and takes part already), InvalidArgument, AddressesTaken...
    """
    ctr = on.containers.get(container)
    try:
        ctr.connect(network, *options)
    except Conflict as problem:
        if ctr.id not in on.networks.users(network.id):
            raise
        with ctr.batch() as held:
            if held.snapshot().state.status in ALIVE:
                raise NotAllowed(str(problem)) from None
            held.disconnect(network)
            held.connect(network, *options)


def disconnect(on: Engine, network: Network, container: str) -> None:
    """The container does not take part in the network. Raises: NoSuchContainer, NotAllowed (it did not)..."""
    ctr = on.containers.get(container)
    try:
        ctr.disconnect(network)
    except Conflict as problem:
        raise NotAllowed(str(problem)) from None


def clear(on: Engine, network: Network, timeout: int | None) -> None:
    """No container takes part in the network: all that did are removed, those of pods with their pods."""
    for id in on.networks.users(network.id):
        try:
            ctr = on.containers.get(id)
            facts = ctr.snapshot().facts
            if facts.role == INFRA and facts.pod:
                on.pods.get(facts.pod).remove(force=True, timeout=timeout)
            else:
                ctr.remove(force=True, timeout=timeout)
        except (NoSuchContainer, NoSuchPod):
            continue
