"""--secret: what may be said, and where it leads."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seabox.errors import InvalidArgument, NotFound
from seabox.model.container import Mount, SecretUse
from seabox.model.secret import Secret
from seabox.spec.secrets_syntax import check_places, parse_secrets

ID = "0123456789abcdef012345678"


def find(name: str) -> Secret:
    if name not in ("token", ID[:3]):
        raise NotFound(f'no secret with name or id "{name}": no such secret')
    return Secret(id=ID, name="token", created_at=1, updated_at=1)


def use(**said: Any) -> SecretUse:
    return replace(SecretUse(name="token", id=ID, type="mount", target="/run/secrets/token"), **said)


@pytest.mark.parametrize(("text", "wanted"), [
    ("token", use()), (ID[:3], use()), ("source=token,type=mount", use()), ("token,type=mount", use()),
    ("token,target=a/b", use(target="/run/secrets/a/b")), ("token,target=/x//y", use(target="/x/y")),
    ("token,target=../x", use(target="/run/x")),
    ("token,uid=1000,gid=1001,mode=777", use(uid=1000, gid=1001, mode=0o777)),
    ("token,UID=1,GID=2,mode=0400", use(uid=1, gid=2, mode=0o400)),
    ("token,type=env", use(type="env", target="token")), ("token,type=env,target=X", use(type="env", target="X")),
])  # fmt: skip
def test_what_it_means(text: str, wanted: SecretUse) -> None:
    assert parse_secrets([text, text], (), find) == (wanted,)


@pytest.mark.parametrize(("text", "why"), [
    ("token,type=other", "type other is invalid: parsing secret"),
    ("token,invalid=invalid", "option invalid=invalid invalid: parsing secret"),
    ("source=token,type", "option type must be in form option=value: parsing secret"),
    ("token,type=env,uid=1000", "UID, GID, Mode options cannot be set with secret type env: parsing secret"),
    ("token,type=env,type=env", "cannot set more than one secret type: parsing secret"),
    ("target=x,type=env", "no source found target=x,type=env: parsing secret"),
    ("token,mode=9", "mode 9 invalid: parsing secret"), ("token,mode=", "mode  invalid: parsing secret"),
    ("token,uid=-1", "UID -1 invalid: parsing secret"), ("token,gid=x", "GID x invalid: parsing secret"),
    ("token,mode=77777", "/run/secrets/token: no such owner or mode can be given to the file of a secret"),
    ("token,uid=4294967296", "/run/secrets/token: no such owner or mode can be given to the file of a secret"),
    ("token,target=.", "/run/secrets: not a place for the file of a secret"),
    ("token,target=/proc/x", '"/proc/x" cannot be mounted because it is inside /proc'),
    ("token,type=env,target=A=B", "A=B: not the name of a variable, or that of two secrets"),
    ("type=env", 'no secret with name or id "type=env": no such secret'),
    ("nobody", 'no secret with name or id "nobody": no such secret'), ("", "no source found : parsing secret"),
])  # fmt: skip
def test_what_cannot_be(text: str, why: str) -> None:
    with pytest.raises((InvalidArgument, NotFound)) as refused:
        parse_secrets([text], (), find)
    assert str(refused.value) == why


def test_one_place_for_each() -> None:
    with pytest.raises(InvalidArgument, match=r"^/x: duplicate mount destination$"):
        parse_secrets(["token,target=/x", "token,target=/x,mode=400"], (), find)
    with pytest.raises(InvalidArgument, match=r"^/x: duplicate mount destination$"):
        parse_secrets(["token,target=/x"], (Mount(type="tmpfs", destination="/x"),), find)
    with pytest.raises(InvalidArgument, match=r"^X: not the name of a variable, or that of two secrets$"):
        check_places([use(type="env", target="X"), use(type="env", target="X", id="f" * 25)], ())
    assert len(parse_secrets(["token", "token,type=env", "token,target=/x"], (), find)) == 3
