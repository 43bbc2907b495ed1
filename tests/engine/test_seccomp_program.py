"""The default filter is compiled once for crun: it must be exactly what crun would have made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import seabox
from engine.home import Home
from seabox.spec.seccomp_program import ANNOTATION


def _created(engine: seabox.Engine, **options: Any) -> tuple[dict[str, Any], bytes]:
    """config.json of a container, and the filter that crun is about to install in it."""
    ctr = engine.containers.create("busybox", ["true"], log_driver="none", **options)
    ctr.init()
    try:
        config: dict[str, Any] = json.loads(Path(engine.config.run_dir(ctr.id), "config.json").read_text())
        return config, Path(engine.config.runtime_root("crun"), ctr.id, "seccomp.bpf").read_bytes()
    finally:
        ctr.remove(force=True)


@pytest.mark.parametrize("options", [{}, {"cap_drop": ("ALL",)}, {"cap_add": ("SYS_ADMIN",)}])
def test_it_is_what_crun_compiles(home: Home, engine: seabox.Engine, options: dict[str, Any], tmp_path: Path) -> None:
    if home.runtime != "crun":
        return  # the others take rules only
    config, given = _created(engine, **options)
    assert ANNOTATION in config["annotations"]
    rules = tmp_path / "profile.json"
    rules.write_text(json.dumps(config["linux"]["seccomp"]))
    plain, made = _created(engine, security_opt=(f"seccomp={rules}",), **options)
    assert ANNOTATION not in plain.get("annotations", {})
    assert plain["linux"]["seccomp"] == config["linux"]["seccomp"]
    assert given == made


def test_the_rules_are_there_as_well(home: Home, engine: seabox.Engine) -> None:
    """For a crun that does not know the annotation; and other runtimes get nothing but rules."""
    ctr = engine.containers.create("busybox", ["true"], log_driver="none")
    ctr.init()
    config = json.loads(Path(engine.config.run_dir(ctr.id), "config.json").read_text())
    assert config["linux"]["seccomp"]["syscalls"]
    assert (ANNOTATION in config.get("annotations", {})) == (home.runtime == "crun")
