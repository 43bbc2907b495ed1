"""Containers run straight by a runtime from a generated config.json, with busybox and the probe in their root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seabox.config import EngineConfig
from seabox.model.container import CreateRequest
from seabox.spec.facts import host_facts
from seabox.spec.generate import write_bundle
from seabox.spec.place import Place
from seabox.spec.resolve import resolve

Run = Callable[..., subprocess.CompletedProcess[str]]

# crun does not know what to make of a hybrid hierarchy: it gets one without the unified part
_WITHOUT_UNIFIED = (
    "unshare", "-m", "--propagation", "private", "sh", "-c", 'umount /sys/fs/cgroup/unified; exec "$@"', "sh",
)  # fmt: skip


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gcc"):
        pytest.skip("gcc is needed to build the probe")
    program = tmp_path_factory.mktemp("probe") / "probe"
    source = Path(__file__).with_name("probe.c")
    subprocess.run(["gcc", "-static", "-O1", "-Wall", "-Werror", "-o", program, source], check=True)
    return program


@pytest.fixture(params=["runc", "crun"])
def runtime(request: pytest.FixtureRequest) -> str:
    if os.geteuid() != 0:
        pytest.skip("running containers needs root")
    name: str = request.param
    if not shutil.which(name) or not os.path.exists("/bin/busybox"):
        pytest.skip(f"{name} and busybox are needed")
    return name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for name in "sh id ls cat env grep touch mknod mount hostname ps stat".split():
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/home/bob:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nusers:x:100:\nwheel:x:10:bob\n")
    return root


@pytest.fixture
def run(runtime: str, root: Path, tmp_path: Path) -> Run:
    """`run("command", field=value...)` is the finished container of such a request."""

    def call(*command: str, **fields: Any) -> subprocess.CompletedProcess[str]:
        id = os.urandom(32).hex()
        bundle = tmp_path / id[:8]
        bundle.mkdir()
        facts = host_facts()
        config = resolve(
            CreateRequest(rootfs=str(root), command=command, **fields),
            image=None, defaults=EngineConfig(root=str(tmp_path / "store"), cgroup_parent="", network="none"),
            facts=facts, id=id, name="ship", now=0, runtime=runtime,
        )  # fmt: skip
        catatonit = shutil.which("catatonit") or "/usr/libexec/podman/catatonit"
        write_bundle(config, Place(rootfs=str(root), bundle=str(bundle), catatonit=catatonit), facts)
        base = [runtime, "--root", str(tmp_path / "state")]
        if runtime == "crun" and facts.cgroup_mode == "hybrid":
            base = [*_WITHOUT_UNIFIED, *base]
        try:
            return subprocess.run(
                [*base, "run", "--bundle", str(bundle), id], capture_output=True, text=True, timeout=60,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        finally:
            subprocess.run([*base, "delete", "--force", id], capture_output=True, check=False)

    return call
