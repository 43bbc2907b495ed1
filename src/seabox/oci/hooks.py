"""OCI hooks from directories: which apply to a container, and running those that are the engine's affair.

A directory holds files NAME.json that say which program is run at which stages for which containers; a later directory
replaces a file of the same name. The runtime runs most stages: they are written into config.json. The engine runs
`precreate`, which gets config.json on stdin and prints it as it shall be, and `poststop`, which gets the container's
state on stdin after the runtime has forgotten it.
"""

from __future__ import annotations

import os

from ..diagnostics import warning
from ..errors import Refused, SeaboxError
from ..kernel import files
from ..kernel.programs import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_RUNTIMES = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart")
_OURS = ("precreate", "poststop")
_SECONDS = 60.0  # for one hook that names no time
_LIMIT = 16 << 20  # bytes of a config.json
_KEPT = "hooks.json"  # in the bundle: the hooks that run when the container has ended


class HookFailed(Refused):
    """A hook of the host's administrator refused the container, or could not be run."""


def apply(
    directories: Sequence[str], bundle: str, argv: Sequence[str], annotations: Mapping[str, str], binds: bool
) -> None:
    """The bundle's config.json is as the hooks for this container want it; those for its end are noted beside it.

    Blocks while they run. Raises: HookFailed.
    """
    found = _matching(directories, argv, annotations, binds)
    if not any(found.values()):
        return
    import json

    path = f"{bundle}/config.json"
    with open(path, "rb") as file:
        config = json.load(file)
    hooks = config.setdefault("hooks", {})
    for stage in _RUNTIMES:
        if found[stage]:
            hooks[stage] = hooks.get(stage, []) + found[stage]
    for hook in found["precreate"]:
        config = _precreate(hook, config)
    files.write_atomic(path, json.dumps(config).encode(), durable=False)
    if found["poststop"]:
        kept = {"hooks": found["poststop"], "annotations": dict(annotations)}
        files.write_atomic(f"{bundle}/{_KEPT}", json.dumps(kept).encode(), durable=False)


def poststop(bundle: str, id: str) -> None:
    """The hooks for the container's end have run; what goes wrong with one is a warning. Blocks while they run."""
    try:
        with open(f"{bundle}/{_KEPT}", "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return
    import json

    kept = json.loads(text)
    state = {
        "ociVersion": "1.0.2", "id": id, "status": "stopped", "bundle": bundle, "annotations": kept["annotations"]
    }  # fmt: skip
    for hook in kept["hooks"]:
        try:
            _run(hook, json.dumps(state).encode())
        except HookFailed as problem:
            warning("container %s: %s", id, problem)


def _precreate(hook: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    import json

    answer = _run(hook, json.dumps(config).encode())
    try:
        fresh = json.loads(answer)
    except ValueError:
        raise HookFailed(f"precreate hook {hook['path']} printed no configuration") from None
    if not isinstance(fresh, dict) or "process" not in fresh:
        raise HookFailed(f"precreate hook {hook['path']} printed no configuration")
    return fresh


def _run(hook: dict[str, Any], input: bytes) -> bytes:
    """What the hook printed. Raises: HookFailed."""
    argv = [hook["path"], *hook.get("args", [hook["path"]])[1:]]
    env = dict(entry.partition("=")[::2] for entry in hook.get("env", ()))
    try:
        done = run(
            argv, env=env, input=input, timeout_seconds=float(hook.get("timeout") or _SECONDS), output_limit=_LIMIT
        )
    except (SeaboxError, OSError) as problem:
        raise HookFailed(f"hook {hook['path']}: {problem}") from None
    if done.code:
        words = done.err.decode(errors="replace").strip().replace("\n", "; ")
        raise HookFailed(f"hook {hook['path']} ended with code {done.code}{': ' if words else ''}{words}")
    return done.out


def _matching(
    directories: Sequence[str], argv: Sequence[str], annotations: Mapping[str, str], binds: bool
) -> dict[str, list[dict[str, Any]]]:
    """The hooks for such a container, by stage, in the order of their files' names."""
    chosen: dict[str, list[dict[str, Any]]] = {stage: [] for stage in (*_RUNTIMES, *_OURS)}
    paths: dict[str, str] = {}
    for folder in directories:
        try:
            paths |= {name: f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".json")}
        except FileNotFoundError:
            continue
    for name in sorted(paths):
        hook, when, stages = _read(paths[name])
        if _fits(when, argv, annotations, binds, paths[name]):
            for stage in stages:
                chosen[stage].append(hook)
    return chosen


def _read(path: str) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The hook, its condition and its stages. Raises: HookFailed naming the file."""
    import json

    try:
        with open(path, "rb") as file:
            said = json.load(file)
        hook, when, stages = said["hook"], said["when"], said["stages"]
        sound = said["version"] == "1.0.0" and hook["path"].startswith("/") and isinstance(when, dict)
        if not sound or not set(stages) <= {*_RUNTIMES, *_OURS}:
            raise ValueError("unknown version or stage, or a path that is not absolute")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as problem:
        raise HookFailed(f"parsing hook {path}: {problem}") from None
    return hook, when, stages


def _fits(
    when: Mapping[str, Any], argv: Sequence[str], annotations: Mapping[str, str], binds: bool, path: str
) -> bool:
    """Whether every condition that is given holds; without any, none does."""
    import re

    tests: list[bool] = []
    try:
        if "always" in when:
            tests.append(bool(when["always"]))
        if "hasBindMounts" in when:
            tests.append(bool(when["hasBindMounts"]) == binds)
        if "commands" in when:
            tests.append(any(re.search(pattern, argv[0]) for pattern in when["commands"]))
        for key, value in when.get("annotations", {}).items():
            tests.append(any(re.search(key, k) and re.search(value, v) for k, v in annotations.items()))
    except (re.error, TypeError, AttributeError) as problem:
        raise HookFailed(f"parsing hook {path}: {problem}") from None
    return bool(tests) and all(tests)
