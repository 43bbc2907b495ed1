"""Which images a Containerfile needs."""

from __future__ import annotations

import pytest

from seabox.images.containerfile import bases


@pytest.mark.parametrize(
    ("text", "begun", "copied"),
    [
        ("FROM a\nRUN true", ["a"], []),
        ("from --platform=linux/arm q.io/a:1 as one\nFROM one\nFROM scratch\nCOPY --from=one /x /y", ["q.io/a:1"], []),
        ("ARG V=3\nARG N\nFROM a:$V\nFROM b:${W:-1}\nFROM c:${N}", ["a:9", "b:1"], []),
        ("FROM a AS x\nFROM b\nCOPY --chown=1 --from=x / /\nCOPY --from=c / /\nCOPY --from=0 / /", ["a", "b"], ["c"]),
        ("FROM a\nRUN --mount=type=bind,from=d,target=/d ls && \\\n  true", ["a"], ["d"]),
        ("FROM a\nRUN echo FROM b\nCOPY --from=a / /", ["a"], []),
    ],
)
def test_what_it_names(text: str, begun: list[str], copied: list[str]) -> None:
    assert bases([text], {"V": "9"}) == (begun, copied)
