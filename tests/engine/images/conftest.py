from __future__ import annotations

import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import seabox
from seabox.images.skopeo import Access
from seabox.kernel import cgroups
from seabox.testing.census import take

REGISTRY = shutil.which("docker-registry")
_LISTENS = re.compile(r"listening on (127\.0\.0\.1:\d+)\b")
USER, PASSWORD = "sailor", "ahoy there"


class Registry:
    """A registry on this host. Its storage is a directory; `access` is how to reach it."""

    def __init__(self, folder: Path, *, guarded: bool) -> None:
        auth = ""
        if guarded:
            made = subprocess.run(
                ["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, check=True
            )  # fmt: skip
            (folder / "htpasswd").write_bytes(made.stdout)
            auth = f"auth:\n  htpasswd:\n    realm: harbour\n    path: {folder}/htpasswd\n"
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\n"
            f"http:\n  addr: 127.0.0.1:0\n{auth}"
        )
        self.access = Access(tls_verify=False)
        self.login = Access(tls_verify=False, creds=f"{USER}:{PASSWORD}")
        assert REGISTRY is not None
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [REGISTRY, "serve", f"{folder}/config.yml"], stdout=log, stderr=log
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while (found := _LISTENS.search((folder / "log").read_text())) is None:  # on a port that was free
            assert self._process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        self.host = found[1]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if REGISTRY is None:
        pytest.skip("docker-registry is not installed")
    found = Registry(tmp_path_factory.mktemp("registry"), guarded=False)
    yield found
    found.close()


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if REGISTRY is None or shutil.which("htpasswd") is None:
        pytest.skip("docker-registry or htpasswd (apache2-utils) is not installed")
    found = Registry(tmp_path_factory.mktemp("guarded"), guarded=True)
    yield found
    found.close()


@contextmanager
def make_engine(folder: Path, driver: str) -> Iterator[seabox.Engine]:
    """An engine on a folder, with a cgroup that no other test has; the cgroup is gone afterwards."""
    parent = f"/seabox-images-{uuid.uuid4().hex[:8]}"
    try:
        with seabox.Engine(
            root=f"{folder}/root", runroot=f"{folder}/run", storage_driver=driver, runtime="runc",
            cgroup_parent=parent,
        ) as engine:  # fmt: skip
            yield engine
    finally:
        cgroups.remove(parent, kill=True)


@pytest.fixture(params=["overlay", "vfs"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[seabox.Engine]:
    """An engine of its own, which leaves nothing but its store."""
    with make_engine(tmp_path, request.param) as found:
        found.images.list()  # opens the database
        before = take(found.config.root, found.config.runroot, cgroup_parent=found.config.cgroup_parent)
        yield found
        for seen in found.containers.list():
            found.containers.get(seen.facts.id).remove(force=True, timeout=0)
        for row, _ in found.images.mounted():
            found.images.unmount(row.id)
        assert before.left_since() == []
