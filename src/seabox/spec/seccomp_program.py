"""The default filter, compiled once per boot for runtimes that take it so.

To compile it takes libseccomp longer than all else that crun does to create a container. crun executes a program that
stands in an annotation in place of the filter in the specification; a crun that did not would use that.
"""

from __future__ import annotations

import msgspec

from ..diagnostics import debug
from ..kernel.files import make_dir, write_atomic
from ..kernel.seccomp import allow_list
from .seccomp import ALLOW, DENY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model import oci

ANNOTATION = "run.oci.seccomp_bpf_data"


def program_of(filter: oci.Seccomp, folder: str) -> str:
    """The program of a filter of ours, in base64, kept in `folder`; "" if it cannot be had.

    The filter is kept with it, and compared: of another version's nothing is used.
    """
    import binascii

    told = msgspec.json.encode(filter)
    path = f"{folder}/{binascii.crc32(told):08x}"
    try:
        with open(path, "rb") as file:
            kept, _, program = file.read().rpartition(b"\n")
        if kept == told:
            return program.decode()
    except OSError as problem:
        debug("no compiled seccomp filter: %s", problem)
    compiled = compile(filter)
    if not compiled:
        return ""
    program = binascii.b2a_base64(compiled, newline=False)
    try:
        make_dir(folder)
        write_atomic(path, told + b"\n" + program, durable=False)
    except OSError as problem:  # the next container tries again
        debug("a compiled seccomp filter is not kept: %s", problem)
    return program.decode()


def compile(filter: oci.Seccomp) -> bytes:
    """The program that libseccomp makes of a filter that only allows or gives errnos; b"" if it makes none."""
    if filter.default_action != DENY or filter.default_errno_ret is None or filter.flags:
        return b""
    if any(rule.action not in (ALLOW, DENY) for rule in filter.syscalls):
        return b""
    rules = [
        (
            None if rule.action == ALLOW else rule.errno_ret or 1,
            rule.names,
            [(arg.index, arg.op.removeprefix("SCMP_CMP_"), arg.value, arg.value_two or 0) for arg in rule.args],
        )
        for rule in filter.syscalls
    ]
    names = [name.removeprefix("SCMP_ARCH_").lower() for name in filter.architectures]
    return allow_list(filter.default_errno_ret, names, rules) or b""
