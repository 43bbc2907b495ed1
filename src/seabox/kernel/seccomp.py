"""libseccomp: rules for system calls become the program that the kernel runs before each call."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Condition = tuple[int, str, int, int]  # argument, "EQ", "MASKED_EQ"..., value, second value

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES = 3  # the attribute
_UNKNOWN = -1  # what a name that libseccomp does not know resolves to
_COMPARISONS = {"NE": 1, "LT": 2, "LE": 3, "EQ": 4, "GE": 5, "GT": 6, "MASKED_EQ": 7}


class _Condition(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint), ("comparison", ctypes.c_int), ("value", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )  # fmt: skip


def _library() -> ctypes.CDLL | None:
    try:
        found = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = (ctypes.c_uint32,)
    found.seccomp_release.argtypes = (ctypes.c_void_p,)
    found.seccomp_release.restype = None
    found.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    found.seccomp_arch_resolve_name.argtypes = (ctypes.c_char_p,)
    found.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    found.seccomp_arch_add.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    found.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    found.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Condition),
    )  # fmt: skip
    found.seccomp_export_bpf.argtypes = (ctypes.c_void_p, ctypes.c_int)
    return found


def allow_list(
    errno: int, architectures: Iterable[str], rules: Iterable[tuple[int | None, Sequence[str], Sequence[Condition]]]
) -> bytes | None:
    """The program that gives all calls `errno` but for the rules: an errno (None = allowed), names, conditions.

    Architectures are named as by libseccomp ("x86_64"); names that it does not know are passed over. None where
    libseccomp is not installed or refuses.
    """
    library = _library()
    context = library.seccomp_init(_ERRNO | errno) if library is not None else None
    if library is None or not context:
        return None
    try:
        library.seccomp_attr_set(context, _NO_NEW_PRIVILEGES, 0)
        for name in architectures:
            if library.seccomp_arch_add(context, library.seccomp_arch_resolve_name(name.encode())) not in (0, -17):
                return None  # -17: that is the native one, which is there
        for code, names, conditions in rules:
            if code == errno:
                continue
            action = _ALLOW if code is None else _ERRNO | code
            found = [_Condition(at, _COMPARISONS[how], value, second) for at, how, value, second in conditions]
            array = (_Condition * max(1, len(found)))(*found)
            for name in names:
                number = library.seccomp_syscall_resolve_name(name.encode())
                if number != _UNKNOWN and library.seccomp_rule_add_array(context, action, number, len(found), array):
                    return None
        file = os.memfd_create("seccomp")
        try:
            if library.seccomp_export_bpf(context, file):
                return None
            return os.pread(file, os.fstat(file).st_size, 0)
        finally:
            os.close(file)
    finally:
        library.seccomp_release(context)
