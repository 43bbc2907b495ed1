"""Creating a pod: a row that keeps its name, its infra container, and then it is there."""

from __future__ import annotations

from contextlib import ExitStack

import msgspec

from ..container.claims import making
from ..errors import InvalidArgument, PodNameInUse, SeaboxError, Unsupported
from ..model.decoding import convert
from ..model.ids import check_name, new_id, random_name
from ..model.pod import PodConfig, PodRequest
from ..model.record import EventKind, Intent, PodRecord
from ..spec.hosts_syntax import check_hostname
from ..spec.resolve import parse_restart
from .infra import create_infra
from .remove import erase, mend
from .share import parse_share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.record import Claim
    from .services import PodServices

_NAME_TRIES = 20
_ONLY_WITH_INFRA = (
    ("dns", "DNSServer"), ("dns_options", "DNSOption"), ("dns_search", "DNSSearch"), ("add_hosts", "HostAdd"),
)  # fmt: skip


def request_of(name: str | None, options: dict[str, Any]) -> PodRequest:
    """The options of a caller as a request. Raises: InvalidArgument."""
    unknown = sorted(options.keys() - set(PodRequest.__struct_fields__))
    if unknown:
        raise InvalidArgument(f"pod create: unknown option {', '.join(unknown)}")
    asked = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
    try:
        return convert({**asked, "name": name}, PodRequest)
    except msgspec.ValidationError as problem:
        raise InvalidArgument(f"pod create: {problem}") from None


def create(on: PodServices, request: PodRequest) -> str:
    """The pod exists, with its infra container, none of it running; its id. Nothing is left of one that failed.

    Raises: InvalidArgument, Unsupported, PodNameInUse, NameInUse (of the infra container), NoSuchImage...
    """
    id = new_id()
    config = _configure(on, request, id)
    with making(Intent.CREATE, config.created_at) as claim, ExitStack() as undo:
        config = _register(on, request.name, config, claim)
        undo.callback(erase, on, id)
        infra = create_infra(on, request, config) if request.infra else ""
        on.store.pods.made(id, infra, EventKind.CREATE)
        undo.pop_all()
    return id


def _configure(on: PodServices, request: PodRequest, id: str) -> PodConfig:
    try:
        if request.name is not None:
            check_name(request.name)
        policy = request.exit_policy or on.config.pod_exit_policy
        if policy not in ("continue", "stop"):
            raise InvalidArgument(f'invalid pod exit policy: "{policy}"')
    except InvalidArgument as problem:
        raise InvalidArgument(f"running pod create option: {problem}") from None
    shared = parse_share(request)
    if not request.infra:
        _check_without_infra(request)
    if request.userns not in (None, "", "host"):
        raise Unsupported(f"user namespace {request.userns!a} is not supported: a pod has the host's")
    if request.hostname:
        check_hostname("hostname", request.hostname)
    parent = "/" + (request.cgroup_parent or on.config.cgroup_parent).strip("/")
    return PodConfig(
        id=id,
        name=request.name or "",
        created_at=on.clock.now(),
        labels=request.labels,
        shared=shared,
        exit_policy=policy,
        restart=_restart(request),
        hostname=request.hostname,
        cgroup_parent=parent,
        cgroup=f"{parent.rstrip('/')}/{id}" if request.infra and request.share_parent else "",
        volumes=request.volumes,
        devices=request.devices,
        security_opt=request.security_opt,
        create_command=request.create_command,
    )


def _restart(request: PodRequest) -> str:
    parse_restart(request.restart)
    return request.restart


def _check_without_infra(request: PodRequest) -> None:
    if request.no_hosts:
        raise InvalidArgument("cannot specify --no-hosts without an infra container")
    if request.publish:
        raise InvalidArgument("you must have an infra container to publish port bindings to the host")
    for flag, value in (("--ip", request.ip), ("--ip6", request.ip6), ("--mac-address", request.mac_address)):
        if value:
            raise InvalidArgument(f"cannot set {flag} without infra container: invalid argument")
    if request.network is not None:
        raise InvalidArgument("NoInfra and network modes cannot be used together")
    for field, word in _ONLY_WITH_INFRA:
        if getattr(request, field):
            raise InvalidArgument(f"NoInfra and {word} are mutually exclusive pod options: invalid pod spec")


def _register(on: PodServices, name: str | None, config: PodConfig, claim: Claim) -> PodConfig:
    """The row is there, claimed by this process, under a name nobody else has."""
    labels = msgspec.json.encode(config.labels).decode() if config.labels else ""
    for attempt in range(_NAME_TRIES):
        config = msgspec.structs.replace(config, name=name or random_name())
        row = PodRecord(config.id, config.name, config.created_at, labels, config.exit_policy, config.cgroup)
        try:
            on.store.pods.add(row, msgspec.json.encode(config), claim)
        except PodNameInUse as taken:
            if _half_made(on, config.name) or (name is None and attempt + 1 < _NAME_TRIES):
                continue
            taken.args = (f"adding pod to state: {taken}",)
            raise
        return config
    raise PodNameInUse(config.name)


def _half_made(on: PodServices, name: str) -> bool:
    """Whether the name was a pod's whose creation or removal died; if so it is gone now."""
    try:
        return not mend(on, on.store.pods.load(on.store.pods.find(name)))
    except SeaboxError:
        return False
