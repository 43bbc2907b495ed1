"""The part of an OCI image configuration that concerns a container."""

from __future__ import annotations

import msgspec

from ..errors import Damaged
from ..model.container import ImageConfig
from ..model.decoding import decode
from ..model.digests import hex_digest
from ..model.health import Healthcheck
from ..model.image import ImageRow


class HealthSettings(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """How containers of an image are looked after. Times in ns; 0 = not said."""

    test: list[str] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class _Settings(msgspec.Struct, frozen=True, rename="pascal"):
    """Any key may be absent or null; keys that are not listed are ignored."""

    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    user: str | None = None
    working_dir: str | None = None
    labels: dict[str, str | None] | None = None
    volumes: dict[str, object] | None = None
    exposed_ports: dict[str, object] | None = None
    stop_signal: str | None = None
    healthcheck: HealthSettings | None = None


class _RootFS(msgspec.Struct, frozen=True):
    diff_ids: list[str] | None = None


class _Created(msgspec.Struct, frozen=True):
    created: str | None = None


class _Image(msgspec.Struct, frozen=True):
    config: _Settings | None = None
    rootfs: _RootFS | None = None


def image_config(row: ImageRow) -> ImageConfig:
    """What a container inherits from the image.

    Raises: Damaged if the stored configuration is not one.
    """
    settings = _decode(row.config, row.id).config or _Settings()
    env: dict[str, str] = {}
    for entry in settings.env or ():
        key, _, value = entry.partition("=")
        env[key] = value
    return ImageConfig(
        id=row.id,
        names=row.names,
        layers=row.layers,
        entrypoint=tuple(settings.entrypoint or ()),
        command=tuple(settings.cmd or ()),
        env=env,
        user=settings.user or "",
        workdir=settings.working_dir or "",
        labels={key: value or "" for key, value in (settings.labels or {}).items()},
        volumes=tuple(sorted(settings.volumes or ())),
        exposed=tuple(sorted(settings.exposed_ports or ())),
        stop_signal=settings.stop_signal or "",
        healthcheck=_healthcheck(settings.healthcheck),
    )


def _healthcheck(said: HealthSettings | None) -> Healthcheck | None:
    """The image's check, where it makes sense; what it does not say has its usual value."""
    if said is None or not said.test or said.test[0] not in ("CMD", "CMD-SHELL") or len(said.test) < 2:
        return None
    usual = Healthcheck(test=tuple(said.test))
    return Healthcheck(
        test=usual.test,
        interval=said.interval if said.interval > 0 else usual.interval,
        timeout=said.timeout if said.timeout > 0 else usual.timeout,
        start_period=max(said.start_period, 0),
        start_interval=max(said.start_interval, 0),
        retries=said.retries if said.retries > 0 else usual.retries,
    )


def diff_ids(row: ImageRow) -> tuple[str, ...]:
    """The digests of the image's uncompressed layers, lowest first, without "sha256:".

    Raises: Damaged as `image_config`.
    """
    return diff_ids_of(row.config, row.id)


def diff_ids_of(config: bytes, id: str) -> tuple[str, ...]:
    """As `diff_ids`, of the raw configuration of image `id`."""
    rootfs = _decode(config, id).rootfs or _RootFS()
    return tuple(hex_digest(digest) for digest in rootfs.diff_ids or ())


def created_at(config: bytes) -> int:
    """When the image was made according to its raw configuration, ns; 0 if it does not say."""
    import datetime

    try:
        text = decode(config, _Created).created or ""
        when, _, rest = text.partition(".")
        zone = rest.lstrip("0123456789") if rest else ""
        fraction = rest[: len(rest) - len(zone)][:9].ljust(9, "0") if rest else "0"
        moment = datetime.datetime.fromisoformat(when + zone)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0, int(moment.timestamp()) * 10**9 + int(fraction))
    except (msgspec.DecodeError, ValueError, OverflowError):
        return 0


def _decode(config: bytes, id: str) -> _Image:
    try:
        return decode(config, _Image)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:  # ValidationError is one
        raise Damaged(f"the configuration of image {id} cannot be read: {problem}") from None
