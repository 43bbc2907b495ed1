"""Other limits, another restart policy, another health check for a container, whether or not it runs."""

from __future__ import annotations

import msgspec

from ..diagnostics import debug
from ..errors import InvalidArgument, SeaboxError
from ..kernel import process
from ..model.container import CreateRequest, ImageConfig
from ..model.decoding import convert
from ..model.health import STARTING
from ..model.record import ALIVE, EventKind, Intent, Status
from ..spec.environment import changed
from ..spec.facts import host_facts
from ..spec.health_syntax import declined, parse_healthcheck
from ..spec.limits import parse_resources
from ..spec.resolve import parse_restart
from ..spec.resources import cgroup_resources
from .create import facts_of
from .rename import write_copy
from .stored import encode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig
    from .guard import Locked

_CPU = ("cpu_quota", "cpu_period")
LIMITS = (
    "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset_cpus", "cpuset_mems", "memory", "memory_reservation",
    "memory_swap", "pids_limit",
)  # fmt: skip
_ENV = ("env", "unset_env")
HEALTH = (
    "health_interval", "health_max_log_count", "health_max_log_size", "health_on_failure", "health_retries",
    "health_start_interval", "health_start_period", "health_timeout", "healthcheck",
)  # fmt: skip


def update(ctr: Locked, **changes: object) -> None:
    """The container has the limits, restart policy, health check and variables given, and keeps all others.

    See CreateRequest. A running one is told of limits at once; its processes keep their variables, those that are
    started later have the new ones. Raises: InvalidArgument, StateConflict, Unsupported, OCIRuntimeFailed; then all is
    as it was.
    """
    ctr.require(*(status for status in Status if status is not Status.REMOVING))
    before = ctr.config
    after = _changed(before, changes)
    if after.resources != before.resources:
        cgroup_resources(after.resources, (), host_facts())  # raises Unsupported
    with ctr.claimed(Intent.UPDATE):
        _store(ctr, after)
        if after.resources != before.resources:
            try:
                apply(ctr)
            except BaseException:
                _store(ctr, before)
                raise
        write_copy(ctr)
        health = ctr.state.health
        if (after.healthcheck is None) != (before.healthcheck is None):
            health = STARTING if after.healthcheck is not None and ctr.state.status in ALIVE else ""
        ctr.become(ctr.state.replace(health=health), EventKind.UPDATE)


def _changed(before: ContainerConfig, changes: dict[str, object]) -> ContainerConfig:
    unknown = sorted(changes.keys() - {*LIMITS, *HEALTH, "restart", *_ENV})
    if unknown:
        raise InvalidArgument(f"update: unknown key {', '.join(unknown)}")
    if not changes:
        raise InvalidArgument("update: nothing to change")
    kept = {name: getattr(before.resources, name) for name in LIMITS if name != "cpus"}
    if "cpus" in changes:
        kept |= dict.fromkeys(_CPU)
    limits = {key: value for key, value in changes.items() if key in LIMITS}
    health = {key: value for key, value in changes.items() if key in HEALTH}
    if before.healthcheck is not None:
        health.setdefault("health_on_failure", before.healthcheck.on_failure)
    try:
        env = {key: value for key, value in changes.items() if key in _ENV}
        request = convert({**kept, **limits, **health, **env, "restart": changes.get("restart", "no")}, CreateRequest)
    except msgspec.ValidationError as problem:
        raise InvalidArgument(f"update: {problem}") from None
    resources = before.resources
    if limits:
        fresh = parse_resources(request, default_pids=-1, runtime=before.runtime)
        resources = msgspec.structs.replace(
            resources, **{name: getattr(fresh, name) for name in LIMITS if name != "cpus"}
        )
    policy, retries = before.restart_policy, before.restart_retries
    if "restart" in changes:
        policy, retries = parse_restart(request.restart)
        if before.auto_remove and policy != "no":
            raise InvalidArgument("a container that is removed at its end cannot have a restart policy")
    check, asked = before.healthcheck, before.asked
    if changes.keys() & set(HEALTH):
        asked = {key: word for key, word in asked.items() if key != "healthcheck"} | declined(request)
        check = parse_healthcheck(request, ImageConfig(id=before.image_id, healthcheck=before.healthcheck))
    return msgspec.structs.replace(
        before, resources=resources, restart_policy=policy, restart_retries=retries, healthcheck=check,
        asked=asked, env=changed(before.env, request),
    )  # fmt: skip


def _store(ctr: Locked, config: ContainerConfig) -> None:
    ctr.on.store.reconfigure(facts_of(config), encode_config(config))
    ctr.reload()


def apply(ctr: Locked) -> None:
    """The runtime keeps the limits that are stored. No effect on a container that does not run."""
    init = ctr.state.process
    if ctr.state.status not in ALIVE or init is None or not process.alive(init):
        return
    limits = cgroup_resources(ctr.config.resources, (), host_facts())
    ctr.runtime.update(ctr.id, msgspec.json.encode(limits))


def complete(ctr: Locked) -> None:
    """An update that was cut short is carried out: what is stored counts."""
    try:
        apply(ctr)
    except SeaboxError as problem:
        debug("limits of container %s: %s", ctr.id, problem)
    write_copy(ctr)
