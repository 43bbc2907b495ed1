"""Images that come from registries and archives, and go there."""

from __future__ import annotations

from contextlib import contextmanager

from ..errors import NoSuchImage
from .accounts import Accounts
from .naming import meant
from .reference import local_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..kernel.watch import Cancel
    from ..model.image import ImageRow
    from .skopeo import Access, Progress


class Traffic(Accounts):
    """How images come to an image store, and leave it."""

    if TYPE_CHECKING:  # what Images has

        def find(self, name: str) -> ImageRow: ...

    # --- registries ----------------------------------------------------------------------------------------------

    def pull(
        self, name: str, *, policy: str = "always", access: Access | None = None, platform: str = "",
        arch: str = "", os: str = "", variant: str = "", progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> str:  # fmt: skip
        """The image is here, as new as `policy` ("always", "missing", "never", "newer") wants it; its id. Blocks.

        `name` may also be an archive or directory: "docker-archive:PATH", "oci-archive:PATH", "oci:PATH", "dir:PATH".

        `progress` gets each line of what podman would show.

        Raises: NoSuchImage (policy never), InvalidArgument, skopeo.TransferFailed, Damaged, Unsupported, Cancelled,
        OSError.
        """
        from .transports import of_archive

        if place := of_archive(name):
            from .load import load

            return self.find(load(self._catalog, place, progress, "pull", name)[0]).id
        present: ImageRow | None
        try:
            present = self.find(name.removeprefix("docker://"))
        except NoSuchImage:
            present = None
        if present is not None and policy in ("missing", "never"):
            return present.id
        from . import manifest
        from .pull import Puller
        from .registries import Registries
        from .skopeo import Access

        wanted = manifest.platform(platform, arch=arch, os=os, variant=variant)
        puller = Puller(
            self._catalog, self._skopeo(cancel), Registries(self._host.registries), access=access or Access(),
            platform=wanted, progress=progress,
        )  # fmt: skip
        return puller.pull(name, present, policy)

    def obtain(self, name: str, policy: str = "missing") -> ImageRow:
        """The image, pulled first if `policy` wants it. Raises: as `pull`; NoSuchImage where it cannot be had."""
        try:
            found = self.find(name)
        except NoSuchImage:
            if policy == "never" or not self._host.skopeo:
                raise
        else:
            if policy in ("missing", "never"):
                return found
        return self.find(self.pull(name, policy=policy))

    def push(
        self, name: str, destination: str = "", *, access: Access | None = None, progress: Progress | None = None,
        options: Sequence[str] = (), cancel: Cancel | None = None,
    ) -> str:  # fmt: skip
        """The image is at `destination` ("" = where its name says); the digest it has there. Blocks.

        `options` are further ones for `skopeo copy`. Raises: as `pull`.
        """
        from .pull import push
        from .skopeo import Access

        image = self.find(name)
        if not destination:
            from .reference import parse

            destination = name if parse(name).registry else next(iter(meant(image, name)), name)
        return push(
            self._catalog, self._skopeo(cancel), image, destination, access=access or Access(), progress=progress,
            options=options,
        )  # fmt: skip

    # --- archives ------------------------------------------------------------------------------------------------

    def load(self, path: str | Iterable[bytes], *, progress: Progress | None = None) -> builtins.list[str]:
        """The images in a file (docker-archive, oci-archive; compressed or not) or OCI layout directory are here;
        a name of each, or its id. `path` may be of a pipe, or an address ("https://..."), or the bytes. Blocks.

        Raises: InvalidArgument (it is none of these), Damaged, Unsupported, OSError.
        """
        from .load import load

        return load(self._catalog, path, progress)

    def save(
        self, names: Sequence[str], path: str | int, form: str = "docker-archive", *, compress: bool = False
    ) -> None:  # fmt: skip
        """The images are in the file `path` (or behind this fd), in the form "docker-archive" or "oci-archive", or
        in a new directory in the form "oci-dir" or "docker-dir". Blocks.

        `compress`: all layers in that directory are compressed, others stay as they are.
        Raises: NoSuchImage, InvalidArgument, Damaged, OSError; what was written until then is gone, an fd excepted.
        """
        from .save import save

        chosen = [(self.find(name), meant(self.find(name), name)) for name in names]
        save(self._catalog, chosen, path, form, compress=compress)
        for image, _ in chosen:
            self._catalog.index.note(image.id, [("save", "" if isinstance(path, int) else path)])

    def archived(
        self, names: Sequence[str], form: str = "docker-archive", *, compress: bool = False,
        shown: Callable[[str], str] = str,
    ) -> Iterator[bytes]:  # fmt: skip
        """As `save`, the archive in pieces; one of the forms of directories is an archive of that.

        `shown`: how complete names are written there.

        Raises: NoSuchImage, InvalidArgument, at once; Damaged, OSError in between. Close it if you do not read on.
        """
        from .save import archived, check

        chosen = [(self.find(name), meant(self.find(name), name)) for name in names]
        check(chosen, form)
        named = [(image, {shown(each) for each in meanings}) for image, meanings in chosen]

        def noted() -> Iterator[bytes]:
            yield from archived(self._catalog, named, form, compress=compress)
            for image, _ in chosen:
                self._catalog.index.note(image.id, [("save", "")])

        return noted()

    @contextmanager
    def workspace(self) -> Iterator[str]:
        """A directory on the store's file system, for this block; what a killed process leaves in one goes later."""
        with self._catalog.adding(), self._catalog.files.workspace() as place:
            yield place

    def import_tar(
        self, path: str | Iterable[bytes], name: str = "", *, changes: Sequence[str] = (), message: str = "",
        arch: str = "", os: str = "", variant: str = "",
    ) -> str:  # fmt: skip
        """A file system in a tar archive is an image with one layer; its id. `changes`: lines of a Containerfile.

        Raises: InvalidArgument (a change), Damaged, OSError. Blocks.
        """
        from . import manifest
        from .make import import_tar

        wanted = manifest.platform(arch=arch, os=os, variant=variant)
        return import_tar(
            self._catalog, path, [local_name(name)] if name else [], changes=changes, message=message, platform=wanted
        )
