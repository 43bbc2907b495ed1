"""Whose images are accepted: the host's policy.json, which skopeo and buildah obey at each transfer."""

from __future__ import annotations

import base64
import os
from contextlib import suppress

import msgspec

from ..errors import InvalidArgument
from ..kernel.files import make_dirs, write_atomic
from ..model.decoding import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

POLICY = "/etc/containers/policy.json"
REGISTRIES = "/etc/containers/registries.d"
ANYTHING = "insecureAcceptAnything"
TYPES = ("accept", "reject", "signedBy", "sigstoreSigned")
_WORDS = {ANYTHING: "accept", "signedBy": "signed", "sigstoreSigned": "sigstoreSigned", "reject": "reject"}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope ("default": whatever no other rule is about) must fulfil."""

    transport: str
    scope: str
    type: str  # "accept" | "signed" | "sigstoreSigned" | "reject"
    keys: tuple[str, ...] = ()  # whom the keys belong to
    store: str = ""  # where signatures are looked up


def read(path: str = POLICY) -> bytes:
    """The policy as it is written. Raises: InvalidArgument."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as problem:
        raise InvalidArgument(f"unable to read policy file: open {path}: {problem.strerror}".lower()) from None


def rules(
    path: str = POLICY, registries: str = REGISTRIES, owners: Callable[[bytes], Sequence[str]] | None = None
) -> list[Rule]:
    """The policy rule by rule, the default first. `owners` tells whose keys are in a key file. Raises: InvalidArgument.
    """
    policy, stores = _decoded(read(path), path), _stores(registries)
    found = list(_of_scope("all", "default", policy.get("default") or [], stores, owners))
    for transport, scopes in sorted((policy.get("transports") or {}).items()):
        shown = "repository" if transport == "docker" else transport
        for scope, wanted in sorted(scopes.items()):
            found += _of_scope(shown, scope, wanted, stores, owners)
    return found


def set_rule(scope: str, type: str, keys: Sequence[str] = (), path: str = POLICY) -> None:
    """Images of the scope ("default", or REGISTRY[/REPOSITORY]) must fulfil this. Raises: InvalidArgument, OSError."""
    if type not in (*TYPES, ANYTHING):
        raise InvalidArgument(
            f"invalid choice: {type} (choose from 'accept', 'reject', 'signedBy', 'sigstoreSigned')"
        )
    signed = type in ("signedBy", "sigstoreSigned")
    if signed and not keys:
        raise InvalidArgument(f"at least one public key must be defined for type '{type}'")
    if keys and not signed:
        raise InvalidArgument(f"{len(keys)} public keys unexpectedly provided for trust type {type}")
    kind = ANYTHING if type == "accept" else type
    extra = {"keyType": "GPGKeys"} if type == "signedBy" else {}
    wanted = [{"type": kind, **extra, "keyPath": key} for key in keys] or [{"type": kind}]
    policy = _decoded(read(path), path) if os.path.exists(path) else {}
    if scope == "default":
        policy["default"] = wanted
    elif not policy.get("default"):
        raise InvalidArgument("default trust policy must be set")
    else:
        transports = policy.setdefault("transports", {})
        transport = next((name for name, scopes in transports.items() if scope in scopes), "docker")
        transports.setdefault(transport, {})[scope] = wanted
    make_dirs(os.path.dirname(os.path.abspath(path)))
    write_atomic(path, msgspec.json.format(msgspec.json.encode(policy), indent=4), 0o644)


def _decoded(raw: bytes, path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = decode(raw, dict)
    except msgspec.DecodeError as problem:
        raise InvalidArgument(f"could not parse trust policies from {path}: {problem}") from None
    return found


def _of_scope(
    transport: str, scope: str, wanted: Sequence[Mapping[str, Any]], stores: Mapping[str, str],
    owners: Callable[[bytes], Sequence[str]] | None,
) -> Iterator[Rule]:  # fmt: skip
    for each in wanted:
        kind = each.get("type", "")
        keys: list[str] = ["N/A"] if kind == "sigstoreSigned" else []
        if kind == "signedBy" and owners is not None:
            for data in _keys(each):
                keys += owners(data)
        yield Rule(
            transport=transport, scope=scope, type=_WORDS.get(kind, kind), keys=tuple(keys), store=_store(stores, scope)
        )


def _keys(requirement: Mapping[str, Any]) -> Iterator[bytes]:
    paths = [requirement["keyPath"]] if requirement.get("keyPath") else []
    for path in [*paths, *(requirement.get("keyPaths") or [])]:
        with suppress(OSError), open(path, "rb") as file:
            yield file.read()
    if requirement.get("keyData"):
        with suppress(ValueError):
            yield base64.b64decode(requirement["keyData"])


def _store(stores: Mapping[str, str], scope: str) -> str:
    while scope and scope != "default":
        if scope in stores:
            return stores[scope]
        scope = scope.rpartition("/")[0]
    return stores.get("", "")


def _stores(folder: str) -> dict[str, str]:
    """Where signatures are, by scope ("" = any other), as registries.d says: lines of YAML of a very regular form."""
    found: dict[str, str] = {}
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith((".yaml", ".yml")))
    except OSError:
        return {}
    for name in names:
        scope: str | None = None
        with suppress(OSError), open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.partition("#")[0].split(": ", 1)
                key, value = words[0].strip().rstrip(":").strip("\"'"), words[-1].strip().strip("\"'")
                value = value if len(words) > 1 else ""
                if key in ("lookaside", "sigstore") and value and scope is not None:
                    found[scope] = value
                elif not value and key == "default-docker":
                    scope = ""
                elif not value and key:
                    scope = key
    return found


