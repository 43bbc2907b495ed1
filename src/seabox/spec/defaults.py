"""What a container gets where a request says nothing: the [containers] table of containers.conf, put into requests."""

from __future__ import annotations

from msgspec import structs

from ..errors import InvalidArgument
from .limits import parse_size
from .sysctls import check_sysctls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..model.container import CreateRequest, Namespaces

# fields that hold None, or "" or (), until somebody says something
_IF_UNSAID = (
    "cgroupns", "ipc", "uts", "pid", "userns", "cgroups", "dns", "dns_search", "dns_options", "init", "init_path",
    "oom_score_adj", "tz", "image_volume", "read_only", "hosts_file", "host_address",
)  # fmt: skip
_BEFORE = ("ulimits", "devices", "volumes")


def with_defaults(request: CreateRequest, said: Mapping[str, Any]) -> CreateRequest:
    """`request`, completed by what the configuration says. Raises: InvalidArgument."""
    changes: dict[str, Any] = {}
    for name in _IF_UNSAID:
        if name in said and getattr(request, name) in (None, "", ()):
            changes[name] = tuple(said[name]) if isinstance(said[name], list) else said[name]
    for name in _BEFORE:
        if name in said:
            changes[name] = (*said[name], *getattr(request, name))
    if "annotations" in said:
        changes["annotations"] = _pairs("annotations", said["annotations"]) | request.annotations
    if "env" in said:
        changes["base_env"] = _pairs("env", said["env"]) | request.base_env
    if "capabilities" in said and request.capabilities is None:
        changes["capabilities"] = tuple(said["capabilities"])
    if "sysctls" in said:
        changes["default_sysctls"] = _pairs("default_sysctls", said["sysctls"])
    if "log_tag" in said:
        changes["log_options"] = {"tag": said["log_tag"]} | request.log_options
    if said.get("no_hosts") and not request.add_hosts:
        changes["no_hosts"] = True
    if "shm_size" in said and request.shm_size is None:
        changes["shm_size"] = parse_size(said["shm_size"])
    if "umask" in said and request.umask is None:
        changes["umask"] = _octal(said["umask"])
    changes["security_opt"] = (*_security(request, said), *request.security_opt)
    return structs.replace(request, **changes)


def _security(request: CreateRequest, said: Mapping[str, Any]) -> Iterable[str]:
    for key in ("apparmor", "seccomp"):
        given = any(option.startswith((f"{key}=", f"{key}:")) for option in request.security_opt)
        if said.get(key) and not given and not request.privileged:
            yield f"{key}={said[key]}"


def _pairs(what: str, texts: Iterable[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InvalidArgument(f"containers.conf: {what}: {text!a} is not KEY=VALUE")
        found[key] = value
    return found


def _octal(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise InvalidArgument(f"invalid umask string {text}: invalid argument") from None


def allowed_sysctls(request: CreateRequest, namespaces: Namespaces) -> dict[str, str]:
    """What the request sets, and of the defaults those that do not reach beyond the container's own namespaces.

    Raises: InvalidArgument.
    """
    found: dict[str, str] = {}
    for name, value in request.default_sysctls.items():
        try:
            found |= check_sysctls({name: value}, namespaces)
        except InvalidArgument:
            continue
    return found | check_sysctls(request.sysctls, namespaces)
