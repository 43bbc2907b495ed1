"""Making images of containers, for both APIs."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Any

import msgspec

from ..errors import Conflict, InvalidArgument, NoSuchContainer
from ..images.config import HealthSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..engine import Engine
    from ..images.skopeo import Progress


class Given(msgspec.Struct, rename="pascal", omit_defaults=True):
    """What an image's configuration is to say, where the container says something else."""

    user: str | None = None
    exposed_ports: dict[str, dict[str, Any]] | None = None
    env: list[str] | None = None
    cmd: list[str] | str | None = None
    healthcheck: HealthSettings | None = None
    volumes: dict[str, dict[str, Any]] | None = None
    working_dir: str | None = None
    entrypoint: list[str] | str | None = None
    on_build: list[str] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    shell: list[str] | None = None

    def settings(self) -> dict[str, Any]:
        """What was said of it, under the keys that images have."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        for key in ("Cmd", "Entrypoint"):
            if isinstance(found.get(key), str):
                found[key] = [found[key]]
        return found


def commit(
    on: Engine, container: str, name: str, given: Given, *, pause: bool, changes: list[str], message: str, author: str,
    squash: bool = False, docker: bool = False, progress: Progress | None = None,
) -> str:  # fmt: skip
    """The container is an image; its id. It does not run meanwhile if it is to `pause`. Raises: as Images.commit."""
    if not container:
        raise InvalidArgument("say which container is to be committed")
    ctr = on.containers.get(container)
    lines = [line for change in changes for line in change.splitlines() if line.strip()]
    with ExitStack() as undo:
        if pause and ctr.status == "running":
            with suppress(Conflict):  # it has ended
                ctr.pause()
                undo.callback(_go_on, on, ctr.id)
        return on.images.commit(
            ctr.id, name, changes=lines, message=message, author=author, squash=squash, docker=docker,
            progress=progress, given=given.settings(),
        )  # fmt: skip


def _go_on(on: Engine, id: str) -> None:
    """It runs again, unless somebody else saw to it, or removed it."""
    with suppress(Conflict, NoSuchContainer):
        on.containers.get(id).unpause()
