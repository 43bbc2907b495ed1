"""Our profile, and profiles people bring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.errors import InvalidArgument, Refused
from seabox.model import oci
from seabox.model.container import ContainerConfig, Security
from seabox.spec.capabilities import DEFAULT
from seabox.spec.facts import HostFacts
from seabox.spec.seccomp import filter_for, plain_filter, read_profile
from seabox.spec.seccomp_default import blocks

Resolve = Callable[..., ContainerConfig]
ALLOW, DENY = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"


def our_filter(*caps: str, arch: str = "x86_64", seccomp: str = "") -> oci.Seccomp:
    found = filter_for(Security(seccomp=seccomp), DEFAULT | set(caps), HostFacts(arch=arch))
    assert found is not None
    return found


def verdict(profile: oci.Seccomp, name: str, *args: int) -> tuple[str, int | None]:
    """What the kernel would do, by the rules as the specification has them: a first match wins, none contradict."""
    found = set()
    for rule in profile.syscalls:
        if name in rule.names and all(_holds(arg, args[arg.index]) for arg in rule.args):
            found.add((rule.action, rule.errno_ret))
    assert len(found) < 2, f"{name}{args}: {found}"
    return found.pop() if found else (profile.default_action, profile.default_errno_ret)


def _holds(arg: oci.SeccompArg, value: int) -> bool:
    if arg.op == "SCMP_CMP_EQ":
        return value == arg.value
    assert arg.op == "SCMP_CMP_MASKED_EQ"
    return value & arg.value == arg.value_two


@given(st.sets(st.integers(0, 200)), st.integers(0, 210), st.integers(0, 3))
def test_blocks_hold_exactly_these_numbers(numbers: set[int], probe: int, high: int) -> None:
    pairs = blocks(sorted(numbers))
    assert any((probe | high << 32) & mask == value for mask, value in pairs) == (probe in numbers)


def test_sockets() -> None:
    profile = our_filter()
    high = 1 << 32
    for family in range(46):
        expected = DENY if family in (38, 40) else ALLOW
        for bits in (0, high):
            assert verdict(profile, "socket", family | bits, 1, 0)[0] == expected
    assert verdict(profile, "socket", 46, 1, 0)[0] == DENY
    assert verdict(profile, "socket", 16, 3, 9) == (DENY, 22)
    assert verdict(profile, "socket", 16, 3, 9 | high) == (DENY, 22)
    assert verdict(our_filter("CAP_AUDIT_WRITE"), "socket", 16, 3, 9) == (ALLOW, None)


def test_socketcall_has_a_rule_that_is_not_the_default() -> None:
    """libseccomp skips a rule equal to the default, and lets socketcall through because socket has rules."""
    profile = our_filter()
    assert verdict(profile, "socketcall", 1) == (DENY, 1)
    assert (profile.default_action, profile.default_errno_ret) == (DENY, 38)
    assert all((rule.action, rule.errno_ret) != (DENY, 38) for rule in profile.syscalls)


def test_clone() -> None:
    profile = our_filter()
    assert verdict(profile, "clone", 0x3D0F00, 0) == (ALLOW, None)  # a thread
    assert verdict(profile, "clone", 0x4011, 0) == (ALLOW, None)  # a vfork
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(profile, "clone", flag | 17, 0) == (DENY, 1)
        assert verdict(profile, "clone", flag | 17 | 1 << 32, 0) == (DENY, 1)
        assert verdict(our_filter(arch="s390x"), "clone", 0, flag | 17) == (DENY, 1)
    assert verdict(profile, "clone3") == (DENY, 38)
    admin = our_filter("CAP_SYS_ADMIN")
    assert verdict(admin, "clone", 0x10000000, 0) == (ALLOW, None)
    assert verdict(admin, "clone3") == (ALLOW, None)


ADMIN = ("mount", "umount2", "unshare", "setns", "fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "bpf")


@pytest.mark.parametrize(
    ("names", "capability"),
    [
        (ADMIN, "CAP_SYS_ADMIN"),
        (("reboot",), "CAP_SYS_BOOT"),
        (("init_module", "finit_module", "delete_module"), "CAP_SYS_MODULE"),
        (("open_by_handle_at",), "CAP_DAC_READ_SEARCH"),
        (("settimeofday", "clock_settime"), "CAP_SYS_TIME"),
        (("kcmp", "pidfd_getfd", "process_madvise"), "CAP_SYS_PTRACE"),
        (("iopl", "ioperm"), "CAP_SYS_RAWIO"),
        (("syslog",), "CAP_SYSLOG"),
        (("bpf",), "CAP_BPF"),
        (("perf_event_open",), "CAP_PERFMON"),
        (("mbind", "set_mempolicy"), "CAP_SYS_NICE"),
        (("acct",), "CAP_SYS_PACCT"),
    ],
)
def test_what_needs_a_capability(names: tuple[str, ...], capability: str) -> None:
    for name in names:
        assert verdict(our_filter(), name) == (DENY, 1)
        assert verdict(our_filter(capability), name) == (ALLOW, None)


def test_what_nobody_gets() -> None:
    profile = our_filter("CAP_SYS_ADMIN", "CAP_BPF")
    for name in ("kexec_load", "io_uring_setup", "userfaultfd", "keyctl", "add_key", "swapon", "vmsplice"):
        assert verdict(profile, name)[0] == DENY
    assert verdict(profile, "a_call_of_the_future") == (DENY, 38)


def test_personality() -> None:
    profile = our_filter()
    assert {value: verdict(profile, "personality", value)[0] for value in (0, 8, 0x20000, 0x40000, 0xFFFFFFFF)} == {
        0: ALLOW, 8: ALLOW, 0x20000: ALLOW, 0x40000: DENY, 0xFFFFFFFF: ALLOW
    }  # fmt: skip


def test_architectures() -> None:
    assert our_filter().architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")
    arm = our_filter(arch="aarch64")
    assert arm.architectures == ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM")
    assert verdict(arm, "arch_prctl")[0] == DENY
    assert verdict(arm, "cacheflush")[0] == ALLOW
    assert verdict(our_filter(), "arch_prctl")[0] == ALLOW
    assert verdict(our_filter(), "cacheflush")[0] == DENY


def test_nested_opens_namespaces_and_nothing_else() -> None:
    plain, nested = our_filter(), our_filter(seccomp="nested")
    allowed = [
        {name for rule in profile.syscalls if rule.action == ALLOW and not rule.args for name in rule.names}
        for profile in (plain, nested)
    ]
    assert allowed[0] < allowed[1]
    assert {"mount", "unshare", "clone", "keyctl"} <= allowed[1]
    assert allowed[1].isdisjoint({"bpf", "init_module", "reboot", "open_by_handle_at", "kexec_load", "io_uring_setup"})
    assert verdict(nested, "socket", 40, 1, 0)[0] == DENY


def test_never_more_than_others() -> None:
    """No call without conditions that podman's own profile would refuse, where the host has it to compare."""
    podmans = Path("/usr/share/containers/seccomp.json")
    if not podmans.exists():
        pytest.skip("no profile of containers-common on this host")
    theirs = plain_filter(read_profile(str(podmans)), DEFAULT, HostFacts())
    mine = {name for rule in our_filter().syscalls if rule.action == ALLOW for name in rule.names}
    their_own = {name for rule in theirs.syscalls if rule.action == ALLOW for name in rule.names}
    newer = {  # than that profile, of 2022, or fixed there since: podman and docker allow them today
        "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "getxattrat",
        "io_pgetevents", "io_pgetevents_time64", "listmount", "listxattrat", "map_shadow_stack", "mseal",
        "removexattrat", "setxattrat", "statmount", "uretprobe",
    }  # fmt: skip
    assert mine - their_own == newer
    assert len(their_own - mine) > 25


def test_unconfined(resolved: Resolve) -> None:
    facts = HostFacts()
    assert filter_for(Security(seccomp="unconfined"), DEFAULT, facts) is None
    assert filter_for(Security(privileged=True), DEFAULT, facts) is None
    assert filter_for(Security(privileged=True, seccomp="nested"), DEFAULT, facts) is not None
    with pytest.raises(Refused, match="no seccomp filters"):
        filter_for(Security(), DEFAULT, HostFacts(seccomp=False))


DOCKERS = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "archMap": [
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
    ],
    "syscalls": [
        {"names": ["read"], "action": ALLOW, "args": None, "comment": "", "includes": {}, "excludes": {}},
        {"name": "old_style", "action": ALLOW},
        {"names": ["both"], "action": ALLOW, "includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}},
        {"names": ["one"], "action": ALLOW, "includes": {"caps": ["CAP_CHOWN"]}},
        {"names": ["never"], "action": ALLOW, "excludes": {"caps": ["CAP_SYS_ADMIN", "CAP_CHOWN"]}},
        {"names": ["arm_only"], "action": ALLOW, "includes": {"arches": ["arm64"]}},
        {"names": ["not_amd"], "action": ALLOW, "excludes": {"arches": ["amd64"]}},
        {"names": ["new"], "action": ALLOW, "includes": {"minKernel": "4.8"}},
        {"names": ["newer"], "action": ALLOW, "includes": {"minKernel": "99.1"}},
        {"names": ["arg"], "action": "SCMP_ACT_LOG", "args": [{"index": 1, "value": 2**64 - 1, "op": "SCMP_CMP_NE"}]},
    ],
}  # fmt: skip


def test_dockers_format_is_decided_here(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(DOCKERS))
    found = filter_for(Security(seccomp=str(path)), DEFAULT, HostFacts(kernel=(6, 1)))
    assert found is not None
    assert found.architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")
    assert [name for rule in found.syscalls for name in rule.names] == ["read", "old_style", "one", "new", "arg"]
    assert found.syscalls[-1].args == (oci.SeccompArg(index=1, value=2**64 - 1, op="SCMP_CMP_NE", value_two=0),)


def test_the_ocis_format_passes_through(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    document: dict[str, Any] = {
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}],
    }  # fmt: skip
    path.write_text(json.dumps(document))
    found = filter_for(Security(seccomp=str(path)), DEFAULT, HostFacts())
    assert found is not None
    assert json.loads(json.dumps(document)) == {
        "defaultAction": found.default_action, "architectures": list(found.architectures), "flags": list(found.flags),
        "syscalls": [{"names": list(r.names), "action": r.action, "errnoRet": r.errno_ret} for r in found.syscalls],
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"defaultAction": 5}', '{"defaultAction": "SCMP_ACT_NOTIFY"}', '{"defaultAction": "FINE"}',
     '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_NOTIFY"}]}',
     '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {"names": 1}}'],
)  # fmt: skip
def test_what_is_no_profile(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(InvalidArgument, match=r"loading seccomp profile .* failed"):
        read_profile(str(path))


def test_a_directory_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"opening seccomp profile failed: open .*: is a directory"):
        read_profile(str(tmp_path))
