"""A container's configuration as bytes and back."""

from __future__ import annotations

import msgspec

from ..errors import Damaged, SchemaTooNew
from ..model.container import CONFIG_SCHEMA, ContainerConfig

_decoder = msgspec.json.Decoder(ContainerConfig)


def encode_config(config: ContainerConfig) -> bytes:
    """The configuration as it is stored."""
    return msgspec.json.encode(config)


def decode_config(data: bytes) -> ContainerConfig:
    """The configuration that was stored. Raises: Damaged, SchemaTooNew."""
    try:
        config = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Damaged(f"a stored container configuration cannot be read: {problem}") from problem
    if config.schema > CONFIG_SCHEMA:
        raise SchemaTooNew(config.schema, CONFIG_SCHEMA)
    return config
