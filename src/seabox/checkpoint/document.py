"""`checkpoint.json`: what is known of a checkpoint as bytes, and back from bytes that a stranger may have written."""

from __future__ import annotations

import msgspec

from ..errors import Damaged, SeaboxError
from ..model import decoding
from ..model.checkpoint import CHECKPOINT_SCHEMA, Checkpoint


class BadCheckpoint(SeaboxError):
    """What is to be restored is no checkpoint, or a damaged one, or asks for what it must not: nothing was changed."""

    http_status = 400


def encode(checkpoint: Checkpoint) -> bytes:
    """The checkpoint's description as it is stored."""
    return msgspec.json.encode(checkpoint)


def decode(data: bytes) -> Checkpoint:
    """The description that was stored here. Raises: Damaged."""
    try:
        return decoding.decode(data, Checkpoint)
    except msgspec.MsgspecError as problem:
        raise Damaged(f"a stored checkpoint cannot be read: {problem}") from None


def decode_foreign(data: bytes) -> Checkpoint:
    """The description that came with an archive: every key in it is known. Raises: BadCheckpoint."""
    try:
        raw = msgspec.json.decode(data)
        schema = raw.get("schema", CHECKPOINT_SCHEMA) if isinstance(raw, dict) else None
        if not isinstance(schema, int) or schema < 1:
            raise BadCheckpoint("checkpoint.json has no schema version: not a checkpoint of seabox")
        if schema > CHECKPOINT_SCHEMA:
            raise BadCheckpoint(
                f"the checkpoint has schema version {schema}, this seabox knows up to {CHECKPOINT_SCHEMA}: use a newer "
                "seabox"
            )
        found = decoding.convert(raw, Checkpoint)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise BadCheckpoint(f"checkpoint.json cannot be read: {problem}") from None
    strange = unknown_key(raw, found)
    if strange:
        raise BadCheckpoint(f"checkpoint.json has an unknown key: {strange}")
    return found


def unknown_key(raw: object, found: object, path: str = "") -> str:
    """A key of `raw` that is no field of the struct it was converted to, at any depth; "" if there is none."""
    if isinstance(found, msgspec.Struct) and isinstance(raw, dict):
        for key, value in raw.items():
            if key not in found.__struct_fields__:
                return f"{path}{key}"
            if strange := unknown_key(value, getattr(found, key), f"{path}{key}."):
                return strange
    elif isinstance(found, (tuple, list)) and isinstance(raw, list):
        for one, other in zip(raw, found, strict=True):
            if strange := unknown_key(one, other, path):
                return strange
    return ""
