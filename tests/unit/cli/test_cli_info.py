"""How `info` is written."""

from __future__ import annotations

from seabox.cli.commands.info import yaml


def test_yaml() -> None:
    """Maps in lists too, as podman writes the mirrors of a registry."""
    about = {"b": {"list": ["x", {"two": 2, "one": {"deep": True}}], "none": []}, "a": "1"}
    assert list(yaml(about)) == [
        'a: "1"',
        "b:",
        "  list:",
        "  - x",
        "  - one:",
        "      deep: true",
        "    two: 2",
        "  none: []",
    ]
