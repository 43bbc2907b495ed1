"""The network of a build where that is neither the host's nor buildah's own: a container's, or one of the engine's.

In one of the engine's a build takes the place of an infra container, whose pod lasts as long as the build.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress

from ..errors import Conflict, InvalidArgument, NoSuchPod
from ..network.netns import path_of
from .build_order import NETWORKS
from .lifecycle import is_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..container.container import Container
    from ..engine import Engine
    from .request import Request

_OF_CONTAINER = "container:"


@contextmanager
def network(on: Engine, ask: Request) -> Iterator[list[str]]:
    """buildah's words for the network that was asked for, which is there inside the block.

    Raises: InvalidArgument, NoSuchContainer, Conflict (the container does not run, or has no network of its own),
        NoSuchNetwork.
    """
    said = ask.text("networkmode")
    if said in NETWORKS:
        yield [f"--network={NETWORKS[said]}"] if NETWORKS[said] else []
    elif said.startswith(_OF_CONTAINER):
        ctr = on.containers.get(said.removeprefix(_OF_CONTAINER))
        if ctr.config().namespaces.network != "bridge" or not is_up(ctr.snapshot()):
            raise Conflict(f"cannot build in the network of container {ctr.name}: it does not run, or has none")
        yield list(_words(ctr))
    elif ":" in said:
        raise InvalidArgument(f'networkmode "{said}" is not one for builds: host, none, container:NAME or a network')
    else:
        pod = on.pods.create(network=[on.networks.get(said).name])
        try:
            pod.start()
            assert pod.infra is not None, "what shares a network has an infra container"
            yield list(_words(pod.infra))
        finally:
            with suppress(NoSuchPod):
                pod.remove(force=True, timeout=0)


def _words(ctr: Container) -> Iterator[str]:
    yield f"--network=ns:{path_of(ctr.id)}"
    for member in ctr.memberships():
        if member.connection is not None:
            yield from (f"--dns={server}" for server in member.connection.nameservers)
            yield from (f"--dns-search={domain}" for domain in member.connection.search)
