from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument
from seabox.images.reference import candidates, local_name, parse

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("busybox", ["localhost/busybox:latest", "docker.io/library/busybox:latest"]),
        ("busybox:1.36", ["localhost/busybox:1.36", "docker.io/library/busybox:1.36"]),
        ("me/tool", ["localhost/me/tool:latest", "docker.io/me/tool:latest"]),
        ("localhost/busybox", ["localhost/busybox:latest"]),
        ("docker.io/busybox", ["docker.io/library/busybox:latest"]),
        ("index.docker.io/library/busybox", ["docker.io/library/busybox:latest"]),
        ("quay.io/a/b__c-d--e.f:V1.0-x", ["quay.io/a/b__c-d--e.f:V1.0-x"]),
        ("registry:5000/a", ["registry:5000/a:latest"]),
        ("Registry.Example.COM/a", ["Registry.Example.COM/a:latest"]),
        ("127.0.0.1:5000/a:1", ["127.0.0.1:5000/a:1"]),
        (f"busybox@{DIGEST}", [f"localhost/busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"]),
        (f"quay.io/a:1@{DIGEST}", [f"quay.io/a@{DIGEST}"]),
    ],
)
def test_a_name_means_what_podman_takes_it_to_mean(typed: str, meant: list[str]) -> None:
    assert list(candidates(typed)) == meant


@pytest.mark.parametrize(
    "bad",
    [
        "", ":", "/", "a:", "a@", "a/", "/a", "a//b", "Busybox", "a b", "a..b", "a___b", "-a", "a-", "a:-x", "a:b:c",
        "a:" + "x" * 129, "a@sha256:12", f"a@md5:{'0' * 64}", "quay.io:99999/a", "-x.io/a", "quay..io/a", "a\n", "é",
        "a/" * 130 + "a", f"@{DIGEST}", "a:b/c",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_in_one_line(bad: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid reference format") as caught:
        parse(bad)
    assert "\n" not in str(caught.value)


def test_an_upper_case_name_is_told_so() -> None:
    with pytest.raises(InvalidArgument, match="must be lowercase"):
        parse("BusyBox")


def test_images_made_here_are_local_unless_they_say_otherwise() -> None:
    assert local_name("tool") == "localhost/tool:latest"
    assert local_name("quay.io/x/tool:2") == "quay.io/x/tool:2"
    with pytest.raises(InvalidArgument, match="cannot have a digest"):
        local_name(f"tool@{DIGEST}")


@given(st.text(alphabet="aA0._-/:@", max_size=12) | st.text(max_size=20))
def test_any_text_is_a_name_that_means_itself_or_is_refused(text: str) -> None:
    try:
        found = candidates(text)
    except InvalidArgument:
        return
    assert all(candidates(name) == (name,) for name in found)
    assert all(not set(name) & set(" \n\x00\\'\"") for name in found)
