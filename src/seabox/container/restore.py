"""A container whose record was lost or cannot be read has one again: from the copy of its configuration on disk."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import Damaged, NoSuchImage, NoSuchPod, NotFound
from ..kernel import process
from ..kernel.files import read_in_root
from ..model.record import Claim, ContainerState, EventKind, Intent, Status, cleaned, created, paused, running, stopped
from ..state.store import Occurrence
from .create import facts_of
from .stored import decode_config, encode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig
    from .services import Services

_LARGEST = 8 << 20


def read_copy(on: Services, id: str) -> ContainerConfig:
    """The copy of the configuration in the container's own directory. Raises: Damaged."""
    folder = on.config.static_dir(id)
    try:
        config = decode_config(read_in_root(folder, "container.json", _LARGEST))
    except OSError as problem:
        raise Damaged(f"{folder}/container.json cannot be read: {problem.strerror}") from problem
    if config.id != id:
        raise Damaged(f"{folder}/container.json is about another container")
    return config


def restore(on: Services, config: ContainerConfig) -> None:
    """The container is in the store, in the state that the kernel, the runtime and its last exit say it is in.

    What it required and is not there any more it requires no longer. Raises: NameInUse.
    """
    import msgspec

    id = config.id
    requires = []
    for needed in config.requires:
        with suppress(NotFound):
            on.store.load(needed)
            requires.append(needed)
    config = msgspec.structs.replace(config, requires=tuple(requires))
    facts = facts_of(config)
    claim = Claim(Intent.RESTORE, process.myself(), on.clock.now())
    try:
        on.store.add(facts, encode_config(config), requires, claim)
    except NoSuchImage:
        facts.image_id = ""  # lost as well
        on.store.add(facts, encode_config(config), requires, claim)
    except NoSuchPod:
        facts.pod = facts.role = ""
        on.store.add(facts, encode_config(config), requires, claim)
    for attachment in config.networks:
        with suppress(NotFound):
            on.networking.attach(id, attachment)
    on.store.commit(id, _state(on, config), [Occurrence(EventKind.SYNC)], durable=True, unclaim=True)


def _state(on: Services, config: ContainerConfig) -> ContainerState:
    last = on.store.exit_record(config.id)
    fresh = ContainerState(run=last.run if last is not None else 0)
    seen = on.runtime(config.runtime).state(config.id) if os.path.exists(on.config.run_dir(config.id)) else None
    init = process.identify(seen.pid) if seen is not None and seen.pid else None
    conmons = process.spawned_for(config.id, ("conmon",))
    if seen is not None and init is not None and conmons:
        state = created(fresh, process=init, conmon=conmons[0])
        if seen.status in ("running", "paused"):
            state = running(state, at=on.clock.now())
        return paused(state) if seen.status == "paused" else state
    if last is None:
        return fresh
    ended = stopped(
        fresh.replace(status=Status.RUNNING, boot=process.boot_id(), started_at=last.finished_at),
        at=last.finished_at, code=last.code, reason=last.reason,
    )  # fmt: skip
    return cleaned(ended)
