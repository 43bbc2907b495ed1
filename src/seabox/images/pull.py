"""Getting images from registries, and giving them there. Only what is not here yet is transferred."""

from __future__ import annotations

import os

from ..errors import Damaged, InvalidArgument, NoSuchImage
from ..kernel.files import symlink, write_file
from ..model.digests import digest_of
from . import manifest as manifests
from .reference import parse
from .skopeo import Access, NotInRegistry, Skopeo, TransferFailed, layout_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.image import ImageRow
    from .catalog import Catalog
    from .manifest import Platform
    from .reference import Reference
    from .registries import Registries
    from .skopeo import Progress

POLICIES = ("always", "missing", "never", "newer")


class Puller:
    """Pulls of one kind: how the registry is reached, for which platform, who hears of progress."""

    def __init__(
        self, catalog: Catalog, skopeo: Skopeo, registries: Registries, *, access: Access, platform: Platform,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.catalog, self.skopeo, self.registries = catalog, skopeo, registries
        self.access, self.platform, self.progress = access, platform, progress

    def pull(self, name: str, present: ImageRow | None, policy: str) -> str:
        """The image is here as `policy` wants it, `present` being what we have under the name; its id. Blocks.

        Raises: NoSuchImage (policy never), InvalidArgument, TransferFailed, Damaged, Unsupported, OSError.
        """
        if policy not in POLICIES:
            raise InvalidArgument(f'unsupported pull policy "{policy}": it must be one of {", ".join(POLICIES)}')
        if present is not None and policy in ("missing", "never"):
            return present.id
        if policy == "never":
            raise NoSuchImage(name)
        references, place = self.registries.resolve(parse(name.removeprefix("docker://")))
        if place:
            self.say(f'Resolved "{parse(name).repository}" as an alias ({place})')
        problems = []
        with self.catalog.adding():
            for reference in references:
                try:
                    return self._pull(parse(reference), present if policy == "newer" else None)
                except TransferFailed as problem:
                    problems.append(problem)
        if policy == "newer" and present is not None:
            return present.id
        if len(problems) == 1:
            raise problems[0]
        kind = NotInRegistry if all(isinstance(each, NotInRegistry) for each in problems) else TransferFailed
        raise kind(
            f"{len(problems)} errors occurred while pulling: " + "; ".join(problem.words for problem in problems)
        )

    def say(self, line: str) -> None:
        if self.progress is not None:
            self.progress(line)

    def _pull(self, name: Reference, present: ImageRow | None) -> str:
        files = self.catalog.files
        with files.turn(f"pull {name}"), files.workspace() as workspace:
            if present is None:
                self.say(f"Trying to pull {name}...")
            raw = self.skopeo.manifest(str(name), self.access, workspace)
            if name.digest and digest_of(raw) != name.digest:
                raise Damaged(f"{name}: the registry sent another manifest: {digest_of(raw)}")
            digests = [digest_of(raw)]
            found = manifests.read_manifest(raw)
            if found.is_index:
                chosen = manifests.choose(found, self.platform).digest
                raw = self.skopeo.manifest(self._by_digest(name, chosen), self.access, workspace)
                if digest_of(raw) != chosen:
                    raise Damaged(f"{name}: the registry sent another manifest: {digest_of(raw)}")
                digests.append(chosen)
            if present is not None:
                if digest_of(present.manifest) in digests:
                    return present.id
                self.say(f"Trying to pull {name}...")
            raw = self._fetch(name, raw, workspace)
            known = [self._by_digest(name, digest) for digest in dict.fromkeys((*digests, digest_of(raw)))]
            return self.catalog.register(raw, [*([] if name.digest else [str(name)]), *known], [("pull", str(name))])

    def _by_digest(self, name: Reference, digest: str) -> str:
        return f"{name.registry}/{name.repository}@{digest}"

    def _fetch(self, name: Reference, raw: bytes, workspace: str) -> bytes:
        """All blobs of the manifest are here; the manifest, which is another only if it was of a kind long dead."""
        files = self.catalog.files
        found = manifests.read_manifest(raw)
        source = self._by_digest(name, digest_of(raw))
        if found.config is not None and self.catalog.has_layers_of(raw):
            self.say("Getting image source signatures")
            for layer in found.layers or ():
                self.say(f"Copying blob {layer.digest} skipped: already exists")
            self.say(f"Copying config {found.config.digest}")
            self.say("Writing manifest to image destination")
            self.say("Storing signatures")
        else:
            layout = f"{workspace}/layout"
            self.skopeo.copy(
                f"docker://{source}", f"oci:{layout}", progress=self.progress, source_access=self.access,
                workspace=workspace,
                options=("--dest-shared-blob-dir", files.blobs, "--dest-oci-accept-uncompressed-layers"),
            )  # fmt: skip
            if found.config is None:
                return files.read_blob(layout_digest(layout))
            if not files.has_blob(found.config.sha256):  # skopeo made an OCI manifest of it; ours stays as it is
                config = self.skopeo.config(source, self.access, workspace)
                if digest_of(config) != found.config.digest:
                    raise Damaged(f"{name}: the registry sent another configuration than {found.config.digest}")
                files.write_blob(config)
        return raw


def push(
    catalog: Catalog, skopeo: Skopeo, image: ImageRow, destination: str, *, access: Access,
    progress: Progress | None, options: Sequence[str] = (),
) -> str:  # fmt: skip
    """The image is at `destination` (a name, or one with a transport of skopeo's); the digest it has there. Blocks.

    Raises: InvalidArgument, TransferFailed, Damaged (a blob is missing).
    """
    target = destination if _has_transport(destination) else f"docker://{_complete(destination)}"
    with catalog.adding(), catalog.files.workspace() as workspace:
        source = f"{workspace}/image"
        lay_out(catalog, image, source)
        skopeo.copy(
            f"dir:{source}", target, progress=progress, workspace=workspace, options=(
                "--digestfile", f"{workspace}/digest", *options,
            ), target_access=access if target.startswith("docker://") else None,
        )  # fmt: skip
        with open(f"{workspace}/digest") as file:
            catalog.index.note(image.id, [("push", target.removeprefix("docker://"))])
            return file.read().strip()


def lay_out(catalog: Catalog, image: ImageRow, directory: str) -> None:
    """`directory` is made, and is the image in the form of skopeo's `dir:`. Raises: Damaged (a blob is missing)."""
    from ..kernel.files import make_dir

    if not image.manifest:
        raise Damaged(f"image {image.id} has no manifest")
    make_dir(directory)
    write_file(f"{directory}/manifest.json", image.manifest)
    write_file(f"{directory}/version", b"Directory Transport Version: 1.1\n")
    for digest in manifests.blobs_of(image.manifest)[1:]:
        if not os.path.exists(catalog.files.blob(digest)):
            raise Damaged(f"the blob sha256:{digest} of image {image.id} is missing")
        if not os.path.lexists(f"{directory}/{digest}"):
            symlink(catalog.files.blob(digest), f"{directory}/{digest}")


def _has_transport(text: str) -> bool:
    return text.startswith(("docker://", "dir:", "oci:", "oci-archive:", "docker-archive:", "docker-daemon:"))


def _complete(name: str) -> str:
    found = parse(name)
    if not found.registry:
        raise InvalidArgument(f"{name}: a destination needs a registry: REGISTRY/NAME[:TAG]")
    return str(found)
