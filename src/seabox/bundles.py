"""Bundles: what a runtime is told about a container, put together by the spec room in the run directory."""

from __future__ import annotations

import os

from .config import find_program
from .kernel import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .config import EngineConfig
    from .model.container import ContainerConfig, ExecRequest
    from .model.network import Connection, Endpoint
    from .model.record import ProcessId


class SpecBundles:
    """Bundles made by the spec room."""

    __slots__ = ("_config",)

    def __init__(self, config: EngineConfig) -> None:
        self._config = config

    def write(
        self, config: ContainerConfig, rootfs: str, namespaces: Mapping[str, str], endpoint: Endpoint | None = None
    ) -> None:
        """config.json and what it mounts are in the run directory. Raises: Refused, Damaged."""
        from .spec.facts import host_facts
        from .spec.generate import write_bundle
        from .spec.place import Place

        binds = any(mount.type == "bind" for mount in config.mounts)
        if config.secrets:
            from .container.secret_files import provided

            config = provided(config, self._config.static_dir(config.id))
        if config.sdnotify == "container" and self._config.notify_socket:
            config = _notifying(config, self._config.run_dir(config.id))
        if endpoint is not None and (endpoint.hosts or endpoint.env):
            config = _linked(config, endpoint)
        network = config.namespaces.network
        shares = network.partition(":")[2] if network.startswith("container:") else ""
        place = Place(
            rootfs=rootfs,
            bundle=self._config.run_dir(config.id),
            overlays=f"{self._config.static_dir(config.id)}/overlays",
            namespaces=dict(namespaces),
            network_bundle=self._config.run_dir(shares) if shares else "",
            shm=self._shm(config),
            catatonit=find_program("catatonit", self._config.catatonit),
            addresses=endpoint.addresses if endpoint else (),
            gateway=endpoint.gateway if endpoint else "",
            nameservers=endpoint.nameservers if endpoint else (),
            search=endpoint.search if endpoint else (),
            programs=f"{self._config.runroot}/seccomp" if os.path.basename(config.runtime) == "crun" else "",
        )
        write_bundle(config, place, host_facts())
        hooks = config.hooks_dirs or self._config.hooks_dir
        if any(os.path.isdir(folder) for folder in hooks):
            from .oci.hooks import apply

            apply(hooks, place.bundle, config.argv, config.annotations, binds)

    def write_network_files(self, config: ContainerConfig, endpoint: Endpoint) -> None:
        """Hosts and name servers in the run directory are those of the endpoint. Raises: Refused."""
        from .spec.etcfiles import write_network_files
        from .spec.place import Place

        place = Place(
            rootfs="", bundle=self._config.run_dir(config.id), addresses=endpoint.addresses, gateway=endpoint.gateway,
            nameservers=endpoint.nameservers, search=endpoint.search,
        )  # fmt: skip
        write_network_files(_linked(config, endpoint) if endpoint.hosts else config, place)

    def write_resolv_conf(self, config: ContainerConfig, connections: Sequence[Connection]) -> None:
        """The container asks the name servers of the networks that it is in."""
        from .spec.etcfiles import write_resolv_conf
        from .spec.place import Place

        place = Place(
            rootfs="", bundle=self._config.run_dir(config.id),
            nameservers=tuple(dict.fromkeys(server for one in connections for server in one.nameservers)),
            search=tuple(dict.fromkeys(domain for one in connections for domain in one.search)),
        )  # fmt: skip
        write_resolv_conf(config, place)

    def _shm(self, config: ContainerConfig) -> str:
        """The directory that the container shares as its /dev/shm with others, "" if it has one of its own."""
        ipc = config.namespaces.ipc
        others = [ipc.partition(":")[2]] if ipc.startswith("container:") else []
        places = [f"{self._config.run_dir(id)}/shm" for id in (config.id, *others)]
        return next((place for place in places if os.path.isdir(place)), "")

    def write_process(self, config: ContainerConfig, request: ExecRequest, init: ProcessId, path: str) -> None:
        """The file that the runtime reads to execute `request` beside `init`. Raises: Refused, Damaged, OSError."""
        from .spec.exec_process import write_process
        from .spec.facts import host_facts

        if config.secrets:
            from .container.secret_files import with_variables

            config = with_variables(config, self._config.static_dir(config.id))
        write_process(config, request, init, path, host_facts())


def _linked(config: ContainerConfig, endpoint: Endpoint) -> ContainerConfig:
    """The configuration of a container that is told of others; what it says itself goes before that."""
    import msgspec

    return msgspec.structs.replace(
        config, add_hosts=(*config.add_hosts, *endpoint.hosts), env=endpoint.env | config.env
    )  # fmt: skip


def _notifying(config: ContainerConfig, bundle: str) -> ContainerConfig:
    """The configuration of a container that can tell a service manager how it is: through its conmon."""
    import msgspec

    from .model.container import Mount

    files.make_dir(f"{bundle}/notify")
    place = Mount(type="bind", source=f"{bundle}/notify", destination="/run/notify", options=("rbind", "rprivate"))
    env = config.env | {"NOTIFY_SOCKET": "/run/notify/notify.sock"}
    return msgspec.structs.replace(config, mounts=(*config.mounts, place), env=env)
