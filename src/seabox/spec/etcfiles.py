"""Files that every container gets from the engine, made in the bundle and bind-mounted over the image's."""

from __future__ import annotations

from itertools import chain

from ..errors import Refused
from ..kernel.files import read_in_root, write_file
from ..model import oci
from .hosts_syntax import GATEWAY
from .passwd_lines import missing
from .timezone import zone_file
from .users import read_passwd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import ContainerConfig
    from .place import Place
    from .users import Identity

_LOCALHOST = (
    "127.0.0.1\tlocalhost localhost.localdomain localhost4 localhost4.localdomain4\n"
    "::1\tlocalhost localhost.localdomain localhost6 localhost6.localdomain6\n"
)
_SHARED = ("hosts", "resolv.conf")  # with the container whose network is joined


def write_etc_files(config: ContainerConfig, place: Place, identity: Identity) -> None:
    """The sources of `etc_mounts` are in the bundle, owned by us (root), mode 0644.

    Raises: Refused for an --add-host that needs a gateway where there is none; OSError.
    """
    files = {"hostname": f"{config.hostname}\n".encode(), ".containerenv": _containerenv(config).encode()}
    if not place.network_bundle:
        write_network_files(config, place)
    if (passwd := _passwd(config, place, identity)) is not None:
        files["passwd"] = passwd
    if (zone := zone_file(config.timezone, place.host_etc)) is not None:
        files["localtime"] = zone
    for name, data in files.items():
        write_file(f"{place.bundle}/{name}", data, 0o644)


def write_network_files(config: ContainerConfig, place: Place) -> None:
    """Those of the files that tell of the network are in the bundle: in place, for they may be mounted already.

    Raises: as write_etc_files.
    """
    write_file(f"{place.bundle}/hosts", _hosts(config, place).encode("utf-8", "surrogateescape"), 0o644)
    write_resolv_conf(config, place)


def write_resolv_conf(config: ContainerConfig, place: Place) -> None:
    """The one in the bundle names the servers of the place, in place as well."""
    write_file(f"{place.bundle}/resolv.conf", _resolv_conf(config, place), 0o644)


def etc_mounts(config: ContainerConfig, place: Place, identity: Identity) -> Iterable[oci.Mount]:
    """The mounts of these files; read-only if the root is."""
    options = ("bind", "rprivate", "ro") if config.security.read_only else ("bind", "rprivate")
    names = ["hosts", "hostname", "resolv.conf"]
    if config.no_hosts:
        names.remove("hosts")
    if config.no_hostname:
        names.remove("hostname")
    if config.dns == ("none",):
        names.remove("resolv.conf")
    if _passwd(config, place, identity) is not None:
        names.append("passwd")
    if zone_file(config.timezone, place.host_etc) is not None:
        names.append("localtime")
    for top in ("", *config.chroot_dirs):
        for name in names:
            folder = place.network_bundle if name in _SHARED and place.network_bundle else place.bundle
            yield oci.Mount(destination=f"{top}/etc/{name}", type="bind", source=f"{folder}/{name}", options=options)
    yield oci.Mount(
        destination="/run/.containerenv", type="bind", source=f"{place.bundle}/.containerenv", options=options
    )


def _passwd(config: ContainerConfig, place: Place, identity: Identity) -> bytes | None:
    """The image's passwd with a line for each user that it does not list; None if it lists all."""
    if not config.host_users and (identity.listed or identity.uid == 0):
        return None
    found = read_passwd(place.rootfs)
    if found is None and not config.host_users:
        return None
    added = missing(config, identity, found or b"")
    return (found or b"") + added if added else None


def _hosts(config: ContainerConfig, place: Place) -> str:
    lines = []
    on_host = config.namespaces.network == "host"
    base = _base_hosts(config, place)
    gateway = config.host_address or place.gateway or ("127.0.0.1" if on_host else "")
    for text in config.add_hosts:
        names, _, address = text.partition(":")
        if address == GATEWAY:
            if not gateway:
                why = "host containers internal IP address is empty"
                raise Refused(f'unable to replace "{GATEWAY}" of host entry "{text}": {why}')
            address = gateway
        address = address.removeprefix("[").removesuffix("]")
        lines.append(f"{address}\t{' '.join(names.split(';'))}\n")
    lines += base
    lines.append(_host_file(place, "hosts") if on_host and not base else _LOCALHOST)
    if gateway:
        lines.append(f"{gateway}\thost.containers.internal host.docker.internal\n")
    own = " ".join(dict.fromkeys((config.hostname, config.name)))
    if own.split() and set(own.split()).isdisjoint(word for line in base for word in line.split()[1:]):
        ours = place.addresses or (("127.0.1.1",) if on_host else ("127.0.0.1",))
        lines += [f"{address}\t{own}\n" for address in ours]
    return "".join(lines)


def _base_hosts(config: ContainerConfig, place: Place) -> list[str]:
    """The lines of the file that is to be the beginning, without remarks and what says where localhost is."""
    try:
        if config.hosts_file == "image":
            text = read_in_root(place.rootfs, "/etc/hosts", 1 << 20).decode("utf-8", "surrogateescape")
        elif config.hosts_file in ("", "none"):
            return []
        else:
            with open(config.hosts_file, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(1 << 20)
    except OSError:
        return []
    words = [line.partition("#")[0].split() for line in text.splitlines()]
    return [f"{line[0]}\t{' '.join(line[1:])}\n" for line in words if len(line) > 1 and "localhost" not in line]


def _resolv_conf(config: ContainerConfig, place: Place) -> bytes:
    """The host's, without the name servers that only the host itself can reach.

    Servers, domains and options that were asked for take the place of the host's; those of the container's networks
    come next.
    """
    lines = _host_file(place, "resolv.conf").splitlines(keepends=True)
    if config.namespaces.network != "host":
        lines = [line for line in lines if not _is_loopback(line)]
    found: list[str] = []
    if search := config.dns_search or place.search:
        given = [] if config.dns_search else [line.split()[1:] for line in lines if _is(line, "search")]
        lines = [line for line in lines if not _is(line, "search", "domain")]
        if search != (".",):
            found.append(f"search {' '.join(dict.fromkeys((*search, *chain(*given))))}\n")
    if servers := config.dns or place.nameservers:
        lines = [line for line in lines if not _is(line, "nameserver")]
        found += [f"nameserver {server}\n" for server in servers]
    if config.dns_options:
        lines = [line for line in lines if not _is(line, "options")]
        found.append(f"options {' '.join(config.dns_options)}\n")
    return "".join([*found, *lines]).encode("utf-8", "surrogateescape")


def _is(line: str, *keys: str) -> bool:
    return bool(line.split()) and line.split()[0] in keys


def _is_loopback(line: str) -> bool:
    words = line.split()
    return len(words) > 1 and words[0] == "nameserver" and (words[1].startswith("127.") or words[1] == "::1")


def _host_file(place: Place, name: str) -> str:
    """One of the host's files, with a newline at its end; "" if it has none."""
    try:
        with open(f"{place.host_etc}/{name}", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(1 << 20)
    except OSError:
        return ""
    return text if not text or text.endswith("\n") else text + "\n"


def _containerenv(config: ContainerConfig) -> str:
    if not config.security.privileged:
        return ""
    from .. import __version__

    facts = {
        "engine": f"seabox-{__version__}", "name": config.name, "id": config.id, "image": config.image,
        "imageid": config.image_id,
    }  # fmt: skip
    lines = [f'{key}="{value.replace(chr(92), "").replace(chr(34), "")}"\n' for key, value in facts.items()]
    return "".join(lines) + "rootless=0\n"
