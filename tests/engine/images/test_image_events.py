"""What happens to images is told, as part of the commit in which it happens."""

from __future__ import annotations

from pathlib import Path

import seabox


def told(engine: seabox.Engine) -> list[tuple[str, str, str]]:
    return [(event.kind, event.id, event.name) for event in engine.events() if event.type == "image"]


def test_what_happens_to_images(engine: seabox.Engine, tmp_path: Path) -> None:
    id = engine.images.embed("busybox")
    tar = str(tmp_path / "b.tar")
    engine.images.push("busybox", f"dir:{tmp_path}/pushed")
    engine.images.save(["busybox"], tar)
    engine.images.load(tar)
    assert engine.images.pull(f"docker-archive:{tar}") == id
    engine.images.tag("busybox", "quay.io/me/it")
    engine.images.untag("busybox", "quay.io/me/it")
    engine.images.tag("busybox", "quay.io/me/it")
    engine.images.remove("quay.io/me/it")
    assert engine.images.past_names(id) == ["localhost/busybox:latest", "quay.io/me/it:latest"]
    engine.images.remove(id, force=True)
    assert told(engine) == [
        ("push", id, f"dir:{tmp_path}/pushed"),
        ("save", id, tar),
        ("loadfromarchive", id, tar),
        ("pull", id, f"docker-archive:{tar}"),
        ("tag", id, "quay.io/me/it"),
        ("untag", id, "quay.io/me/it:latest"),
        ("tag", id, "quay.io/me/it"),
        ("untag", id, "quay.io/me/it:latest"),
        ("untag", id, "localhost/busybox:latest"),
        ("remove", id, id),
    ]


def test_containers_show_the_complete_name(engine: seabox.Engine) -> None:
    id = engine.images.embed("busybox")
    for name in ("busybox", "localhost/busybox", id, id[:12]):
        ctr = engine.containers.create(name, ["true"])
        assert ctr.snapshot().facts.image == "localhost/busybox:latest"
        assert ctr.inspect()["ImageName"] == "localhost/busybox:latest"
        ctr.remove()
