"""What processes from a checkpoint find mounted from outside, beyond what the runtime tells criu about.

podman shows a tmpfs of its own as /dev/shm, and beside cgroup version 1 gives a container no cgroup namespace, but
binds its cgroups into it. criu wants to find both as they were; started anew, a container has what its configuration
says. Of such cgroups a runtime would bind its own, which may be the host's: here they are the container's.
"""

from __future__ import annotations

import json
import os
from typing import Any

import msgspec

from ..checkpoint.intake import SHM
from ..checkpoint.podman import Spec
from ..kernel import cgroups, files, mounts
from ..model import decoding
from . import dumping, infra
from .extract import Destination, extract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .guard import Locked

_LARGEST = 16 << 20
_SHM, _CGROUPS = "/dev/shm", "/sys/fs/cgroup"
_OWN_IPC = ("private", "shareable")


def lend(ctr: Locked, place: str) -> dict[str, str]:
    """The bundle, which is written, suits the checkpoint in the directory `place`.

    The sources of what criu is to mount from outside, by destination. What was made for it is given back with the
    container's other resources. Raises: BadArchive, OSError.
    """
    path = f"{ctr.run_dir}/config.json"
    if not os.path.exists(path):
        return {}  # a double's bundle
    with open(path, "rb") as file:
        bundle = json.load(file)
    # criu follows no link to what it mounts
    binds = {each["destination"]: each["source"] for each in bundle["mounts"] if each["type"] == "bind"}
    lent = {place: real for place, source in binds.items() if (real := os.path.realpath(source)) != source}
    try:
        had = decoding.decode(files.read_in_root(place, dumping.SPEC, _LARGEST), Spec)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return lent
    if cgroups.mode() != "v2" and ctr.facts.cgroup:
        lent |= _cgroups(ctr, had, bundle)
    if _lacks_shm(had, bundle) and ctr.config.namespaces.ipc in _OWN_IPC:
        lent[_SHM] = shm = f"{ctr.run_dir}/{infra.SHM}"
        files.make_dirs(shm, 0o700)
        mounts.mount_tmpfs(shm, size=ctr.config.shm_size, mode=0o1777)
        _fill(shm, f"{place}/{SHM}")
    return lent


def _cgroups(ctr: Locked, had: Spec, bundle: Any) -> dict[str, str]:
    """Its own cgroups, if the container had no cgroup namespace; then it is to have none now."""
    if any(each.type == "cgroup" for each in had.linux.namespaces or ()):
        return {}
    linux = bundle["linux"]
    kept = [each for each in linux["namespaces"] if each["type"] != "cgroup"]
    if len(kept) < len(linux["namespaces"]):
        linux["namespaces"] = kept
        files.write_file(f"{ctr.run_dir}/config.json", json.dumps(bundle).encode(), 0o600)
    return {f"{_CGROUPS}/{os.path.basename(top)}": f"{top}{ctr.facts.cgroup}" for top in cgroups.hierarchies()}


def _lacks_shm(had: Spec, bundle: Any) -> bool:
    """Whether /dev/shm came from outside, and does not any more."""
    bound = any(mount.destination == _SHM and mount.type == "bind" for mount in had.mounts or ())
    return bound and any(mount["destination"] == _SHM and mount["type"] == "tmpfs" for mount in bundle["mounts"])


def _fill(folder: str, archive: str) -> None:
    """The directory holds what the archive does, if there is one."""
    if not os.path.exists(archive):
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with open(archive, "rb") as file:
            extract(iter(lambda: file.read(1 << 20), b""), Destination(fd, confined=True), overwrite=True)
    finally:
        os.close(fd)
