"""Seccomp profiles: docker's format and the OCI's are read, the OCI's is written.

Docker's says for which capabilities, architectures and kernels a rule holds; which of them do is decided here, so a
runtime only ever sees plain rules.
"""

from __future__ import annotations

import os
from functools import lru_cache

import msgspec

from ..errors import InvalidArgument, Refused
from ..model import oci
from ..model.decoding import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import Security
    from .facts import HostFacts

ALLOW, DENY = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
EPERM, ENOSYS = 1, 38

OURS = ("", "nested")  # the profiles that are no files
_MAX_PROFILE = 4 << 20  # bytes
_PRIVILEGE_FREE_ACTIONS = frozenset(
    f"SCMP_ACT_{name}" for name in ("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "LOG", "TRACE", "TRAP")
)

# by uname's word: docker's word, and the native architecture with those of its older ABIs. Not x32: kernels that can do
# it are rare and want to be told so at boot, and libseccomp takes half as long without it, for every container.
_ARCHES = {
    "x86_64": ("amd64", ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")),
    "aarch64": ("arm64", ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM")),
    "armv7l": ("arm", ("SCMP_ARCH_ARM",)),
    "i686": ("x86", ("SCMP_ARCH_X86",)),
    "ppc64le": ("ppc64le", ("SCMP_ARCH_PPC64LE",)),
    "riscv64": ("riscv64", ("SCMP_ARCH_RISCV64",)),
    "s390x": ("s390x", ("SCMP_ARCH_S390X", "SCMP_ARCH_S390")),
}


class Arg(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition on one argument, as in `oci.SeccompArg`."""

    index: int
    value: int
    op: str
    value_two: int = 0


class Conditions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Capabilities (all of them in `includes`, any in `excludes`), architectures of the host, its kernel."""

    caps: tuple[str, ...] | None = None
    arches: tuple[str, ...] | None = None
    min_kernel: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What happens to these calls if all of `args` hold. It counts if `includes` holds and `excludes` does not."""

    action: str
    names: tuple[str, ...] | None = None
    name: str = ""  # docker's older form
    errno_ret: int | None = None
    args: tuple[Arg, ...] | None = None
    includes: Conditions | None = None
    excludes: Conditions | None = None


class _ArchMap(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    architecture: str
    sub_architectures: tuple[str, ...] | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A profile in docker's format, of which the OCI's is the part without conditions."""

    default_action: str
    default_errno_ret: int | None = None
    architectures: tuple[str, ...] | None = None
    arch_map: tuple[_ArchMap, ...] | None = None
    flags: tuple[str, ...] | None = None
    syscalls: tuple[Rule, ...] | None = None


def read_profile(path: str) -> Profile:
    """The profile in the file `path`, or that is written there in its place, in either format.

    Raises: InvalidArgument if it cannot be read, is none, or wants to notify a listener.
    """
    if path.startswith("{"):
        return _parse("that was given", path.encode())
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            data = file.read(_MAX_PROFILE + 1)
    except OSError as problem:
        why = (problem.strerror or "unknown error").lower()
        raise InvalidArgument(f"opening seccomp profile failed: open {path}: {why}") from None
    return _parse(path, data)


def _parse(path: str, data: bytes) -> Profile:
    if len(data) > _MAX_PROFILE:
        raise InvalidArgument(f"loading seccomp profile {path} failed: larger than {_MAX_PROFILE >> 20} MiB")
    try:
        profile = decode(data, Profile)
    except msgspec.DecodeError as problem:
        raise InvalidArgument(f"loading seccomp profile {path} failed: {problem}") from None
    for action in (profile.default_action, *(rule.action for rule in profile.syscalls or ())):
        if action not in _PRIVILEGE_FREE_ACTIONS:
            raise InvalidArgument(f"loading seccomp profile {path} failed: action {action!a} is not supported")
    return profile


def filter_for(security: Security, bounding: frozenset[str], facts: HostFacts) -> oci.Seccomp | None:
    """The filter of a container with these capabilities, None for unconfined.

    Raises: Refused if the host cannot filter, InvalidArgument as `read_profile`.
    """
    given = security.seccomp
    if given == "unconfined" or (security.privileged and not given):
        return None
    if not facts.seccomp:
        raise Refused("this kernel has no seccomp filters: use --security-opt seccomp=unconfined to do without")
    if given in OURS:
        return _default_filter(bounding, facts, given == "nested")
    return plain_filter(read_profile(given), bounding, facts)


@lru_cache(16)
def _default_filter(bounding: frozenset[str], facts: HostFacts, nested: bool) -> oci.Seccomp:
    from .seccomp_default import default_profile

    plain = plain_filter(default_profile(nested=nested), bounding, facts)
    names: dict[tuple[str, int | None, tuple[oci.SeccompArg, ...]], tuple[str, ...]] = {}
    for rule in plain.syscalls:  # ours never contradict each other, so their order says nothing
        key = rule.action, rule.errno_ret, rule.args
        names[key] = names.get(key, ()) + tuple(name for name in rule.names if name not in names.get(key, ()))
    return msgspec.structs.replace(
        plain,
        syscalls=tuple(
            oci.SeccompRule(names=names, action=action, errno_ret=errno_ret, args=args)
            for (action, errno_ret, args), names in names.items()
        ),
    )


def plain_filter(profile: Profile, bounding: frozenset[str], facts: HostFacts) -> oci.Seccomp:
    """`profile` without conditions: the rules that hold for these capabilities on this host."""
    word, architectures = _ARCHES.get(facts.arch, (facts.arch, ()))
    return oci.Seccomp(
        default_action=profile.default_action,
        default_errno_ret=profile.default_errno_ret,
        architectures=_architectures(profile, architectures),
        flags=profile.flags or (),
        syscalls=tuple(_plain(rule) for rule in profile.syscalls or () if _counts(rule, bounding, word, facts.kernel)),
    )


def _architectures(profile: Profile, own: tuple[str, ...]) -> tuple[str, ...]:
    if profile.architectures:
        return profile.architectures
    for entry in profile.arch_map or ():
        if own and entry.architecture == own[0]:
            return (entry.architecture, *(entry.sub_architectures or ()))
    return own


def _counts(rule: Rule, bounding: frozenset[str], arch: str, kernel: tuple[int, int]) -> bool:
    if not (rule.names or rule.name):
        return False
    include, exclude = rule.includes, rule.excludes
    if exclude is not None and (
        not bounding.isdisjoint(exclude.caps or ())
        or arch in (exclude.arches or ())
        or (exclude.min_kernel and kernel >= _version(exclude.min_kernel))
    ):
        return False
    return include is None or not (
        not bounding.issuperset(include.caps or ())
        or (include.arches and arch not in include.arches)
        or (include.min_kernel and kernel < _version(include.min_kernel))
    )


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return (int(major) if major.isdecimal() else 0, int(minor) if minor.isdecimal() else 0)


def _plain(rule: Rule) -> oci.SeccompRule:
    return oci.SeccompRule(
        names=rule.names or (rule.name,),
        action=rule.action,
        errno_ret=rule.errno_ret,
        args=tuple(
            oci.SeccompArg(index=arg.index, value=arg.value, op=arg.op, value_two=arg.value_two)
            for arg in rule.args or ()
        ),
    )
