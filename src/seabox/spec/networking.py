"""The network flags of a request: whose namespace, which networks, which ports, whose name servers."""

from __future__ import annotations

import os

from ..diagnostics import notice
from ..errors import InvalidArgument, Unsupported
from ..network.modes import is_mode, words_of
from .hosts_syntax import check_hostname
from .text import absolute, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model.container import CreateRequest, ImageConfig
    from ..model.network import Attachment, Network, Port
    from .namespaces import FindContainer

    FindNetwork = Callable[[str], Network]  # a name, id or id prefix; "" = the default network

_MOST_DNS_SEARCH = 256  # characters, as in resolv.conf


def parse_network_mode(request: CreateRequest, *, default: str, find_container: FindContainer) -> str:
    """The network mode of a request: "none", "host", "container:ID", "ns:PATH" or "bridge".

    Raises: InvalidArgument, Unsupported, or what `find_container` raises.
    """
    words = words_of(request.network, default)
    for word in words:
        plain("network", word)
    word = words[0]
    if not any(is_mode(word) for word in words):
        if not all(word.partition(":")[0] for word in words):
            raise InvalidArgument("a network needs a name")
        return "bridge"
    if len(words) > 1:
        raise InvalidArgument("cannot set multiple networks without bridge network mode")
    mode, _, rest = word.partition(":")
    if mode == "container" and rest:
        return f"container:{find_container(rest)}"
    if mode == "ns" and rest:
        return f"ns:{absolute('path of a network namespace', rest)}"
    if mode in ("slirp4netns", "pasta"):
        raise Unsupported(f"network mode {mode} is not supported: use bridge, host, none or container:NAME")
    if word in ("none", "host"):
        return word
    if word == "private":
        return "bridge"
    raise InvalidArgument(f'unrecognized network namespace mode "{word}" passed')


def parse_networks(
    request: CreateRequest, mode: str, *, default: str, find_network: FindNetwork | None
) -> tuple[Attachment, ...]:
    """The container's networks. Raises: InvalidArgument, Unsupported, and what `find_network` raises."""
    if mode != "bridge":
        for flag, value in (("--ip", request.ip), ("--ip6", request.ip6), ("--mac-address", request.mac_address)):
            if value:
                raise InvalidArgument(f'{flag} can only be set with a network, not in network mode "{mode}"')
        if request.network_aliases:
            raise InvalidArgument("networks and network aliases can only be used with Bridge mode networking")
        return ()
    if find_network is None:
        raise Unsupported("networks cannot be looked up here")
    from ..network.attach_syntax import parse_attachments

    words = tuple("bridge" if word == "private" else word for word in words_of(request.network, default))
    return parse_attachments(words, request, find_network)


def parse_ports(request: CreateRequest, mode: str, image: ImageConfig | None) -> tuple[Port, ...]:
    """The published ports, each with a host port. Raises: InvalidArgument, PortTaken."""
    if not request.publish and not request.publish_all and not request.expose:
        return ()
    from ..network import ports

    published = [ports.parse_publish(plain("port", text)) for text in request.publish]
    exposed = [ports.parse_expose(plain("port", text)) for text in request.expose]
    if not published and not request.publish_all:
        return ()
    if mode != "bridge":
        word = mode.partition(":")[0]
        notice('Port mappings have been discarded because "%s" network namespace mode does not support them', word)
        return ()
    exposed += [ports.parse_expose(text) for text in (image.exposed if image else ())]
    return ports.settle(published, exposed, publish_all=request.publish_all)


def exposed_ports(request: CreateRequest, image: ImageConfig | None) -> tuple[str, ...]:
    """The ports that the container says it listens on, as NUMBER/PROTOCOL; what an image says amiss does not count.

    Raises: InvalidArgument.
    """
    given = image.exposed if image is not None else ()
    if not given and not request.expose:
        return ()
    from ..network import ports

    found: dict[str, None] = {}
    for text in (*given, *request.expose):
        try:
            port = ports.parse_expose(text)
        except InvalidArgument:
            if text in request.expose:
                raise
            continue
        for number in range(port.container, port.container + port.count):
            found[f"{number}/{port.protocol}"] = None
    return tuple(found)


def parse_dns(request: CreateRequest) -> tuple[str, ...]:
    """Name servers, or ("none",). Raises: InvalidArgument."""
    if "none" in request.dns:
        if len(request.dns) > 1 or request.dns_search or request.dns_options:
            raise InvalidArgument("invalid domain: --dns none cannot be combined with other dns settings")
        return ("none",)
    if not request.dns:
        return ()
    from ..network.ipam import parse_address

    return tuple(str(parse_address(text)) for text in request.dns)


def parse_dns_search(request: CreateRequest) -> tuple[str, ...]:
    """Domains to search, or (".",) for none at all. Raises: InvalidArgument."""
    if "." in request.dns_search and len(request.dns_search) > 1:
        raise InvalidArgument("cannot pass additional search domains when also specifying '.'")
    for domain in request.dns_search:
        if domain != ".":
            for label in domain.removesuffix(".").split("."):
                check_hostname("domain", label)
    if sum(len(domain) + 1 for domain in request.dns_search) > _MOST_DNS_SEARCH:
        raise InvalidArgument(f"the search domains have more than {_MOST_DNS_SEARCH} characters together")
    return request.dns_search


def parse_dns_options(request: CreateRequest) -> tuple[str, ...]:
    """Resolver options. Raises: InvalidArgument."""
    for option in request.dns_options:
        if not plain("dns option", option) or not option.isascii() or any(c.isspace() for c in option):
            raise InvalidArgument(f"invalid dns option {option!a}")
    return request.dns_options


def check_hosts_file(request: CreateRequest) -> str:
    """Whose lines /etc/hosts has too; a file must be there. Raises: InvalidArgument."""
    if request.no_hosts and request.hosts_file not in ("", "none"):
        raise InvalidArgument("--no-hosts and --hosts-file cannot be set together")
    if request.hosts_file in ("", "none", "image"):
        return request.hosts_file
    path = os.path.abspath(plain("hosts file", request.hosts_file))
    if not os.path.isfile(path):
        raise InvalidArgument(f"hosts file: open {path}: no such file or directory")
    return path


def check_host_address(text: str) -> str:
    """An IP address, or "". Raises: InvalidArgument."""
    if not text or text == "none":
        return ""
    from ..network.ipam import parse_address

    return str(parse_address(text))


def check_hosts(request: CreateRequest) -> bool:
    """Whether /etc/hosts is left alone. Raises: InvalidArgument."""
    if request.no_hosts and request.add_hosts:
        raise InvalidArgument("--no-hosts and --add-host cannot be set together")
    return request.no_hosts
