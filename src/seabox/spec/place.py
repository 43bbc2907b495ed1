"""Where a container is being put together."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The paths that a specification speaks of, all on the host and absolute."""

    rootfs: str  # the container's root, mounted
    bundle: str  # the directory of config.json; the generated files of /etc are beside it
    overlays: str = ""  # a directory for what is written to mounts with the option O
    namespaces: dict[str, str] = {}  # the file of each namespace to be joined, by kind ("network", "pid", "ipc"...)
    network_bundle: str = ""  # bundle of the container whose network is shared: its hosts and resolv.conf count
    shm: str = ""  # a directory that becomes /dev/shm; "" = the runtime makes a tmpfs
    catatonit: str = ""
    addresses: tuple[str, ...] = ()  # the container's own, none in networks "none" and "host"
    gateway: str = ""  # the host, as seen from the container's network
    nameservers: tuple[str, ...] = ()  # of the container's networks
    search: tuple[str, ...] = ()  # domains of the container's networks
    programs: str = ""  # where compiled seccomp filters are kept, for a runtime that takes them; "" = it does not
    host_etc: str = "/etc"  # where the host keeps its hosts and resolv.conf
