"""From a container's configuration to the config.json that a runtime executes."""

from __future__ import annotations

import os
import stat

from msgspec.structs import replace

from ..kernel.entries import Description, new_link
from ..kernel.files import chmod, chown, make_dir, make_dirs, open_in_root, remove_tree, write_file
from ..kernel.ownership import chown_tree
from ..model import oci
from . import capabilities, seccomp
from .devices import device_nodes
from .etcfiles import write_etc_files
from .masking import masked_paths, readonly_paths
from .mounts import check_root, mount_list, root_propagation, to_chown, to_overlay
from .namespaces import namespace_list
from .process import first_process
from .resources import cgroup_resources
from .sysctls import effective
from .users import look_up
from .workdir import check_workdir, make_workdir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig
    from .facts import HostFacts
    from .place import Place


def generate(config: ContainerConfig, place: Place, facts: HostFacts) -> oci.Spec:
    """The specification of a container; nothing is changed. Reads passwd and group in the root, and host devices.

    Raises: Refused (126) for what only shows in the root: unknown users, no working directory, links for /dev...;
        Unsupported for what this host cannot do.
    """
    check_root(place.rootfs)
    identity = look_up(place.rootfs, config.user, config.groups, config.host_users)
    check_workdir(config, place)
    security = config.security
    bounding = capabilities.held(security, facts)
    mounts = mount_list(config, place, identity, facts)
    nodes, rules = device_nodes(
        config.devices, security.privileged, config.device_rules, consoles=not config.systemd
    )
    return oci.Spec(
        oci_version=oci.VERSION,
        process=first_process(config, identity, bounding, facts),
        root=oci.Root(path=place.rootfs, readonly=security.read_only),
        hostname=config.hostname if config.namespaces.uts == "private" else "",
        mounts=mounts,
        annotations=config.annotations | {"org.criu.config": f"{place.bundle}/criu.conf"},
        linux=oci.Linux(
            namespaces=namespace_list(config.namespaces, place.namespaces),
            devices=nodes,
            cgroups_path=config.cgroup,
            resources=cgroup_resources(config.resources, rules, facts) if config.cgroup else None,
            rootfs_propagation=root_propagation(mounts),
            seccomp=seccomp.filter_for(security, bounding, facts),
            sysctl=effective(config.sysctls, config.namespaces, facts),
            personality=oci.Personality(domain=config.personality) if config.personality else None,
            masked_paths=masked_paths(security, facts, systemd=config.systemd),
            readonly_paths=readonly_paths(security),
        ),
    )


def _make_mtab(config: ContainerConfig, place: Place) -> None:
    """An image without /etc/mtab has one that leads to the kernel's list."""
    if config.rootfs:
        return
    try:
        folder = open_in_root(place.rootfs, "/etc", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        new_link(folder, "mtab", "/proc/mounts", Description(0o777, None, None, None, {}))
    except OSError:  # it has one, as a rule
        return
    finally:
        os.close(folder)


def write_bundle(config: ContainerConfig, place: Place, facts: HostFacts) -> None:
    """The bundle is complete: config.json, the files it mounts, and the working directory that the image names.

    Raises: as `generate` and `write_etc_files`.
    """
    check_root(place.rootfs)
    identity = look_up(place.rootfs, config.user, config.groups, config.host_users)
    make_workdir(config, place, identity)
    spec = generate(config, place, facts)
    write_etc_files(config, place, identity)
    _make_mtab(config, place)
    for folder, like in to_overlay(config, place):
        remove_tree(folder)
        make_dirs(f"{folder}/work")
        found = os.stat(like)
        make_dir(f"{folder}/upper", stat.S_IMODE(found.st_mode))
        chown(f"{folder}/upper", found.st_uid, found.st_gid)
        chmod(f"{folder}/upper", stat.S_IMODE(found.st_mode))
    for source, uid, gid in to_chown(config, identity):
        chown_tree(source, uid, gid)
    write_file(f"{place.bundle}/config.json", oci.encode(_with_program(spec, config, place)), 0o600)


def _with_program(spec: oci.Spec, config: ContainerConfig, place: Place) -> oci.Spec:
    """With the default filter compiled as well, where the runtime takes it so."""
    filter = spec.linux.seccomp
    if filter is None or not place.programs or config.security.seccomp not in seccomp.OURS:
        return spec
    from .seccomp_program import ANNOTATION, program_of

    if ANNOTATION in spec.annotations or not (program := program_of(filter, place.programs)):
        return spec
    return replace(spec, annotations={**spec.annotations, ANNOTATION: program})
