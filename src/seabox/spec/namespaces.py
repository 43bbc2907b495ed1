"""--network (whose), --pid, --ipc, --uts, --cgroupns: what is shared with whom."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from ..model import oci
from ..model.container import Namespaces
from .networking import parse_network_mode
from .text import absolute, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..model.container import CreateRequest

    FindContainer = Callable[[str], str]  # a name or id prefix -> the whole id


def parse_namespaces(request: CreateRequest, *, default_network: str, find_container: FindContainer) -> Namespaces:
    """The modes of a request, containers named by their whole ids.

    Raises: InvalidArgument, Unsupported, or what `find_container` raises.
    """

    def mode(kind: str, text: str | None, words: Mapping[str, str]) -> str:
        text = plain(f"{kind} namespace", text or "")
        word, _, rest = text.partition(":")
        if word == "container" and rest:
            return f"container:{find_container(rest)}"
        if word == "ns" and rest:
            return f"ns:{absolute(f'path of a {kind} namespace', rest)}"
        if text in words:
            return words[text]
        raise InvalidArgument(f'unrecognized {kind} namespace mode "{text}" passed')

    _check_userns(request.userns)
    plain_words = {"": "private", "private": "private", "host": "host"}
    return Namespaces(
        network=parse_network_mode(request, default=default_network, find_container=find_container),
        pid=mode("pid", request.pid, plain_words),
        ipc=mode("ipc", request.ipc, _IPC_WORDS),
        uts=mode("uts", request.uts, plain_words),
        cgroup=mode("cgroup", request.cgroupns, plain_words),
    )


# "private": of its own, and nobody may join it; "none": without /dev/shm
_IPC_WORDS = {"": "shareable", "shareable": "shareable", "private": "private", "none": "none", "host": "host"}


def _check_userns(text: str | None) -> None:
    word = plain("user namespace", text or "").partition(":")[0]
    if word in ("keep-id", "nomap"):
        raise InvalidArgument(f"{word} is only supported in rootless mode")
    if word in ("auto", "container", "ns", "private"):
        raise Unsupported(f"--userns={text} is not supported yet: containers are in the host's user namespace")
    if word not in ("", "host"):
        raise InvalidArgument(f'unrecognized user namespace mode "{text}" passed')


def namespace_list(namespaces: Namespaces, joined: Mapping[str, str]) -> tuple[oci.Namespace, ...]:
    """What the runtime makes or joins; `joined` has the path for each kind given as container:ID."""
    found = [oci.Namespace(type="mount")]
    for kind in ("network", "pid", "ipc", "uts", "cgroup"):
        mode: str = getattr(namespaces, kind)
        if mode.startswith("ns:"):
            found.append(oci.Namespace(type=kind, path=mode[3:]))
        elif mode.startswith("container:") or kind in joined:
            found.append(oci.Namespace(type=kind, path=joined[kind]))
        elif mode != "host":
            found.append(oci.Namespace(type=kind))
    return tuple(found)
