"""Settings as words of a command line: what conmon's exit command is told must be what its engine was told."""

from __future__ import annotations

import pytest

from seabox.config import EngineConfig
from seabox.errors import InvalidArgument


def test_defaults_need_no_words() -> None:
    assert EngineConfig().words() == []
    assert EngineConfig.from_words([]).cgroup_parent == EngineConfig().cgroup_parent


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("root", "/a b"), ("runroot", "/x=y"), ("cgroup_parent", ""), ("lock_timeout", 0.25), ("stop_timeout", 3),
        ("runtime_flags", ("--systemd-cgroup", "--x=y")), ("no_new_privileges", True), ("log_size_max", -1),
        ("conmon", "/opt/conmon"),
    ],
)  # fmt: skip
def test_what_is_told_is_understood(key: str, value: object) -> None:
    told = EngineConfig(**{key: value})
    understood = EngineConfig.from_words(told.words())
    assert all(getattr(told, name) == getattr(understood, name) for name in EngineConfig.__slots__)


def test_nonsense() -> None:
    with pytest.raises(InvalidArgument):
        EngineConfig.from_words(["colour=red"])
