"""Signatures of images beside their registry: files that registries.d says where to find."""

from __future__ import annotations

import os

from ..errors import InvalidArgument
from ..kernel.files import make_dirs, write_atomic, write_file
from ..model.digests import digest_of
from .skopeo import Access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .reference import Reference
    from .skopeo import Skopeo


def sign(skopeo: Skopeo, name: Reference, identity: str, folder: str, access: Access | None, workspace: str) -> str:
    """See Accounts.sign."""
    if not name.registry:
        raise InvalidArgument(f"{name}: only what is in a registry can be signed: REGISTRY/NAME[:TAG]")
    raw = skopeo.manifest(str(name), access or Access(), workspace)
    write_file(f"{workspace}/manifest", raw)
    skopeo.sign(f"{workspace}/manifest", str(name), identity, f"{workspace}/signature")
    place = f"{folder}/{name.repository}@{digest_of(raw).replace(':', '=')}"
    make_dirs(place, 0o755)
    number = 1
    while os.path.exists(path := f"{place}/signature-{number}"):
        number += 1
    with open(f"{workspace}/signature", "rb") as file:
        write_atomic(path, file.read(), 0o644)
    return path
