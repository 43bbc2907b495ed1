"""Digests of what is small. hashlib loads OpenSSL, 3 ms of each command that has to do with an image: not for this."""

from __future__ import annotations

from ..errors import Damaged


def hex_digest(digest: str) -> str:
    """A sha256 digest without its algorithm. Raises: Damaged."""
    algorithm, _, digits = digest.partition(":")
    if algorithm != "sha256" or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise Damaged(f"{digest[:100]!r} is not a sha256 digest")
    return digits


def sha256_of(raw: bytes) -> str:
    """The sha256 of these bytes, in hex."""
    try:
        from _sha2 import sha256  # type: ignore[import-not-found,unused-ignore]  # CPython's own, since 3.12
    except ImportError:
        try:
            from _sha256 import sha256  # type: ignore[import-not-found,unused-ignore]  # before
        except ImportError:
            from hashlib import sha256

    return str(sha256(raw).hexdigest())


def digest_of(raw: bytes) -> str:
    """ "sha256:..." of these bytes."""
    return f"sha256:{sha256_of(raw)}"


def chain_ids(diff_ids: tuple[str, ...]) -> tuple[str, ...]:
    """What each layer and all below it are called together; sha256 without the algorithm, lowest first."""
    found: list[str] = []
    for diff_id in diff_ids:
        found.append(sha256_of(f"sha256:{found[-1]} sha256:{diff_id}".encode()) if found else diff_id)
    return tuple(found)
