"""The process a container runs: what, as whom, with which environment and powers."""

from __future__ import annotations

from ..errors import Refused
from ..model import oci
from . import capabilities
from .resources import oom_score_adj, rlimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig, Security
    from .facts import HostFacts
    from .users import Identity

INIT = "/run/podman-init"  # where programs in containers have come to expect it


def first_process(
    config: ContainerConfig, identity: Identity, bounding: frozenset[str], facts: HostFacts
) -> oci.Process:
    """The container's first process.

    Raises: Refused for an AppArmor profile on a host without AppArmor.
    """
    return oci.Process(
        args=(INIT, "--", *config.argv) if config.init else config.argv,
        cwd=config.workdir,
        env=environment(config, identity),
        terminal=config.tty,
        user=oci.User(uid=identity.uid, gid=identity.gid, umask=config.umask, additional_gids=identity.groups),
        capabilities=capabilities.sets(config.security, bounding, identity.uid),
        rlimits=rlimits(config.ulimits, facts),
        no_new_privileges=config.security.no_new_privileges,
        apparmor_profile=_apparmor(config.security, facts),
        oom_score_adj=oom_score_adj(config, facts),
    )


def environment(config: ContainerConfig, identity: Identity) -> tuple[str, ...]:
    """The container's variables as NAME=VALUE, HOSTNAME and HOME among them even if nobody set them."""
    env = {"HOSTNAME": config.hostname, "HOME": identity.home} | config.env
    return tuple(f"{name}={value}" for name, value in env.items())


def _apparmor(security: Security, facts: HostFacts) -> str:
    profile = security.apparmor
    if profile in ("", "unconfined") and not facts.apparmor:
        return ""
    if not facts.apparmor:
        raise Refused(f'AppArmor profile "{profile}" specified, but AppArmor is not enabled on the system')
    return profile
