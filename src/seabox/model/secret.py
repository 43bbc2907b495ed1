"""A secret: bytes with a name that containers are given and nobody else is told."""

from __future__ import annotations

import msgspec


class Secret(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a secret but for its bytes. Fixed: who replaces one makes another of the same name."""

    id: str  # 25 hex digits
    name: str
    driver: str = "file"
    driver_options: dict[str, str] = {}
    labels: dict[str, str] = {}
    created_at: int  # ns: when there first was one of this name
    updated_at: int  # ns: when this one was made
