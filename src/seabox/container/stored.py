"""A container's configuration as bytes and back."""

from __future__ import annotations

import msgspec

from ..errors import Damaged, SchemaTooNew
from ..model.container import CONFIG_SCHEMA, ContainerConfig
from ..model.decoding import decode

_last: tuple[bytes, ContainerConfig] | None = None  # what this process encoded last: as a rule it starts it next


def encode_config(config: ContainerConfig) -> bytes:
    """The configuration as it is stored."""
    global _last
    data = msgspec.json.encode(config)
    _last = data, config
    return data


def decode_config(data: bytes) -> ContainerConfig:
    """The configuration that was stored. Raises: Damaged, SchemaTooNew."""
    if (last := _last) is not None and last[0] == data:
        return last[1]
    try:
        config = decode(data, ContainerConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Damaged(f"a stored container configuration cannot be read: {problem}") from problem
    if config.schema > CONFIG_SCHEMA:
        raise SchemaTooNew(config.schema, CONFIG_SCHEMA)
    return config
