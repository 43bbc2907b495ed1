"""Searching a registry: one that searches, one that only lists, and what neither may do to us."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seabox.images.search import search
from seabox.images.skopeo import Access, TransferFailed

Answer = Callable[[str, str], tuple[int, dict[str, str], object]]  # of path and authorization


@contextmanager
def registry(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, headers, told = answer(self.path, self.headers.get("Authorization", ""))
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(code)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *words: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def names(host: str, words: str = "box", limit: int = 25, access: Access | None = None) -> list[str]:
    found = search(host, words, limit=limit, access=access or Access(tls_verify=False), insecure=False, env={})
    return [each.name.removeprefix(f"{host}/") for each in found]


def test_one_that_searches() -> None:
    told = {"results": [
        {"name": "a/box", "description": "one\nof \x1b[31mthem", "star_count": 5, "is_official": True},
        {"name": "Bad Name"}, {"name": 5}, "what", {"name": "b/box"},
    ]}  # fmt: skip
    asked = []

    def answer(path: str, said: str) -> tuple[int, dict[str, str], object]:
        asked.append(path)
        return 200, {}, told

    with registry(answer) as host:
        found = search(host, "a b", limit=9, access=Access(), insecure=True, env={})
    assert asked == ["/v1/search?q=a%20b&n=9"]
    assert [(each.name, each.stars, each.official) for each in found] == [
        (f"{host}/a/box", 5, True), (f"{host}/b/box", 0, False),
    ]  # fmt: skip
    assert found[0].description == "one of  [31mthem"


def test_one_that_only_lists_what_it_has() -> None:
    def answer(path: str, said: str) -> tuple[int, dict[str, str], object]:
        if path.startswith("/v1"):
            return 404, {}, b"no such page"
        if "last" in path:
            return 200, {}, {"repositories": ["z/box", "other"]}
        return 200, {"Link": '</v2/_catalog?last=c&n=1000>; rel="next"'}, {"repositories": ["a/box", "c", "../box"]}

    with registry(answer) as host:
        assert names(host) == ["a/box", "z/box"]
        assert names(host, limit=1) == ["a/box"]
        assert names(host, "") == ["a/box", "c", "z/box", "other"]


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_credentials(kind: str) -> None:
    """They go where they are asked for."""
    place = []

    def answer(path: str, said: str) -> tuple[int, dict[str, str], object]:
        if path.startswith("/token"):
            return (200, {}, {"token": "t"}) if said == "Basic dTpw" else (403, {}, {})
        if said == ("Bearer t" if kind == "bearer" else "Basic dTpw"):
            return 200, {}, {"results": [{"name": "box"}]}
        realm = f'Bearer realm="http://{place[0]}/token",service="s"' if kind == "bearer" else 'Basic realm="r"'
        return 401, {"WWW-Authenticate": realm}, {}

    with registry(answer) as host:
        place.append(host)
        assert names(host, access=Access(tls_verify=False, creds="u:p")) == ["box"]
        with pytest.raises(TransferFailed, match=f"searching registry {host}: 40[13] "):
            names(host)


def test_one_that_does_not_answer_as_it_should() -> None:
    with registry(lambda path, said: (404, {}, b"")) as host, pytest.raises(TransferFailed, match="can neither be"):
        names(host)
    with registry(lambda path, said: (500, {}, b"")) as host, pytest.raises(TransferFailed, match="500"):
        names(host)
    with registry(lambda path, said: (200, {}, {"repositories": []})) as host, pytest.raises(TransferFailed):
        names(host, access=Access())  # HTTPS alone
    with pytest.raises(TransferFailed):
        names("127.0.0.1:1")
