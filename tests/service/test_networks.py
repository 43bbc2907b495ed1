"""Networks as clients see them."""

from __future__ import annotations

from seabox.service.networks import docker_name, engine_name, mode_id


def test_names() -> None:
    """The default network is `bridge` to Docker's clients, and whatever they call it is found."""
    assert docker_name("seabox") == "bridge"
    assert docker_name("web") == "web"
    assert {engine_name(word) for word in ("", "default", "bridge", "seabox")} == {"seabox"}
    assert engine_name("web") == "web"
    assert engine_name(mode_id("host")) == engine_name("host") == "host"
