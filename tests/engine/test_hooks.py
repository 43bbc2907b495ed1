"""OCI hooks from directories: what changes the configuration, what the runtime runs, what runs at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.changes import until
from engine.home import SLEEPER, Home
from seabox.oci.hooks import HookFailed


class Hooks:
    """A directory of hooks that run scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "hooks.d"
        self.folder.mkdir()

    def add(self, name: str, stage: str, script: str, **when: Any) -> None:
        program = self.folder / f"{name}.sh"
        program.write_text(script)
        program.chmod(0o755)
        hook = {
            "version": "1.0.0", "hook": {"path": str(program)}, "when": when or {"always": True}, "stages": [stage]
        }  # fmt: skip
        (self.folder / f"{name}.json").write_text(json.dumps(hook))


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    return Hooks(tmp_path)


def test_precreate_changes_the_configuration(home: Home, hooks: Hooks) -> None:
    hooks.add("host", "precreate", '#!/bin/sh\nsed "s/container-name/hooked-name/g"\n')
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        ctr = engine.containers.create("busybox", ["hostname"], hostname="container-name")
        with ctr.start_and_attach() as session:
            assert session.read_all().stdout == b"hooked-name\n"


def test_stages_of_the_runtime_and_the_end(home: Home, hooks: Hooks, tmp_path: Path) -> None:
    """The exit command runs what is for the end: it knows of the hooks from the container's own directory."""
    for stage in ("prestart", "poststop"):
        hooks.add(stage, stage, f"#!/bin/sh\ncat > {tmp_path}/{stage}.seen\n")
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        ctr = engine.containers.run("busybox", ["true"], annotations={"a": "b"})
        ctr.wait("exited")
        ctr.sync()
        ctr.cleanup()
    seen = {stage: json.loads((tmp_path / f"{stage}.seen").read_text()) for stage in ("prestart", "poststop")}
    assert seen["prestart"]["id"] == seen["poststop"]["id"] == ctr.id
    assert seen["poststop"]["status"] == "stopped"
    assert seen["poststop"]["annotations"] == {"a": "b"}


def test_they_run_whoever_starts_the_container_again(home: Home, hooks: Hooks, tmp_path: Path) -> None:
    """A supervisor that an engine without these hooks started makes the later starts; others' hooks it does not run."""
    hooks.add("seen", "prestart", f"#!/bin/sh\ncat >> {tmp_path}/seen; echo >> {tmp_path}/seen\n")
    with home.engine() as plain:
        plain.containers.run("busybox", SLEEPER, healthcheck=("CMD", "true"), health_interval=1)
        with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
            ctr = engine.containers.run("busybox", ["false"], restart="on-failure:2")
        other = plain.containers.run("busybox", ["false"], restart="on-failure:1")
        for each, restarts in ((ctr, 2), (other, 1)):
            until(each, home, lambda state, n=restarts: state.restart_count == n and state.status == "exited")  # type: ignore[misc]
    seen = [json.loads(line)["id"] for line in (tmp_path / "seen").read_text().splitlines()]
    assert seen == [ctr.id] * 3


def test_only_where_all_conditions_hold(home: Home, hooks: Hooks, tmp_path: Path) -> None:
    touch = "#!/bin/sh\ntouch {}/{}; cat\n"
    hooks.add("command", "precreate", touch.format(tmp_path, "command"), commands=["^sleep$"])
    hooks.add("binds", "precreate", touch.format(tmp_path, "binds"), hasBindMounts=True)
    hooks.add("both", "precreate", touch.format(tmp_path, "both"), always=True, annotations={"^k$": "v"})
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        engine.containers.create("busybox", SLEEPER).init()
        assert [name for name in ("command", "binds", "both") if (tmp_path / name).exists()] == ["command"]
        engine.containers.create("busybox", SLEEPER, annotations={"k": "value"}).init()
        assert (tmp_path / "both").exists()


@pytest.mark.parametrize("script", ["#!/bin/sh\necho no >&2; exit 3\n", "#!/bin/sh\necho nonsense\n"])
def test_one_that_refuses(home: Home, hooks: Hooks, script: str) -> None:
    hooks.add("refuses", "precreate", script)
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        ctr = engine.containers.create("busybox", ["true"])
        with pytest.raises(HookFailed, match=r"refuses\.sh"):
            ctr.start()
        assert ctr.status == "created"


def test_one_that_cannot_be_read(home: Home, hooks: Hooks) -> None:
    (hooks.folder / "broken.json").write_text("{")
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        ctr = engine.containers.create("busybox", ["true"])
        with pytest.raises(HookFailed, match=r"parsing hook .*broken\.json"):
            ctr.start()


def test_one_that_fails_at_the_end_stops_nothing(home: Home, hooks: Hooks) -> None:
    hooks.add("end", "poststop", "#!/bin/sh\nexit 1\n")
    with home.engine(hooks_dir=(str(hooks.folder),)) as engine:
        ctr = engine.containers.run("busybox", SLEEPER)
        ctr.stop(timeout=0)
        assert ctr.status == "exited"
