"""`system check`: the database, containers, images, secrets and their directories held against each other."""

from __future__ import annotations

import os
from contextlib import suppress

import msgspec

from .container.claims import is_live
from .container.container import Container
from .container.restore import read_copy, restore
from .container.stored import decode_config
from .errors import Conflict, Damaged, NotFound, SeaboxError
from .kernel import files, process
from .model.ids import is_id
from .state import salvage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rooms import Rooms


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `mended` says what was done about it, "" if nothing was."""

    kind: str  # "database" | "container" | "image" | "secret" | "leftover"
    id: str
    text: str
    mended: str = ""


class Check:
    """One look at everything. `repair`: what can be mended without losing anything is; `force`: the rest is removed."""

    def __init__(self, on: Rooms, *, repair: bool, force: bool, quick: bool) -> None:
        self._on, self._repair, self._force, self._quick = on, repair or force, force, quick
        self._rebuilt = False

    def run(self) -> Iterator[Finding]:
        """What is wrong, the database first: the others are read from it."""
        if not os.path.exists(self._on.config.database):
            return
        damage = salvage.problems(self._on.config.database, quick=self._quick)
        if damage:
            mended = ""
            if self._repair:
                self._on.store.close()
                self._rebuilt = True
                kept = salvage.rebuild(self._on.config.database)
                mended = f"made anew of all rows that can be read; the old one is {kept}"
            yield Finding(kind="database", id=self._on.config.database, text="; ".join(damage), mended=mended)
            if not mended:
                return
        yield from self._containers()
        yield from self._lost()
        yield from self._images()
        yield from self._secrets()
        yield from self._leftovers()

    # --- containers ----------------------------------------------------------------------------------------------

    def _containers(self) -> Iterator[Finding]:
        for id in salvage.ids(self._on.store):
            trouble = ""
            try:
                record = self._on.store.load(id)
                config = decode_config(self._on.store.config(id))
                if config.id != id or record.facts.id != id:
                    trouble = "its record is about another"
                if record.claim is not None and is_live(record.claim):
                    continue
                if record.claim is not None:
                    trouble = f"an operation ({record.claim.intent}) was cut short"
            except (Damaged, NotFound) as problem:
                trouble = str(problem)
            if trouble:
                mended = self._mend_container(id) if self._repair else ""
                yield Finding(kind="container", id=id, text=trouble, mended=mended)
            else:
                yield from self._copy_of(id)

    def _copy_of(self, id: str) -> Iterator[Finding]:
        """The copy of a good configuration is as good."""
        try:
            copy, name = read_copy(self._on, id), self._on.store.load(id).facts.name
            if copy.name == name and copy.argv == decode_config(self._on.store.config(id)).argv:
                return
            text = "the copy of its configuration is another"
            if self._rebuilt and copy.name != name:
                salvage.rename(self._on.store, id, copy.name)
                yield Finding(kind="container", id=id, text=f"it was called {name}", mended=f"it is {copy.name}")
                return
        except Damaged as problem:
            text = str(problem)
        mended = ""
        if self._repair:
            folder = self._on.config.static_dir(id)
            files.make_dirs(folder, 0o700)
            files.write_atomic(f"{folder}/container.json", self._on.store.config(id))
            mended = "written anew"
        yield Finding(kind="container", id=id, text=text, mended=mended)

    def _mend_container(self, id: str) -> str:
        """What was done: the operation finished or undone, the record made anew, or the container removed."""
        with suppress(Damaged, NotFound):
            if decode_config(self._on.store.config(id)).id != id:
                raise Damaged(id)
            self._on.store.load(id)
            with suppress(NotFound):
                Container(self._on, id).mend()
            return "finished or undone"
        if not is_id(id) or not os.path.isdir(self._on.config.static_dir(id)):
            salvage.forget(self._on.store, id)  # a name for nothing
            return "forgotten"
        try:
            config = read_copy(self._on, id)
        except Damaged:
            return self._discard(id) if self._force else ""
        salvage.forget(self._on.store, id)
        restore(self._on, config)
        return "recorded anew"

    def _discard(self, id: str) -> str:
        process.end_spawned_for(id, ("conmon",))
        self._on.runtime(self._on.chosen_runtime).delete(id, force=True)
        self._on.storage.remove(id)
        salvage.forget(self._on.store, id)
        for folder in (self._on.config.static_dir(id), self._on.config.run_dir(id)):
            files.remove_tree(folder)
        return "removed"

    def _lost(self) -> Iterator[Finding]:
        """Containers that the database does not know, but their own directories do."""
        known = set(salvage.ids(self._on.store))
        for id in _names(f"{self._on.config.root}/containers"):
            if id in known or not is_id(id):
                continue
            text, mended = "the database does not know it", ""
            try:
                config = read_copy(self._on, id)
                if self._repair:
                    restore(self._on, config)
                    mended = "recorded anew"
            except Conflict as problem:
                text = f"{text}: {problem}"
            except SeaboxError as problem:
                text = f"{text}: {problem}"
                mended = self._discard(id) if self._force else ""
            yield Finding(kind="container", id=id, text=text, mended=mended)

    # --- images and directories ----------------------------------------------------------------------------------

    def _images(self) -> Iterator[Finding]:
        for image in self._on.images.list():
            missing = [layer for layer in image.layers if not os.path.isdir(self._on.layer_dir(layer))]
            text = f"layer {missing[0]} is missing" if missing else ""
            try:
                self._on.images.get(image.id)
            except SeaboxError as problem:
                text = text or str(problem)
            if text:
                mended = ""
                if self._repair and not is_id(image.id):
                    salvage.forget_image(self._on.store, image.id)  # by a name that no command takes
                    mended = "forgotten: pull it again"
                elif self._repair and (self._force or not self._on.images.users(image.id)):
                    self._on.images.remove(image.id, force=self._force)
                    mended = "removed: pull it again"
                yield Finding(kind="image", id=image.id, text=text, mended=mended)

    def _secrets(self) -> Iterator[Finding]:
        """Those that cannot be read, which only `force` removes, and files that belong to none."""
        secrets = self._on.secrets
        secrets.settle()
        for id, text in secrets.damaged():
            if self._force:
                secrets.discard(id)
            shown = id.encode(errors="surrogateescape").decode(errors="replace")
            yield Finding(kind="secret", id=shown, text=text, mended="removed" if self._force else "")
        for name in secrets.strays():
            if self._repair:
                secrets.discard(name)
            text, mended = "a file of a secret that there is not", "deleted" if self._repair else ""
            yield Finding(kind="leftover", id=f"{self._on.config.secrets}/{name}", text=text, mended=mended)

    def _leftovers(self) -> Iterator[Finding]:
        """Directories of containers that there are not."""
        config = self._on.config
        known = {*salvage.ids(self._on.store), *_names(f"{config.root}/containers")}
        mounted = {image.id for image, _ in self._on.images.mounted()}
        for id in sorted({*_names(f"{config.root}/{self._on.storage.name}"), *_names(f"{config.runroot}/containers")}):
            if id in known or id in mounted or not is_id(id):
                continue
            mended = self._discard(id) if self._repair else ""
            yield Finding(kind="leftover", id=id, text="files of a container that there is not", mended=mended)
        trash = _names(f"{config.root}/trash")
        if trash:
            if self._repair:
                self._on.storage.empty_trash()
            text, mended = f"{len(trash)} unfinished removals", "deleted" if self._repair else ""
            yield Finding(kind="leftover", id=f"{config.root}/trash", text=text, mended=mended)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
