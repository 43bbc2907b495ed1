"""What a SpecGenerator says of namespaces, networks and ports, as the engine takes it."""

from __future__ import annotations

from ...errors import InvalidArgument
from ..networks import engine_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import spec_body as body

_UNSAID = ("", "default")
_OWN = ("bridge", "private", "pod")


def namespace(said: body.Namespace | None) -> str | None:
    """Whose namespace; None = nothing is said, or what the pod says."""
    mode, value = ((said.nsmode or "", said.value or "") if said is not None else ("", ""))
    if mode in _UNSAID or mode == "pod":
        return None
    if mode == "path":
        mode = "ns"
    return f"{mode}:{value}" if value else mode


def asked_networks(spec: body.SpecGenerator) -> tuple[str, ...] | None:
    """The networks as the engine takes them; None = nothing is said. Raises: InvalidArgument."""
    named = dict(spec.networks or {})
    for name in spec.cni_networks or ():
        if name:
            named.setdefault(name, None)
    mode = namespace(spec.netns)
    aliases = spec.aliases or {}
    words = {engine_name(name): list(_options(said)) for name, said in named.items()}
    for name, others in aliases.items():
        words.setdefault(engine_name(name), []).extend(f"alias={_single(alias)}" for alias in others)
    own = [
        f"{key}={_single(value)}"
        for key, value in (("ip", spec.static_ip), ("ip6", spec.static_ipv6), ("mac", spec.static_mac))
        if value
    ]
    if mode is not None and mode.partition(":")[0] not in _OWN:
        if words or own:
            raise InvalidArgument("networks and static ip/mac address can only be used with Bridge mode networking")
        return (mode,)
    if own:
        if len(words) > 1:
            raise InvalidArgument("a static address or MAC address goes with a single network: say it in Networks")
        words.setdefault(next(iter(words), engine_name("")), []).extend(own)
    if not words:
        return ("bridge",) if mode == "bridge" else None
    return tuple(f"{name}:{','.join(options)}" for name, options in words.items())


def _options(said: body.PerNetwork | None) -> Iterable[str]:
    if said is None:
        return
    for address in said.static_ips or ():
        yield f"ip={_single(address)}"
    if said.static_mac:
        yield f"mac={_single(said.static_mac)}"
    for alias in dict.fromkeys(said.aliases or ()):
        yield f"alias={_single(alias)}"
    if said.interface_name:
        yield f"interface_name={_single(said.interface_name)}"


def _single(text: str) -> str:
    if "," in text:
        raise InvalidArgument(f"invalid network option {text!a}: there is a comma in it")
    return text


def asked_ports(spec: body.SpecGenerator) -> tuple[list[str], list[str]]:
    """What is to be published, and what the container listens on. Raises: InvalidArgument."""
    published = []
    for port in spec.portmappings or ():
        count = port.range or 1
        inside = _range(port.container_port, count)
        outside = _range(port.host_port, count) if port.host_port else "0"
        address = port.host_ip or ""
        address = f"[{address}]:" if ":" in address else f"{address}:" if address else ""
        for protocol in (port.protocol or "tcp").split(","):
            published.append(f"{address}{outside}:{inside}/{protocol}")
    exposed = [
        f"{number}/{protocol}" for number, protocols in (spec.expose or {}).items()
        for protocol in (protocols or "tcp").split(",")
    ]  # fmt: skip
    return published, exposed


def _range(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}-{first + count - 1}"
