"""registries.conf: what a name without a registry means, and mirrors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.images.conftest import make_engine
from seabox.errors import NoSuchImage
from seabox.images.skopeo import TransferFailed

if TYPE_CHECKING:
    from engine.images.conftest import Registry


@pytest.fixture
def conf(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registries.conf that knows the registry, as the second to be searched, by an alias and as a mirror."""
    path = tmp_path / "registries.conf"
    path.write_text(
        f'unqualified-search-registries = ["127.0.0.1:9", "{registry.host}"]\n'
        f'[aliases]\n"nick" = "{registry.host}/names/tool"\n'
        f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n'
        f'[[registry]]\nlocation = "127.0.0.1:9"\ninsecure = true\n'
        f'[[registry]]\nprefix = "quay.invalid"\nlocation = "quay.invalid"\n'
        f'[[registry.mirror]]\nlocation = "{registry.host}"\ninsecure = true\n'
        f'[[registry]]\nlocation = "closed.invalid"\nblocked = true\n'
    )
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(path))
    return path


def test_short_names_aliases_and_mirrors(registry: Registry, conf: Path, tmp_path: Path) -> None:
    with make_engine(tmp_path / "engine", "overlay") as engine:
        images = engine.images
        id = images.embed()
        images.push("busybox", f"{registry.host}/names/tool:latest")
        images.prune(all=True)

        lines: list[str] = []
        assert images.pull("names/tool", progress=lines.append) == id
        assert lines[0].startswith("Trying to pull 127.0.0.1:9/names/tool:latest")
        assert images.find(id).names == (f"{registry.host}/names/tool:latest",)
        assert images.find("names/tool").id == id
        images.remove(id)

        lines.clear()
        assert images.pull("nick", progress=lines.append) == id
        assert lines[0] == f'Resolved "nick" as an alias ({conf})'
        assert images.find("nick").id == id
        images.remove(id)

        assert images.pull("quay.invalid/names/tool") == id
        assert images.find(id).names == ("quay.invalid/names/tool:latest",)
        images.remove(id)

        with pytest.raises(TransferFailed, match=r"^2 errors occurred while pulling: "):
            images.pull("names/nothing")
        with pytest.raises(TransferFailed, match="blocked"):
            images.pull("closed.invalid/x")
        assert images.list() == []


def test_without_registries_a_short_name_means_nothing(conf: Path, tmp_path: Path) -> None:
    conf.write_text("unqualified-search-registries = []\n")
    with make_engine(tmp_path / "engine", "overlay") as engine, pytest.raises(NoSuchImage, match="no unqualified"):
        engine.images.pull("tool")
