"""A root to resolve names in, an engine's settings, and the way from a request to a specification."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seabox.config import EngineConfig
from seabox.model import oci
from seabox.model.container import ContainerConfig, CreateRequest, ImageConfig
from seabox.model.network import Network, Subnet
from seabox.spec.facts import HostFacts
from seabox.spec.generate import generate
from seabox.spec.place import Place
from seabox.spec.resolve import resolve

if TYPE_CHECKING:
    from seabox.spec.inherited_mounts import FindMounts

ID = "0123456789abcdef" * 4
IMAGE = ImageConfig(id="f" * 64, layers=("layer",), command=("sh",), env={"PATH": "/bin"})

NETWORK = Network(
    id="a" * 64, name="seabox", created_at=0, subnets=(Subnet(subnet="10.88.0.0/16", gateway="10.88.0.1"),)
)

Resolve = Callable[..., ContainerConfig]
Generate = Callable[..., oci.Spec]


@pytest.fixture
def facts() -> HostFacts:
    return HostFacts(rlimits={"nofile": (1024, 4096), "core": (0, 2**64 - 1), "nproc": (100, 200)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root file system with two users besides root."""
    root = tmp_path / "root"
    for folder in ("etc", "dev", "proc", "sys", "srv"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\n"
        "broken line\n"
        "huge:x:4294967296:0::/:\n"
        "bob:x:1000:100:Bob:/home/bob:/bin/sh\n"
        "1000x:x:7:7::/seven:/bin/sh\n"
        "homeless:x:1001:1001\n"
    )
    (root / "etc/group").write_text("root:x:0:\nusers:x:100:\nwheel:x:10:root,bob\nvideo:x:44:bob,alice\nbad:x:x:bob\n")
    (tmp_path / "bundle").mkdir()
    return root


@pytest.fixture
def place(root: Path, tmp_path: Path) -> Place:
    host_etc = tmp_path / "host-etc"
    host_etc.mkdir()
    (host_etc / "hosts").write_text("192.0.2.1 host-entry")
    (host_etc / "resolv.conf").write_text("search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n")
    return Place(
        rootfs=str(root), bundle=str(tmp_path / "bundle"), catatonit="/usr/bin/catatonit", host_etc=str(host_etc)
    )


@pytest.fixture
def resolved(facts: HostFacts, tmp_path: Path) -> Resolve:
    """`resolved(field=value...)` is the configuration of a request for IMAGE (or image=...)."""

    def call(
        *, image: ImageConfig | None = IMAGE, runtime: str = "/usr/bin/crun", find_mounts: FindMounts | None = None,
        **fields: Any,
    ) -> ContainerConfig:  # fmt: skip
        defaults = EngineConfig(root=str(tmp_path / "store"), runroot=str(tmp_path / "run"), network="none")
        return resolve(
            CreateRequest(**fields), image=image, defaults=defaults, facts=facts, id=ID, name="ship", now=5,
            runtime=runtime, find_container=lambda name: f"id-of-{name}",
            find_network=lambda name: NETWORK, find_mounts=find_mounts,
        )  # fmt: skip

    return call


@pytest.fixture
def generated(resolved: Resolve, place: Place, facts: HostFacts) -> Generate:
    """`generated(field=value...)` is the specification of such a request."""

    def call(*, place: Place = place, facts: HostFacts = facts, **fields: Any) -> oci.Spec:
        return generate(resolved(**fields), place, facts)

    return call
