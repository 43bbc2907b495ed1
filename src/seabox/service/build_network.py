"""The network of a build where that is neither the host's nor buildah's own: a container's, or one of the engine's.

In one of the engine's a build takes the place of an infra container, whose pod lasts as long as the build. The pod
bears the name of the process that builds: one whose process is gone is removed by whoever starts a service or a build.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress

from ..diagnostics import debug
from ..errors import Conflict, InvalidArgument, NoSuchPod, SeaboxError
from ..kernel import process
from ..listing.pods import labels_of
from ..model.record import ProcessId
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
_HOLDER = "io.seabox.build.process"  # label: pid, start time and boot


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
        clear(on)
        me = process.myself()
        holder = f"{me.pid} {me.start} {me.boot}"
        pod = on.pods.create(network=[on.networks.get(said).name], labels={_HOLDER: holder})
        try:
            pod.start()
            assert pod.infra is not None, "what shares a network has an infra container"
            yield list(_words(pod.infra))
        finally:
            with suppress(NoSuchPod):
                pod.remove(force=True, timeout=0)


def clear(on: Engine) -> None:
    """No pod is left of a build whose process was killed."""
    for seen in on.pods.list():
        holder = labels_of(seen).get(_HOLDER, "")
        if holder and not _lives(holder):
            try:
                on.pods.get(seen.facts.id).remove(force=True, timeout=0)
            except SeaboxError as problem:  # somebody else does it, or the next one will
                debug("pod %s of a build that was killed: %s", seen.facts.name, problem)


def _lives(holder: str) -> bool:
    try:
        pid, start, boot = holder.split()
        return process.alive(ProcessId(int(pid), int(start), boot))
    except ValueError:  # somebody else's label
        return True


def _words(ctr: Container) -> Iterator[str]:
    yield f"--network=ns:{path_of(ctr.id)}"
    for member in ctr.memberships():
        if member.connection is not None:
            yield from (f"--dns={server}" for server in member.connection.nameservers)
            yield from (f"--dns-search={domain}" for domain in member.connection.search)
