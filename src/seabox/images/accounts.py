"""Credentials for registries: skopeo checks and keeps them."""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.watch import Cancel
    from .catalog import Catalog
    from .needs import Host
    from .search import FoundRepository
    from .skopeo import Access, Skopeo


class Accounts:
    """What an image store knows of registries."""

    def __init__(self, host: Host, catalog: Catalog) -> None:
        self._host, self._catalog = host, catalog

    def login(self, registry: str, username: str, password: str, access: Access | None = None) -> str:
        """The credentials are right and kept; what there is to say about it. Raises: skopeo.TransferFailed."""
        from .skopeo import Access

        return self._skopeo().login(registry, username, password, access or Access())

    def logged_in(self, registry: str, access: Access | None = None) -> str:
        """The user name kept for the registry. Raises: skopeo.TransferFailed if there is none."""
        from .skopeo import Access

        return self._skopeo().user(registry, access or Access())

    def tags(self, repository: str, access: Access | None = None) -> list[str]:
        """The tags that a repository (REGISTRY/NAME) has in its registry. Raises: skopeo.TransferFailed. Blocks."""
        from .reference import parse
        from .skopeo import Access

        name = parse(repository)
        with self._catalog.adding(), self._catalog.files.workspace() as workspace:
            return self._skopeo().tags(f"{name.registry}/{name.repository}", access or Access(), workspace)

    def check_login(self, registry: str, username: str, password: str, access: Access) -> None:
        """The credentials are right; they are not kept. Raises: skopeo.TransferFailed. Blocks."""
        from ..kernel.files import write_file
        from .skopeo import Access

        with self._catalog.adding(), self._catalog.files.workspace() as place:
            write_file(f"{place}/auth.json", b"{}")
            alone = Access(authfile=f"{place}/auth.json", cert_dir=access.cert_dir, tls_verify=access.tls_verify)
            self._skopeo().login(registry, username, password, alone)

    def described(self, name: str, access: Access, cancel: Cancel | None = None) -> tuple[bytes, bytes]:
        """The manifest that a complete name has in its registry, and the configuration (b"" for lists). Blocks.

        Raises: skopeo.TransferFailed, Cancelled.
        """
        from .manifest import read_manifest

        with self._catalog.adding(), self._catalog.files.workspace() as place:
            skopeo = self._skopeo(cancel)
            raw = skopeo.manifest(name, access, place)
            return raw, b"" if read_manifest(raw).is_index else skopeo.config(name, access, place)

    def search(
        self, words: str, *, limit: int = 25, access: Access | None = None
    ) -> list[FoundRepository]:  # fmt: skip
        """The repositories that fit the words: "REGISTRY/WORDS", or else those of all registries for short names.

        Of each registry at most `limit`. Raises: InvalidArgument, skopeo.TransferFailed. Blocks.
        """
        from .reference import looks_like_host, require_host
        from .registries import Registries
        from .search import search
        from .skopeo import Access

        known = Registries(self._host.registries)
        first, slash, rest = words.partition("/")
        places, wanted = ([first], rest) if slash and looks_like_host(first) else (known.search(), words)
        if not places:
            raise InvalidArgument("no registries to search are configured: name one, as in REGISTRY/WORDS")
        found: list[FoundRepository] = []
        for place in places:
            require_host(place)
            found += search(
                place, wanted, limit=limit, access=access or Access(), insecure=known.insecure(place),
                env=self._host.env,
            )  # fmt: skip
        return found

    def sign(self, name: str, identity: str, folder: str, *, access: Access | None = None) -> str:
        """A signature of the image in its registry is in a file below `folder`, as registries.d finds it; its path.

        `identity` names a secret key of gpg. Raises: InvalidArgument, skopeo.TransferFailed, OSError. Blocks.
        """
        from .reference import parse
        from .signature import sign

        with self._catalog.adding(), self._catalog.files.workspace() as workspace:
            return sign(self._skopeo(), parse(name.removeprefix("docker://")), identity, folder, access, workspace)

    def logout(self, registry: str, access: Access | None = None) -> str:
        """No credentials for the registry are kept ("" = for any). Raises: skopeo.TransferFailed."""
        from .skopeo import Access

        return self._skopeo().logout(registry, access or Access())

    def _skopeo(self, cancel: Cancel | None = None) -> Skopeo:
        from .skopeo import Skopeo

        if not self._host.skopeo:
            raise Unsupported("skopeo was not found: install it to reach registries")
        return Skopeo(self._host.skopeo, self._host.env, cancel)
