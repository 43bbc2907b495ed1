"""Every route of podman's own API."""

from __future__ import annotations

from . import (
    archives,
    attach,
    build,
    commit,
    containers,
    events,
    exec,
    files,
    image_removal,
    images,
    lifecycle,
    logs,
    manifests,
    networks,
    pods,
    pull,
    push,
    registries,
    secrets,
    sleep,
    stats,
    system,
    update,
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
    *events.ROUTES,
    *exec.ROUTES,
    *files.ROUTES,
    *image_removal.ROUTES,
    *images.ROUTES,
    *lifecycle.ROUTES,
    *logs.ROUTES,
    *manifests.ROUTES,
    *networks.ROUTES,
    *pods.ROUTES,
    *pull.ROUTES,
    *push.ROUTES,
    *registries.ROUTES,
    *secrets.ROUTES,
    *sleep.ROUTES,
    *stats.ROUTES,
    *system.ROUTES,
    *update.ROUTES,
    *volumes.ROUTES,
)  # fmt: skip
