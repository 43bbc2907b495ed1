"""`engine.pods`: finding pods and making new ones."""

from __future__ import annotations

from contextlib import suppress

from ..errors import NoSuchPod, SeaboxError
from . import snapshot
from .pod import Pod
from .remove import mend, mend_members, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from typing import Any

    from .services import PodServices
    from .snapshot import PodSnapshot


class Pods:
    """The pods of one engine."""

    __slots__ = ("_on",)

    def __init__(self, on: PodServices) -> None:
        self._on = on

    def create(self, name: str | None = None, **options: Any) -> Pod:
        """The pod exists, with its infra container, none of it running; options are the fields of PodRequest.

        Raises: InvalidArgument, Unsupported, PodNameInUse, NameInUse (of the infra container), NoSuchImage.
        """
        from .create import create, request_of

        request = request_of(name, options)
        self._on.make_directories()
        return Pod(self._on, create(self._on, request))

    def get(self, name: str) -> Pod:
        """The pod of this name, id or unique id prefix. Raises: NoSuchPod, AmbiguousName."""
        from .exit_policy import settle

        record = self._on.store.pods.load(self._on.store.pods.find(name))
        if not mend(self._on, record):
            raise NoSuchPod(name)
        mend_members(self._on, record.id)
        settle(self._on, record.id)
        return Pod(self._on, record.id)

    def __getitem__(self, name: str) -> Pod:
        """See `get`."""
        return self.get(name)

    def exists(self, name: str) -> bool:
        """Whether there is such a pod."""
        try:
            self.get(name)
        except NoSuchPod:
            return False
        return True

    def list(self) -> builtins.list[PodSnapshot]:
        """What is true of every pod now, oldest first."""
        for record in self._on.store.pods.list():
            with suppress(SeaboxError):  # then the next operation on it says why
                mend(self._on, record)
        return [*snapshot.all_of(self._on)]

    def prune(self, fits: Callable[[PodSnapshot], bool] | None = None) -> builtins.list[str]:
        """The pods whose containers have all ended are gone; their ids. `fits` chooses among them."""
        gone = []
        for seen in self.list():
            if seen.status in ("Stopped", "Exited") and (fits is None or fits(seen)):
                remove(self._on, seen.facts.id)
                gone.append(seen.facts.id)
        return gone
