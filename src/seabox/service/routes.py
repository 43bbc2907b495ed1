"""Every route of the service."""

from __future__ import annotations

from . import (
    openapi,
)
from .compat import (
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
    stats,
    swarm,
    volumes,
)
from .libpod import archives as podmans_archives
from .libpod import attach as podmans_attach
from .libpod import build as podmans_build
from .libpod import commit as podmans_commit
from .libpod import containers as podmans_containers
from .libpod import events as podmans_events
from .libpod import exec as podmans_exec
from .libpod import files as podmans_files
from .libpod import image_removal as podmans_image_removal
from .libpod import images as podmans_images
from .libpod import lifecycle as podmans_lifecycle
from .libpod import logs as podmans_logs
from .libpod import manifests as podmans_manifests
from .libpod import networks as podmans_networks
from .libpod import pods as podmans_pods
from .libpod import pull as podmans_pull
from .libpod import push as podmans_push
from .libpod import registries as podmans_registries
from .libpod import sleep as podmans_sleep
from .libpod import stats as podmans_stats
from .libpod import system as podmans_system
from .libpod import update as podmans_update
from .libpod import volumes as podmans_volumes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .routing import Route

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
    *openapi.ROUTES,
    *ping.ROUTES,
    *podmans_archives.ROUTES,
    *podmans_attach.ROUTES,
    *podmans_build.ROUTES,
    *podmans_commit.ROUTES,
    *podmans_containers.ROUTES,
    *podmans_events.ROUTES,
    *podmans_exec.ROUTES,
    *podmans_files.ROUTES,
    *podmans_image_removal.ROUTES,
    *podmans_images.ROUTES,
    *podmans_lifecycle.ROUTES,
    *podmans_logs.ROUTES,
    *podmans_manifests.ROUTES,
    *podmans_networks.ROUTES,
    *podmans_pods.ROUTES,
    *podmans_pull.ROUTES,
    *podmans_push.ROUTES,
    *podmans_registries.ROUTES,
    *podmans_sleep.ROUTES,
    *podmans_stats.ROUTES,
    *podmans_system.ROUTES,
    *podmans_update.ROUTES,
    *podmans_volumes.ROUTES,
    *pull.ROUTES,
    *push.ROUTES,
    *registries.ROUTES,
    *stats.ROUTES,
    *swarm.ROUTES,
    *volumes.ROUTES,
)  # fmt: skip
