"""Files and index together: an image is known only when all it needs is there, and gone before its files are."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property

from ..diagnostics import debug
from ..errors import Damaged, Unsupported
from ..model.digests import chain_ids, digest_of
from .config import created_at, diff_ids_of
from .manifest import blobs_of, read_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .index import Happening, ImageIndex
    from .store import Files


class Catalog:
    """The images of one root."""

    def __init__(self, root: str, index: ImageIndex) -> None:
        self.root, self.index = root, index

    @cached_property
    def files(self) -> Files:
        """The files; who only looks an image up does not load what reads and hashes them."""
        from .store import Files

        return Files(self.root)

    @contextmanager
    def adding(self) -> Iterator[None]:
        """As Files.adding; when the block fails, nothing of what it added is left."""
        try:
            with self.files.adding():
                yield
        except Exception:
            self.collect()
            raise

    def register(self, raw: bytes, names: Sequence[str], events: Sequence[Happening] = ()) -> str:
        """The image of the manifest `raw`, whose blobs are there, is known under these names; its id. Blocks.

        Layers that are not there yet are unpacked and checked. Inside `adding`.

        Raises: Damaged (a blob is missing or not what its digest says), Unsupported (no image of our kind), OSError.
        """
        manifest = read_manifest(raw)
        if manifest.config is None or manifest.layers is None:
            raise Unsupported(f"a manifest of the type {manifest.kind()!r} is not supported")
        id = manifest.config.sha256
        config = self.files.read_blob(id)
        diff_ids = diff_ids_of(config, id)
        if len(diff_ids) != len(manifest.layers):
            raise Damaged(f"image {id}: {len(manifest.layers)} layers, but {len(diff_ids)} diff ids")
        chains = chain_ids(diff_ids)
        sizes = self.index.layer_sizes(chains)
        fresh = False
        for number, (chain, diff_id, layer) in enumerate(zip(chains, diff_ids, manifest.layers, strict=True)):
            if chain in sizes:
                continue
            if layer.media_type.endswith("+encrypted") or "foreign" in layer.media_type:
                raise Unsupported(f"a layer of the type {layer.media_type} is not supported")
            sizes[chain] = self.files.add_layer(chain, diff_id, layer.sha256, chains[:number][::-1])
            fresh = True
        self.files.write_blob(raw)
        if fresh:
            self.files.sync()
        self.index.add_image(
            id, list(dict.fromkeys(names)), chains, config, created_at(config), manifest=raw, sizes=sizes,
            events=events,
        )  # fmt: skip
        return id

    def has_layers_of(self, raw: bytes) -> bool:
        """Whether every blob of the manifest is there, so that nothing need be fetched to register it."""
        digest = digest_of(raw)
        return all(f"sha256:{blob}" == digest or self.files.has_blob(blob) for blob in blobs_of(raw))

    def collect(self) -> bool:
        """No file is left that belongs to no image; False if somebody adds one now: then a later call does it."""

        def wanted() -> tuple[set[str], set[str]]:
            layers, blobs = set[str](), set[str]()
            for row in self.index.list():
                layers.update(row.layers)
                blobs.add(row.id)
                try:
                    blobs.update(blobs_of(row.manifest))
                except Damaged as problem:
                    debug("image %s: %s", row.id, problem)
            return layers, blobs

        return self.files.collect(wanted)
