"""Credentials for registries in a request's headers: read, and never repeated in what is answered or noted."""

from __future__ import annotations

import base64
import binascii

import msgspec

from ..errors import InvalidArgument
from ..images.reference import parse
from ..images.skopeo import Access
from ..model.decoding import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

_AT_MOST = 64 << 10  # bytes
_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


class Account(msgspec.Struct, rename={"server": "serveraddress", "token": "identitytoken"}):
    """What docker's clients say of themselves to a registry."""

    username: str = ""
    password: str = ""
    auth: str = ""  # base64 of USERNAME:PASSWORD, in place of these
    server: str = ""
    token: str = ""

    def entry(self) -> dict[str, str]:
        """It, as a file for containers' programs has it. Raises: InvalidArgument."""
        found = self.access()
        said = {"auth": base64.b64encode((found.creds or ":").encode()).decode()}
        return said | ({"identitytoken": found.token} if found.token else {})

    def access(self, tls_verify: bool | None = None) -> Access:
        """How a registry is reached with it."""
        creds = f"{self.username}:{self.password}" if self.username or self.password else ""
        if not creds and self.auth:
            creds = _plain(self.auth).decode("utf-8", "replace")
        if any(ord(letter) < 0x20 for letter in creds + self.token):
            raise _refusal("there are control characters in it")
        return Access(creds=creds, token=self.token, tls_verify=tls_verify)


def access_to(ask: Request, image: str, tls_verify: bool | None = None) -> Access:
    """How the registry of this image is reached: X-Registry-Auth, in docker's form or podman's, which names registries.

    Without the header as this host's files say. Raises: InvalidArgument.
    """
    raw = ask.header("x-registry-auth")
    if raw in ("", "null"):
        return Access(tls_verify=tls_verify)
    text = _plain(raw)
    if text.strip() in (b"", b"null"):
        return Access(tls_verify=tls_verify)
    try:
        fields = decode(text, dict[str, msgspec.Raw])
        if all(value[:1] == b"{" for value in map(bytes, fields.values())) and fields:
            return _of(decode(text, dict[str, Account]), image).access(tls_verify)
        return decode(text, Account).access(tls_verify)
    except (msgspec.DecodeError, UnicodeError):
        raise _refusal("it is not a JSON object of texts") from None


def several(ask: Request) -> dict[str, Account]:
    """X-Registry-Config: the account for each registry, for what needs images of several. Raises: InvalidArgument."""
    raw = ask.header("x-registry-config")
    text = _plain(raw, "X-Registry-Config").strip() if raw else b""
    if text in (b"", b"null"):
        return {}
    try:
        return {registry(name): account for name, account in decode(text, dict[str, Account]).items()}
    except (msgspec.DecodeError, UnicodeError):
        raise _refusal("it is not a JSON object of accounts", "X-Registry-Config") from None


def registry(address: str) -> str:
    """The host of a registry in an address of docker's configuration: "https://index.docker.io/v1/"."""
    host = address.partition("://")[2] or address
    host = host.partition("/")[0]
    return _HUB[0] if host in _HUB else host


def _of(accounts: dict[str, Account], image: str) -> Account:
    wanted = parse(image.removeprefix("docker://")).registry or _HUB[0]
    known = {registry(name): account for name, account in accounts.items()}
    return known.get(wanted, Account())


def _plain(text: str, header: str = "X-Registry-Auth") -> bytes:
    """What stands in base64, in either alphabet, with or without padding."""
    if len(text) > _AT_MOST:
        raise _refusal("it is too long", header)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _refusal("it is not base64", header) from None


def _refusal(why: str, header: str = "X-Registry-Auth") -> InvalidArgument:
    return InvalidArgument(f"bad parameters: the header {header} cannot be used: {why}")
