"""Manifests: which blobs an image is made of. Their raw bytes are what counts; this only reads them."""

from __future__ import annotations

import os

import msgspec

from ..errors import Damaged, Unsupported
from ..model.decoding import decode
from ..model.digests import digest_of, hex_digest, sha256_of
from .pieces import compression

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm", "armv6l": "arm"}


class Platform(msgspec.Struct, frozen=True):
    """What an image runs on, in Go's words."""

    os: str = "linux"
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A blob that something refers to."""

    media_type: str = ""
    digest: str = ""
    size: int = 0
    platform: Platform | None = None
    annotations: dict[str, str] | None = None

    @property
    def sha256(self) -> str:
        """The digest without its algorithm. Raises: Damaged if it is another one, or no digest."""
        return hex_digest(self.digest)


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest, or an index of several."""

    schema_version: int = 0
    media_type: str = ""
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[Descriptor] | None = None

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.manifests is not None

    def kind(self) -> str:
        """The media type, also where the document leaves it out."""
        if self.media_type:
            return self.media_type
        return OCI_INDEX if self.is_index else OCI_MANIFEST


def read_manifest(raw: bytes) -> Manifest:
    """The document. Raises: Damaged."""
    try:
        return decode(raw, Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Damaged(f"a manifest cannot be read: {problem}") from None


def blobs_of(raw: bytes) -> list[str]:
    """The sha256 of every blob that the manifest names, its own first. Raises: Damaged."""
    if not raw:
        return []
    found = read_manifest(raw)
    named = [*([found.config] if found.config else []), *(found.layers or [])]
    return [sha256_of(raw), *(each.sha256 for each in named)]


def new_manifest(config: bytes, layers: list[Descriptor], *, docker: bool = False) -> bytes:
    """An OCI manifest of an image with this configuration; `docker`: one of docker's kind."""
    if docker:
        layers = [
            msgspec.structs.replace(each, media_type=DOCKER_LAYER + (".gzip" if "gzip" in each.media_type else ""))
            for each in layers
        ]
    kind = DOCKER_CONFIG if docker else OCI_CONFIG
    return msgspec.json.encode({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": {"mediaType": kind, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": each.media_type, "digest": each.digest, "size": each.size} for each in layers],
    })  # fmt: skip


def as_oci(raw: bytes, config: bytes) -> bytes:
    """The manifest itself if it is an OCI one, else one that says the same of the same blobs."""
    found = read_manifest(raw)
    if found.kind() == OCI_MANIFEST and found.config and found.config.media_type == OCI_CONFIG:
        return raw
    layers = [
        msgspec.structs.replace(each, media_type=layer_type(b"\x1f\x8b" if "gzip" in each.media_type else b""))
        for each in found.layers or []
    ]
    return new_manifest(config, layers)


def layer_type(start: bytes) -> str:
    """The media type of a layer whose archive begins so."""
    kind = compression(start)
    return f"{OCI_LAYER}+{kind}" if kind in ("gzip", "zstd") else OCI_LAYER


def this_platform() -> Platform:
    """What images must be made for to run here."""
    machine = os.uname().machine
    return Platform("linux", _MACHINES.get(machine, machine), {"armv7l": "v7", "armv6l": "v6"}.get(machine, ""))


def platform(text: str = "", *, arch: str = "", os: str = "", variant: str = "") -> Platform:
    """The platform that "OS[/ARCH[/VARIANT]]" or single words ask for; what they leave out is as here."""
    here = this_platform()
    words = [*text.split("/"), "", "", ""]
    asked = Platform(os or words[0] or here.os, arch or words[1] or here.architecture, variant or words[2])
    return here if asked.os == here.os and asked.architecture == here.architecture and not asked.variant else asked


class NoSuchPlatform(Unsupported):
    """The list of images has none for this platform: ask for another."""

    http_status = 404

    def __init__(self, wanted: Platform) -> None:
        super().__init__(f"no image found in manifest list for platform {wanted}")


def choose(index: Manifest, wanted: Platform) -> Descriptor:
    """The manifest of an index that is for this platform. Raises: Unsupported if there is none."""
    fitting = [
        each
        for each in index.manifests or []
        if each.platform is None
        or (each.platform.os == wanted.os and each.platform.architecture == wanted.architecture)
    ]
    exact = [each for each in fitting if each.platform and (each.platform.variant or "") == wanted.variant]
    if not fitting:
        raise NoSuchPlatform(wanted)
    return (exact or fitting)[0]
