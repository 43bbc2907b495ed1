/* What a container's process can still do, one "NAME RESULT" per line: RESULT is OK or an errno.

   Arguments are chosen to be harmless where a call is let through. Those of int $0x80 are 32 bits wide, so the array
   that socketcall points to lies below 4 GiB. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH 0x100000000L /* a bit the kernel does not look at */

static void tell(const char *name, long result) {
    if (result >= 0)
        printf("%s OK\n", name);
    else
        printf("%s %d\n", name, errno);
    fflush(stdout);
}

#define TRY(name, ...) (errno = 0, tell(name, syscall(__VA_ARGS__)))

static long ia32(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
    if ((int)result < 0) {
        errno = -(int)result;
        return -1;
    }
    return (int)result;
}

static void ia32_sockets(uint32_t *low) {
    static const struct { const char *name; uint32_t family, type, protocol; } kinds[] = {
        {"AF_VSOCK", 40, SOCK_STREAM, 0}, {"AF_ALG", 38, SOCK_SEQPACKET, 0}, {"AF_INET", AF_INET, SOCK_DGRAM, 0},
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[64];
        low[0] = kinds[i].family, low[1] = kinds[i].type, low[2] = kinds[i].protocol;
        errno = 0;
        snprintf(name, sizeof name, "ia32-socketcall-%s", kinds[i].name);
        tell(name, ia32(102, 1, (long)low, 0));
        errno = 0;
        snprintf(name, sizeof name, "ia32-socket-%s", kinds[i].name);
        tell(name, ia32(359, kinds[i].family, kinds[i].type, kinds[i].protocol));
    }
    errno = 0;
    tell("ia32-getpid", ia32(20, 0, 0, 0));
    errno = 0;
    tell("ia32-mount", ia32(21, 0, 0, 0));
}

static void clones(void) {
    static const struct { const char *name; unsigned long flags; } kinds[] = {
        {"clone-plain", 0}, {"clone-newuser", CLONE_NEWUSER}, {"clone-newns", CLONE_NEWNS},
        {"clone-newpid", CLONE_NEWPID}, {"clone-newnet+newuser", CLONE_NEWNET | CLONE_NEWUSER},
        {"clone-newuser-high", CLONE_NEWUSER | HIGH},
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        errno = 0;
        long child = syscall(SYS_clone, kinds[i].flags | SIGCHLD, 0, 0, 0, 0);
        if (child == 0)
            _exit(0);
        tell(kinds[i].name, child);
        if (child > 0)
            waitpid(child, NULL, 0);
    }
    errno = 0; /* size 0 is EINVAL for those who may call it */
    tell("clone3", syscall(SYS_clone3, 0, 0));
}

static void status(void) {
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8)) {
            char *colon = strchr(line, ':');
            *colon = 0;
            printf("%s %s", line, colon + 2);
        }
}

int main(void) {
    uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    status();
    TRY("socket-AF_UNIX", SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    TRY("socket-AF_INET", SYS_socket, AF_INET, SOCK_STREAM, 0);
    TRY("socket-AF_NETLINK", SYS_socket, AF_NETLINK, SOCK_RAW, 0);
    TRY("socket-AF_VSOCK", SYS_socket, 40, SOCK_STREAM, 0);
    TRY("socket-AF_VSOCK-high", SYS_socket, 40 | HIGH, SOCK_STREAM, 0);
    TRY("socket-AF_ALG", SYS_socket, 38, SOCK_SEQPACKET, 0);
    TRY("socket-AF_ALG-high", SYS_socket, 38 | HIGH, SOCK_SEQPACKET, 0);
    TRY("socket-audit", SYS_socket, AF_NETLINK, SOCK_RAW, 9);
    TRY("socket-audit-high", SYS_socket, AF_NETLINK, SOCK_RAW, 9 | HIGH);
    TRY("socket-65", SYS_socket, 65, SOCK_STREAM, 0);
    ia32_sockets(low);
    clones();
    TRY("unshare", SYS_unshare, CLONE_NEWUSER);
    TRY("setns", SYS_setns, -1, 0);
    TRY("mount", SYS_mount, 0, 0, 0, 0, 0);
    TRY("umount2", SYS_umount2, 0, 0);
    TRY("pivot_root", SYS_pivot_root, 0, 0);
    TRY("fsopen", 430, 0, 0);
    TRY("fsmount", 432, -1, 0, 0);
    TRY("move_mount", 429, -1, 0, -1, 0, 0);
    TRY("open_tree", 428, -1, 0, 0);
    TRY("mount_setattr", 442, -1, 0, 0, 0, 0);
    TRY("keyctl", SYS_keyctl, 0, 0, 0, 0, 0);
    TRY("add_key", SYS_add_key, 0, 0, 0, 0, 0);
    TRY("request_key", SYS_request_key, 0, 0, 0, 0);
    TRY("bpf", SYS_bpf, -1, 0, 0);
    TRY("perf_event_open", SYS_perf_event_open, 0, 0, -1, -1, 0);
    TRY("userfaultfd", SYS_userfaultfd, -1);
    TRY("io_uring_setup", 425, 0, 0);
    TRY("io_uring_enter", 426, -1, 0, 0, 0, 0);
    TRY("io_uring_register", 427, -1, 0, 0, 0);
    TRY("kexec_load", SYS_kexec_load, 0, 1000, 0, 0);
    TRY("kexec_file_load", SYS_kexec_file_load, -1, -1, 0, 0, ~0UL);
    TRY("init_module", SYS_init_module, 0, 0, 0);
    TRY("finit_module", SYS_finit_module, -1, 0, 0);
    TRY("delete_module", SYS_delete_module, 0, 0);
    TRY("open_by_handle_at", SYS_open_by_handle_at, -1, 0, 0);
    TRY("quotactl", SYS_quotactl, -1, 0, 0, 0);
    TRY("swapon", SYS_swapon, 0, 0);
    TRY("reboot", SYS_reboot, 0, 0, 0, 0);
    TRY("acct", SYS_acct, 1);
    TRY("settimeofday", SYS_settimeofday, 1, 0);
    TRY("clock_settime", SYS_clock_settime, 0, 0);
    TRY("sethostname", SYS_sethostname, 0, -1);
    TRY("syslog", SYS_syslog, 10, 0, 0);
    TRY("lookup_dcookie", SYS_lookup_dcookie, 0, 0, 0);
    TRY("iopl", SYS_iopl, 0);
    TRY("ioperm", SYS_ioperm, 0, 0, 0);
    TRY("vmsplice", SYS_vmsplice, -1, 0, 0, 0);
    TRY("mbind", SYS_mbind, 0, 0, 0, 0, 0, 0);
    TRY("set_mempolicy", SYS_set_mempolicy, 0, 0, 0);
    TRY("move_pages", SYS_move_pages, 0, 0, 0, 0, 0, 0);
    TRY("migrate_pages", SYS_migrate_pages, 0, 0, 0, 0);
    TRY("kcmp", SYS_kcmp, 0, 0, 0, 0, 0);
    TRY("pidfd_getfd", 438, -1, 0, 0);
    TRY("process_madvise", 440, -1, 0, 0, 0, 0);
    TRY("fanotify_init", SYS_fanotify_init, 0, 0);
    TRY("setdomainname", SYS_setdomainname, 0, -1);
    TRY("personality-uname26", SYS_personality, 0x0020000);
    TRY("personality-addr_no_randomize", SYS_personality, 0x0040000);
    TRY("no-such-call", 1000);
    TRY("getpid", SYS_getpid);
    TRY("getrandom", SYS_getrandom, low, 16, 0);
    TRY("memfd_create", SYS_memfd_create, "x", 0);
    TRY("pidfd_open", 434, getpid(), 0);
    TRY("ptrace-traceme", SYS_ptrace, 0, 0, 0, 0);
    return 0;
}
