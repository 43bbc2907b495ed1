"""What the image store needs from whoever keeps its tables."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from ..model.image import ImageRow

    Happening = tuple[str, str]  # the word of an event about an image, and the name it is about

    class ImageIndex(Protocol):
        """Which images there are, what they are called and which layers they stand on. Every call is one commit.

        `events` are what happened, as part of that commit.
        """

        def add_image(
            self,
            id: str,
            names: Sequence[str],
            layers: Sequence[str],
            config: bytes,
            created_at: int,
            *,
            manifest: bytes = b"",
            sizes: Mapping[str, int] | None = None,
            events: Sequence[Happening] = (),
        ) -> None:
            """The image is known, under these names besides those it has; other images lose them.

            A name may be one by digest. `layers`: chain ids, lowest first; `sizes`: the bytes of their files, by
            chain id, of those not known yet; `config`: the raw configuration, whose sha256 is `id`; `manifest`: raw,
            it replaces an older one unless it is empty; `created_at`: ns.
            """

        def change_names(
            self, id: str, *, added: Iterable[str] = (), gone: Iterable[str] = (), events: Sequence[Happening] = ()
        ) -> None:
            """The image bears the added names, which others lose, and not those that are gone; whatever others change
            at the same time holds as well. Raises: NoSuchImage."""

        def note(self, id: str, events: Sequence[Happening]) -> None:
            """This happened to the image, without a change of what is known of it."""

        def past_names(self, id: str) -> builtins.list[str]:
            """Every name that the image bears or bore, the one that was given or confirmed last first."""

        def find(self, reference: str) -> ImageRow | None:
            """The image with exactly this name, this id, or an id that alone begins so; None if there is none."""

        def list(self) -> builtins.list[ImageRow]:
            """Every image, newest first."""

        def layer_sizes(self, chain_ids: Iterable[str]) -> dict[str, int]:
            """The bytes of the files of each of these layers that is known."""

        def users(self, id: str) -> builtins.list[str]:
            """The ids of the containers that were made of the image."""

        def remove(self, id: str, events: Sequence[Happening] = ()) -> builtins.list[str]:
            """The image is not known any more; the chain ids of layers that nothing stands on now, top ones first.

            Raises: InUse (a container uses it), NoSuchImage.
            """
