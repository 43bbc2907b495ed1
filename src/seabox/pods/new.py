"""--pod new:NAME: a pod that is made for the container that is to be in it."""

from __future__ import annotations

import msgspec

from ..errors import InvalidArgument
from ..model.container import CreateRequest
from ..model.pod import PodRequest

PREFIX = "new:"
_TO_THE_POD = (
    "hostname", "network", "ip", "ip6", "mac_address", "network_aliases", "publish", "dns", "dns_search",
    "dns_options", "add_hosts", "no_hosts", "create_command",
)  # fmt: skip
_EMPTY = CreateRequest()


def split(request: CreateRequest) -> tuple[PodRequest, CreateRequest]:
    """What the pod gets of a request for a container in a new one, and what stays. Raises: InvalidArgument."""
    name = request.pod.removeprefix(PREFIX)
    if not name:
        raise InvalidArgument("new pod name must be at least one character")
    if request.publish_all:
        raise InvalidArgument("--publish-all cannot be used with a new pod: publish each port")
    moved = {field: getattr(request, field) for field in _TO_THE_POD}
    moved["hostname"] = request.hostname or ""
    kept = {field: getattr(_EMPTY, field) for field in _TO_THE_POD if field != "create_command"}
    return PodRequest(name=name, **moved), msgspec.structs.replace(request, **kept)
