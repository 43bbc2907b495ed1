"""Repositories that a registry has of some words: one question over HTTP, for which there is no other program."""

from __future__ import annotations

import base64
import os
import re

import msgspec

from .skopeo import Access, TransferFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse
    from typing import Any

_SECONDS = 30.0
_LARGEST = 16 << 20  # bytes of an answer
_NAME = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*", re.ASCII)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class FoundRepository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository that a registry names, and what it says of it."""

    registry: str
    name: str  # REGISTRY/NAME
    description: str = ""
    stars: int = 0
    official: bool = False
    automated: bool = False


def search(
    registry: str, words: str, *, limit: int, access: Access, insecure: bool, env: Mapping[str, str]
) -> list[FoundRepository]:
    """The repositories of the registry that fit the words, at most `limit`. `insecure`: unless `access` says.

    A registry that does not search (/v1/search) is asked for all it has (/v2/_catalog).
    Raises: TransferFailed. Blocks, for half a minute at most for each question.
    """
    from urllib.parse import quote

    client = _Client(registry, access, insecure, env)
    answer = client.ask(f"/v1/search?q={quote(words)}&n={limit}")
    if answer is not None:
        results = answer.get("results")
        return [found for each in results or () if (found := _described(registry, each)) is not None][:limit]
    names: list[str] = []
    path = "/v2/_catalog?n=1000"
    while path and len(names) < limit:
        answer = client.ask(path)
        if answer is None:
            raise TransferFailed(f"searching registry {registry}: it can neither be searched nor list what it has")
        names += [name for name in answer.get("repositories") or () if _is_name(name) and words in name]
        path = client.next
    return [FoundRepository(registry=registry, name=f"{registry}/{name}") for name in names[:limit]]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _described(registry: str, told: Any) -> FoundRepository | None:
    """What a registry tells of a repository, if it makes sense."""
    if not isinstance(told, dict) or not _is_name(told.get("name")):
        return None
    stars = told.get("star_count")
    return FoundRepository(
        registry=registry, name=f"{registry}/{told['name']}",
        description="".join(c if c.isprintable() else " " for c in str(told.get("description") or "")),
        stars=stars if isinstance(stars, int) else 0, official=told.get("is_official") is True,
        automated=told.get("is_automated") is True,
    )  # fmt: skip


class _Client:
    """Questions to one registry, the first of which finds out how it is reached."""

    def __init__(self, registry: str, access: Access, insecure: bool, env: Mapping[str, str]) -> None:
        self._registry, self._access, self._env = registry, access, env
        lax = insecure if access.tls_verify is None else not access.tls_verify
        host = "index.docker.io" if registry == "docker.io" else registry
        self._bases = [f"https://{host}", *([f"http://{host}"] if lax else [])]
        self._lax, self._authorization = lax, ""
        self.next = ""  # where the last answer goes on

    def ask(self, path: str) -> dict[str, Any] | None:
        """The object that is the answer; None if there is nothing at the path. Raises: TransferFailed."""
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError

        problem: object = "no answer"
        for base in list(self._bases):
            try:
                try:
                    answer = self._open(f"{base}{path}")
                except HTTPError as refusal:
                    if refusal.code != 401:
                        raise
                    self._authorize(refusal.headers.get("WWW-Authenticate", ""))
                    answer = self._open(f"{base}{path}")
                self._bases = [base]
                return answer
            except HTTPError as refusal:
                if refusal.code in (404, 405):
                    self._bases = [base]
                    return None
                problem = f"{refusal.code} {refusal.reason}"
                break
            except URLError as refusal:
                problem = f"pinging container registry {self._registry}: {refusal.reason}"
            except (HTTPException, OSError, ValueError) as refusal:
                problem = refusal
        raise TransferFailed(f"searching registry {self._registry}: {' '.join(str(problem).split())}")

    def _open(self, url: str) -> dict[str, Any] | None:
        import ssl
        from urllib.request import HTTPSHandler, Request, build_opener

        context = ssl.create_default_context()
        for certificate in _certificates(self._access.cert_dir):
            context.load_verify_locations(certificate)
        if self._lax:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        request = Request(url, headers={"Accept": "application/json"})
        if self._authorization:
            request.add_unredirected_header("Authorization", self._authorization)
        answer: HTTPResponse
        with build_opener(HTTPSHandler(context=context)).open(request, timeout=_SECONDS) as answer:
            said = answer.read(_LARGEST + 1)
            self.next = _following(answer.headers.get("Link", ""))
        if len(said) > _LARGEST:
            raise ValueError("the answer is too long")
        try:
            told = msgspec.json.decode(said)
        except msgspec.DecodeError:
            return None  # a page for people
        return told if isinstance(told, dict) else None

    def _authorize(self, challenge: str) -> None:
        """From now on we say who we are, in the way that the registry wants to hear it."""
        from urllib.parse import urlencode

        secret = self._secret()
        basic = f"Basic {secret}" if secret else ""
        kind, _, rest = challenge.partition(" ")
        facts = dict(_CHALLENGE.findall(rest))
        self._authorization = basic
        if kind.lower() != "bearer" or not facts.get("realm", "").startswith(("https://", "http://")):
            return
        wanted = {"service": facts.get("service", ""), "scope": facts.get("scope") or "registry:catalog:*"}
        told = self._open(f"{facts['realm']}?{urlencode(wanted)}") or {}
        self._authorization = f"Bearer {told.get('token') or told.get('access_token') or ''}"

    def _secret(self) -> str:
        """The credentials for the registry, as base64 of USER:PASSWORD, "" if there are none."""
        if self._access.creds:
            return base64.b64encode(self._access.creds.encode()).decode()
        for path in _authfiles(self._access, self._env):
            try:
                with open(path, "rb") as file:
                    known = msgspec.json.decode(file.read()).get("auths") or {}
                secret = known.get(self._registry, {}).get("auth")
            except (OSError, msgspec.DecodeError, AttributeError):
                continue
            if isinstance(secret, str) and secret:
                return secret
        return ""


def _authfiles(access: Access, env: Mapping[str, str]) -> list[str]:
    """Where skopeo looks for credentials, in its order."""
    if named := access.authfile or env.get("REGISTRY_AUTH_FILE", ""):
        return [named]
    home, runtime = env.get("HOME", "/root"), env.get("XDG_RUNTIME_DIR", "")
    first = f"{runtime}/containers/auth.json" if runtime else f"/run/containers/{os.getuid()}/auth.json"
    return [first, f"{home}/.config/containers/auth.json", f"{home}/.docker/config.json"]


def _certificates(folder: str) -> Iterator[str]:
    if folder:
        yield from (f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".crt"))


def _following(link: str) -> str:
    """The path in a header like `</v2/_catalog?last=b&n=1000>; rel="next"`, "" if it leads nowhere or elsewhere."""
    path = link.partition("<")[2].partition(">")[0]
    return path if path.startswith("/v2/_catalog?") and 'rel="next"' in link else ""
