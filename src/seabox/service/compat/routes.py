"""Every route of Docker's API."""

from __future__ import annotations

from . import (
    archives,
    attach,
    build,
    commit,
    containers,
    create,
    disk_usage,
    events,
    exec,
    files,
    image_removal,
    images,
    info,
    inspect,
    lifecycle,
    logs,
    networks,
    ping,
    pull,
    push,
    registries,
    secrets,
    stats,
    swarm,
    volumes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..routing import Route

ROUTES: tuple[Route, ...] = (
    *archives.ROUTES,
    *attach.ROUTES,
    *build.ROUTES,
    *commit.ROUTES,
    *containers.ROUTES,
    *create.ROUTES,
    *disk_usage.ROUTES,
    *events.ROUTES,
    *exec.ROUTES,
    *files.ROUTES,
    *image_removal.ROUTES,
    *images.ROUTES,
    *info.ROUTES,
    *inspect.ROUTES,
    *lifecycle.ROUTES,
    *logs.ROUTES,
    *networks.ROUTES,
    *ping.ROUTES,
    *pull.ROUTES,
    *push.ROUTES,
    *registries.ROUTES,
    *secrets.ROUTES,
    *stats.ROUTES,
    *swarm.ROUTES,
    *volumes.ROUTES,
)  # fmt: skip
