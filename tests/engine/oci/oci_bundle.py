from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seabox.kernel import process
from seabox.kernel.watch import Watch
from seabox.oci.attachsock import AttachSocket
from seabox.oci.choose import crun_can_work
from seabox.oci.cli import CommandLineRuntime
from seabox.oci.exits import Exit, read_exit
from seabox.oci.runtime import Launch, Launched

CONMON = shutil.which("conmon") or "/usr/libexec/podman/conmon"
BUSYBOX = shutil.which("busybox") or ""
HIDDEN = """#!/bin/sh
exec unshare -m --propagation private sh -c 'umount /sys/fs/cgroup/unified; exec "$@"' sh {crun} "$@"
"""


@pytest.fixture(params=["runc", "crun"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLineRuntime:
    """A real runtime with records of its own; crun does not see the cgroup v2 mount it would refuse to work beside."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    path = shutil.which(request.param)
    if path is None or not os.access(CONMON, os.X_OK) or not BUSYBOX:
        pytest.skip(f"needs {request.param}, conmon and busybox")
    if request.param == "crun" and not crun_can_work():
        wrapper = tmp_path / "crun"
        wrapper.write_text(HIDDEN.format(crun=path))
        wrapper.chmod(0o755)
        if subprocess.run([wrapper, "--version"], capture_output=True, check=False).returncode:
            pytest.skip("crun refuses hybrid cgroups and this host does not let us unmount one in a mount namespace")
        path = str(wrapper)
    return CommandLineRuntime(path, str(tmp_path / "records"), conmon=CONMON)


class Bundle:
    """One container made by hand: a busybox root file system and the smallest config.json that will do."""

    def __init__(self, path: Path, runtime: CommandLineRuntime) -> None:
        self.id = uuid.uuid4().hex * 2
        self.path, self.runtime = str(path), runtime
        self.launched: Launched | None = None
        self.log = f"{self.path}/ctr.log"
        root = path / "rootfs"
        for folder in ("bin", "proc", "dev", "tmp", "etc"):
            (root / folder).mkdir(parents=True)
        shutil.copy(BUSYBOX, root / "bin/busybox")
        (root / "etc/hostname").write_text("not a program")

    def create(self, *argv: str, tty: bool = False, mount: str = "", **options: object) -> Launched:
        namespaces = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]
        config = {
            "ociVersion": "1.0.2",
            "process": {
                "terminal": tty,
                "user": {"uid": 0, "gid": 0},
                "args": argv,
                "env": ["PATH=/bin"],
                "cwd": "/",
            },
            "root": {"path": f"{self.path}/rootfs"},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
                {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance"]},
            ],
            "linux": {"cgroupsPath": f"/{self.id}", "namespaces": namespaces, "resources": {}},
        }  # fmt: skip
        if mount:
            bind = {"destination": "/tmp", "type": "bind", "source": mount, "options": ["bind"]}
            config["mounts"].append(bind)  # type: ignore[attr-defined]
        Path(self.path, "config.json").write_text(json.dumps(config))
        launch = Launch(
            id=self.id, name="test", bundle=self.path, tty=tty,
            **{"log_driver": "k8s-file", "log_path": self.log, **options},  # type: ignore[arg-type]
        )  # fmt: skip
        self.launched = self.runtime.create(launch)
        return self.launched

    def shell(self, script: str, **options: object) -> Launched:
        return self.create("/bin/busybox", "sh", "-c", script, **options)  # type: ignore[arg-type]

    def start(self) -> None:
        self.runtime.start(self.id)

    def attach(self) -> AttachSocket:
        return AttachSocket.connect(self.path)

    def await_exit(self, timeout_seconds: float = 120) -> Exit:
        with Watch() as watch:
            watch.add_dir(self.path)
            while (found := read_exit(self.path, self.id)) is None:
                assert watch.wait(timeout_seconds), "the container has not ended"
        return found

    def conmons(self) -> list[object]:
        """Those that are not about to end. Blocks up to a minute for each."""
        return [each for each in process.spawned_for(self.id, ("conmon",)) if not process.wait_gone(each, 60)]

    def clean(self) -> None:
        self.runtime.delete(self.id, force=True)
        if self.launched is not None and not process.wait_gone(self.launched.conmon, 60):
            process.send_signal(self.launched.conmon, signal.SIGKILL)
            pytest.fail("conmon was still there a minute after its container had been deleted")
        assert self.conmons() == []


@pytest.fixture
def make_bundle(tmp_path: Path, runtime: CommandLineRuntime) -> Iterator[Callable[[str], Bundle]]:
    made: list[Bundle] = []

    def make(name: str = "bundle") -> Bundle:
        made.append(Bundle(tmp_path / name, runtime))
        return made[-1]

    yield make
    for bundle in made:
        bundle.clean()


@pytest.fixture
def bundle(make_bundle: Callable[[str], Bundle]) -> Bundle:
    return make_bundle("bundle")
