"""What is known of a checkpoint, beside the images that criu made."""

from __future__ import annotations

import msgspec

from .container import ContainerConfig

CHECKPOINT_SCHEMA = 1


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the container had in one network. The network by name, for the id means nothing on another host."""

    network: str
    ips: tuple[str, ...] = ()
    mac: str = ""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One checkpoint: the container as it was then. Stored beside the images, and first in an archive."""

    schema: int = CHECKPOINT_SCHEMA
    created_at: int  # ns
    by: str  # the version of seabox
    runtime: str  # "runc", "crun"...: the name alone
    config: ContainerConfig
    run: int = 0  # which run of the container it was
    addresses: tuple[Address, ...] = ()
    tcp_established: bool = False
    tcp_close: bool = False
    file_locks: bool = False
    memory_only: bool = False  # a pre-checkpoint: it cannot be restored, a later one builds upon it
    previous: bool = False  # it builds upon a pre-checkpoint
    previous_at: int = 0  # ns; when that one was made: no other fits
    name: str = ""  # of a snapshot


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took, in microseconds: the runtime's part as we saw it, and what criu says of its own."""

    id: str
    runtime: int
    criu: dict[str, int] = {}
