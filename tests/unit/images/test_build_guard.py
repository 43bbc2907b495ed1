"""What a stranger's Containerfile may not ask for, however it is written."""

from __future__ import annotations

import json

import pytest

from seabox.images import build_guard
from seabox.images.build_guard import MountRefused, check_mounts, triggers
from seabox.images.needs import Host


@pytest.fixture(params=[(1, 28, 2), (1, 38, 0), ()])
def old(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_guard, "version", lambda host: request.param)


@pytest.mark.parametrize("text", [
    "RUN --mount=type=bind,source=a,target=/b true", "RUN --mount=source=a,target=/b true", "RUN --mount true",
    "run --network=none --mount=type=cache,target=/b true", "ONBUILD RUN --mount=from=x,target=/b true",
    "RUN --mount=target=/b,type=bind true", "RUN --mount=type=$KIND,source=a,target=/b true",
    "RUN --mount=type=tmpfs,target=/a --mount=type=bind,target=/b true", "RUN --mount=type=tmpfs,type=bind,target=/b x",
    "RUN \\\n--mount=type=bind,target=/b true", "RUN --mo\\\nunt=type=bind,target=/b true",
    "# escape=`\nRUN --mo`\nunt=type=bind,target=/b true", "RUN --mo\\  \n# a word\n\nunt=type=bind,target=/b true",
    "RUN --mo\\\r\n  unt=type=bind,target=/b true", 'RUN --mount="type=tmpfs",type=bind,target=/b true',
    "RUN --mount=type=tmp\\\nfs,source=a,type=bind,target=/b true",
])  # fmt: skip
def test_mounts_that_old_buildahs_let_out(old: None, text: str) -> None:
    with pytest.raises(MountRefused):
        check_mounts([text], Host())


@pytest.mark.parametrize("text", [
    "FROM busybox\nRUN true", "RUN --mount=type=secret,id=a true", "RUN --mount=id=a,type=ssh true",
    "RUN --mount=type=tmpfs,target=/b true",
])  # fmt: skip
def test_what_is_harmless(old: None, text: str) -> None:
    check_mounts([text], Host())


def test_newer_buildahs_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_guard, "version", lambda host: (1, 39))
    check_mounts(["RUN --mount=type=bind,target=/b true"], Host())


def test_lines_that_an_image_adds() -> None:
    config = {"history": [{"created_by": "RUN --mount=x"}], "Config": {"onbuild": ["RUN --mount=a"], "Env": ["b"]}}
    assert list(triggers(json.dumps(config).encode())) == ["RUN --mount=a"]
    assert list(triggers(b'{"config": {"OnBuild": null}}')) == []
