"""The system calls a container may make by default, by what they are for.

An allow list. What is not in it does not exist for the container (ENOSYS, so that newer libraries fall back to older
calls); what programs expect to be forbidden rather than absent is EPERM. Calls that need a capability anyway are
open to containers that hold it.
"""

from __future__ import annotations

from .seccomp import ALLOW, DENY, ENOSYS, EPERM, Arg, Conditions, Profile, Rule

_EINVAL = 22

_FILES = """
    _llseek access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat
    faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl
    fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64
    fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat ioctl lchown lchown32
    lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat
    mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev
    pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir
    sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink symlinkat sync
    sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes
    write writev cachestat listmount statmount
"""
_EVENTS = """
    _newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old
    eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy
    io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit poll ppoll ppoll_time64 pselect6
    pselect6_time64 select signalfd signalfd4
"""
_MEMORY = """
    brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2
    mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
    remap_file_pages
"""
_PROCESSES = """
    execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake
    get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid
    gettid ioprio_get ioprio_set kill pause pidfd_open pidfd_send_signal prctl prlimit64 process_vm_readv
    process_vm_writev ptrace restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
    set_robust_list set_thread_area set_tid_address setpgid setpriority setrlimit setsid sigaltstack sigprocmask
    sigreturn tgkill tkill ugetrlimit uretprobe vfork wait4 waitid waitpid
"""
_IDENTITY = """
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
    getresuid getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp
    setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid
    setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32
"""
_NETWORK = """
    accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64
    recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketpair
"""
_SYSTEM_V_AND_QUEUES = """
    ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
    mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
"""
_TIME_AND_SYSTEM = """
    adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 getitimer getrandom gettimeofday nanosleep setitimer sysinfo time
    timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
    timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times uname
"""

_BY_ARCH = {
    ("amd64", "x32"): "arch_prctl",
    ("amd64", "x32", "x86"): "modify_ldt",
    ("arm", "arm64"): "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2",
    ("ppc64le",): "swapcontext sync_file_range2",
    ("riscv64",): "riscv_flush_icache riscv_hwprobe",
    ("s390", "s390x"): "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr",
}

_NAMESPACES_AND_MOUNTS = (
    "clone clone3 fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree setns umount umount2 unshare"
)
_BY_CAPABILITY = {
    "CAP_BPF": "bpf",
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_PERFMON": "perf_event_open",
    "CAP_SYSLOG": "syslog",
    "CAP_SYS_ADMIN": f"""{_NAMESPACES_AND_MOUNTS} bpf fanotify_init lookup_dcookie lsm_get_self_attr lsm_list_modules
        lsm_set_self_attr perf_event_open pivot_root quotactl quotactl_fd setdomainname sethostname syslog""",
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module finit_module init_module",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "CAP_SYS_RAWIO": "ioperm iopl",
    "CAP_SYS_TIME": "clock_settime clock_settime64 settimeofday stime",
    "CAP_SYS_TTY_CONFIG": "vhangup",
}
# what a container engine or a sandbox inside the container needs, without any capability outside a user namespace
_NESTED = f"{_NAMESPACES_AND_MOUNTS} keyctl pivot_root sethostname"

_NEVER = """
    add_key bdflush io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load keyctl migrate_pages
    move_pages nfsservctl pciconfig_iobase pciconfig_read pciconfig_write request_key swapoff swapon sysfs uselib
    userfaultfd ustat vm86 vm86old vmsplice
"""

_CLONE_NEW = {  # the flags of clone(2) that make namespaces; CLONE_NEWTIME is none of clone's
    "ns": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000,
    "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000,
}  # fmt: skip

_AF_NETLINK, _AF_ALG, _AF_VSOCK, _AF_MAX = 16, 38, 40, 45
_NETLINK_AUDIT, _NETLINK_MAX = 9, 31


def default_profile(*, nested: bool = False) -> Profile:
    """Our profile; `nested` opens namespaces and mounts to containers that build containers in a user namespace."""
    names = " ".join(
        (_FILES, _EVENTS, _MEMORY, _PROCESSES, _IDENTITY, _NETWORK, _SYSTEM_V_AND_QUEUES, _TIME_AND_SYSTEM)
    )
    rules = [_allow(names)]
    rules += (_allow(names, include=Conditions(arches=arches)) for arches, names in _BY_ARCH.items())
    rules += [
        _allow("personality", Arg(index=0, value=value, op="SCMP_CMP_EQ"))
        for value in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)
    ]
    rules += _sockets()
    opened = frozenset(_NESTED.split()) if nested else frozenset()
    if nested:
        rules.append(_allow(_NESTED))
    else:
        rules += _clone()
    rules += _by_capability(opened)
    rules.append(_deny(_NEVER, without=opened))
    return Profile(default_action=DENY, default_errno_ret=ENOSYS, syscalls=tuple(rules))


def _allow(names: str, *args: Arg, include: Conditions | None = None, exclude: Conditions | None = None) -> Rule:
    return Rule(names=tuple(names.split()), action=ALLOW, args=args, includes=include, excludes=exclude)


def _deny(names: str, *, without: frozenset[str] = frozenset(), exclude: Conditions | None = None) -> Rule:
    refused = tuple(name for name in names.split() if name not in without)
    return Rule(names=refused, action=DENY, errno_ret=EPERM, excludes=exclude)


def _by_capability(opened: frozenset[str]) -> list[Rule]:
    """Allowed with any of the capabilities that govern a call, forbidden without all of them."""
    governed: dict[str, list[str]] = {}
    for capability, names in _BY_CAPABILITY.items():
        for name in names.split():
            governed.setdefault(name, []).append(capability)
    rules = []
    for name, capabilities in governed.items():
        if name in opened:
            continue
        rules += [_allow(name, include=Conditions(caps=(capability,))) for capability in capabilities]
        if name not in ("clone", "clone3"):  # clone has its own rules, and glibc falls back from an absent clone3
            rules.append(_deny(name, exclude=Conditions(caps=tuple(capabilities))))
    return rules


def _clone() -> list[Rule]:
    """Threads and processes, but no namespaces, for those without CAP_SYS_ADMIN. s390 has the flags second."""
    mask = sum(_CLONE_NEW.values())
    rules = []
    for index, s390 in ((0, False), (1, True)):
        arches = ("s390", "s390x")
        include = Conditions(arches=arches) if s390 else None
        exclude = Conditions(caps=("CAP_SYS_ADMIN",), arches=() if s390 else arches)
        rules.append(_allow("clone", _masked(index, mask, 0), include=include, exclude=exclude))
        rules += [
            Rule(
                names=("clone",), action=DENY, errno_ret=EPERM, args=(_masked(index, flag, flag),),
                includes=include, excludes=exclude,
            )
            for flag in _CLONE_NEW.values()
        ]  # fmt: skip
    return rules


def _sockets() -> list[Rule]:
    """Every family but AF_VSOCK (leads to the hypervisor) and AF_ALG (kernel code nobody needs); no audit netlink.

    The kernel looks at the lower half of these arguments only, so a filter that compares all 64 bits is by-passed
    by setting one in the upper half: hence masks, of ranges cut into aligned blocks. On 32-bit x86 socketcall(2)
    hides its arguments behind a pointer; it needs an explicit rule, with another errno than the default's, or
    libseccomp lets it through for the sake of the rules for socket.
    """
    families = [family for family in range(_AF_MAX + 1) if family not in (_AF_NETLINK, _AF_ALG, _AF_VSOCK)]
    rules = [_allow("socket", _masked(0, mask, value)) for mask, value in blocks(families)]
    netlink = _masked(0, 0xFFFFFFFF, _AF_NETLINK)
    audit = Conditions(caps=("CAP_AUDIT_WRITE",))
    protocols = [number for number in range(_NETLINK_MAX + 1) if number != _NETLINK_AUDIT]
    rules.append(_allow("socket", netlink, include=audit))
    rules += [_allow("socket", netlink, _masked(2, mask, value), exclude=audit) for mask, value in blocks(protocols)]
    rules.append(
        Rule(
            names=("socket",), action=DENY, errno_ret=_EINVAL,  # which libaudit takes for "this kernel has no audit"
            args=(netlink, _masked(2, 0xFFFFFFFF, _NETLINK_AUDIT)), excludes=audit,
        )
    )  # fmt: skip
    rules.append(_deny("socketcall"))
    return rules


def _masked(index: int, mask: int, value: int) -> Arg:
    return Arg(index=index, value=mask, value_two=value, op="SCMP_CMP_MASKED_EQ")


def blocks(numbers: list[int]) -> list[tuple[int, int]]:
    """The ascending 32-bit `numbers` as (mask, value): n is one of them exactly if n & mask == value for one pair."""
    wanted, found = set(numbers), []
    while numbers:
        first, size = numbers[0], 1
        while first % (size * 2) == 0 and wanted.issuperset(range(first, first + size * 2)):
            size *= 2
        found.append((0xFFFFFFFF & ~(size - 1), first))
        numbers = [number for number in numbers if number >= first + size]
    return found
