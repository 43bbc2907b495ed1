"""The flags of `run` and `create`."""

from __future__ import annotations

from seabox.cli.flags import BOOL, CSV, FLOAT, INT, LIST, PAIRS, STRING, UINT, Flag
from seabox.cli.health_flags import FLAGS as HEALTH
from seabox.cli.transfers import AUTHFILE, PLATFORM, QUIET, TLS_VERIFY
from seabox.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_IDENTITY = (
    Flag("annotation", "", PAIRS, "Annotation for the OCI runtime (KEY=VALUE)"),
    Flag("cidfile", "", STRING, "Write the container's id to this file", metavar="file", completion="files"),
    Flag("conmon-pidfile", "", STRING, "Write conmon's pid to this file", metavar="file", completion="files"),
    Flag("label", "l", PAIRS, "Label (KEY=VALUE)"),
    Flag("label-file", "", LIST, "Read labels from this file, one a line", metavar="file", completion="files"),
    Flag("name", "", STRING, "Name of the container"),
    Flag("pidfile", "", STRING, "Write the pid of the container's first process to this file", metavar="file"),
    Flag("pod", "", STRING, "Pod that it is to be in; new:NAME makes one for it", completion="pods"),
    Flag("pod-id-file", "", STRING, "Read the pod's id from this file", metavar="file", completion="files"),
    Flag("pull", "", STRING, "When to get the image: always, missing, never or newer", default="missing",
         completion=("always", "missing", "never", "newer")),
    QUIET,
    AUTHFILE,
    TLS_VERIFY,
    *PLATFORM,
    Flag("replace", "", BOOL, "Remove a container of the same name first"),
    Flag("requires", "", CSV, "Containers that come before this one (NAME[:started|healthy|completed])",
         completion="containers"),
    Flag("rm", "", BOOL, "Remove the container when it ends"),
    Flag("rootfs", "", BOOL, "The first argument is a directory to use as root, not an image"),
)  # fmt: skip

_PROCESS = (
    Flag("entrypoint", "", STRING, "Program in place of the image's entrypoint: a path, or a JSON list"),
    Flag("env", "e", PAIRS, "Environment variable (KEY=VALUE; KEY alone: our own value)"),
    Flag("env-file", "", LIST, "Read environment variables from this file", metavar="file", completion="files"),
    Flag("env-host", "", BOOL, "All of our own environment"),
    Flag("env-merge", "", PAIRS, "Environment variable with $NAME and ${NAME} for those of the image (KEY=VALUE)"),
    Flag("group-add", "", CSV, "Additional group; keep-groups: those that we have"),
    Flag("hostuser", "", CSV, "User of the host that the container's /etc/passwd is to know"),
    Flag("http-proxy", "", BOOL, "Our own variables for proxies", default=True),
    Flag("init", "", BOOL, "A small init process reaps orphans and forwards signals"),
    Flag("init-path", "", STRING, "Program on the host to use for --init", metavar="path", completion="files"),
    Flag("oom-score-adj", "", INT, "How likely the kernel kills it when memory is short (-1000 to 1000)"),
    Flag("passwd", "", BOOL, "A user whom the image does not know gets a line in /etc/passwd", default=True),
    Flag("passwd-entry", "", STRING, "That line, with $USERNAME, $UID, $GID, $NAME and $HOME to be filled in"),
    Flag("personality", "", STRING, "Execution domain", completion=("LINUX", "LINUX32")),
    Flag("privileged", "", BOOL, "All that root may do on the host"),
    Flag("restart", "", STRING, "What to do when it ends", default="no",
         completion=("no", "on-failure", "always", "unless-stopped")),
    Flag("sdnotify", "", STRING, "Who tells the service manager that it is ready", default="container",
         completion=("container", "conmon", "ignore")),
    Flag("stop-signal", "", STRING, "Signal that asks it to end", completion="signals"),
    Flag("stop-timeout", "", UINT, "Seconds between that signal and SIGKILL", default=10),
    Flag("systemd", "", STRING, "Give the container what systemd wants, if it runs that", default="true",
         completion=("true", "false", "always")),
    Flag("timeout", "", UINT, "Seconds after which it is killed (0: never)"),
    Flag("tz", "", STRING, "Time zone: a name, or local for the host's"),
    Flag("umask", "", STRING, "Mask of file modes, octal", default="0022"),
    Flag("unsetenv", "", LIST, "Environment variable of the image or ours to leave out"),
    Flag("unsetenv-all", "", BOOL, "Leave out all of them"),
    Flag("user", "u", STRING, "User, by name or number (USER[:GROUP])"),
    Flag("workdir", "w", STRING, "Working directory"),
)  # fmt: skip

_STREAMS = (
    Flag("attach", "a", CSV, "Join only these streams", completion=("stdin", "stdout", "stderr")),
    Flag("detach-keys", "", STRING, "Keys that end the session and leave the container running"),
    Flag("interactive", "i", BOOL, "Forward our standard input"),
    Flag("log-driver", "", STRING, "Where output is kept", completion=("k8s-file", "journald", "none", "passthrough")),
    Flag("log-opt", "", PAIRS, "Setting of the log driver: max-size, path or tag"),
    Flag("tty", "t", BOOL, "The container's streams are a terminal"),
)

_FILES = (
    Flag("chrootdirs", "", CSV, "Directory that gets our files of /etc as well", metavar="path"),
    Flag("device", "", CSV, "Device of the host (SRC[:DEST[:rwm]])"),
    Flag("device-cgroup-rule", "", CSV, "Devices that may be used without a node (TYPE MAJOR:MINOR MODE)"),
    Flag("image-volume", "", STRING, "What the image's volumes become", default="bind",
         aliases=("builtin-volume",), completion=("bind", "anonymous", "tmpfs", "ignore")),
    Flag("mount", "", LIST, "Mount (type=bind|volume|tmpfs|ramfs|image|devpts,src=...,dst=PATH,...)"),
    Flag("read-only", "", BOOL, "The root file system cannot be written to"),
    Flag("read-only-tmpfs", "", BOOL, "With --read-only, /dev/shm, /run and /tmp can", default=True),
    Flag("secret", "", LIST, "Secret (NAME[,type=mount|env][,target=TARGET][,uid=UID][,gid=GID][,mode=MODE])",
         completion="secrets"),
    Flag("shm-size", "", STRING, "Size of /dev/shm", metavar="<number>[<unit>]"),
    Flag("tmpfs", "", LIST, "Temporary file system (DEST[:OPTIONS])"),
    Flag("volume", "v", LIST, "Volume, or directory of the host ([SRC:]DEST[:OPTIONS])"),
    Flag("volumes-from", "", LIST, "All that another container has mounted (NAME[:ro|rw|z])", completion="containers"),
)

_ISOLATION = (
    Flag("cap-add", "", CSV, "Capability to add"),
    Flag("cap-drop", "", CSV, "Capability to take away"),
    Flag("cgroup-parent", "", STRING, "Cgroup below which its own is made"),
    Flag("cgroupns", "", STRING, "Cgroup namespace: private, host, container:NAME or ns:PATH"),
    Flag("cgroup-conf", "", CSV, "Setting of the cgroup, with cgroup v2 (FILE=VALUE)"),
    Flag("cgroups", "", STRING, "enabled, disabled or no-conmon", default="enabled",
         completion=("enabled", "disabled", "no-conmon")),
    Flag("hostname", "h", STRING, "Host name"),
    Flag("ipc", "", STRING, "IPC namespace: private, host, container:NAME or ns:PATH"),
    Flag("pid", "", STRING, "PID namespace: private, host, container:NAME or ns:PATH"),
    Flag("security-opt", "", LIST, "seccomp=..., no-new-privileges, mask=..., unmask=..."),
    Flag("seccomp-policy", "", STRING, "Who chooses the seccomp profile: only default", default="default",
         completion=("default",)),
    Flag("sysctl", "", PAIRS, "Kernel parameter (NAME=VALUE)"),
    Flag("userns", "", STRING, "User namespace: only host", completion=("host",)),
    Flag("uts", "", STRING, "UTS namespace: private, host, container:NAME or ns:PATH"),
)

_NETWORK = (
    Flag("add-host", "", LIST, "Line for /etc/hosts (NAME:IP)"),
    Flag("dns", "", CSV, "Name server, or none to leave the image's resolv.conf alone", metavar="ip"),
    Flag("dns-option", "", CSV, "Option of the resolver", aliases=("dns-opt",)),
    Flag("dns-search", "", CSV, "Domain to search for names"),
    Flag("expose", "", CSV, "Port to publish with -P (PORT[/PROTOCOL])"),
    Flag("ip", "", STRING, "IPv4 address in its network"),
    Flag("ip6", "", STRING, "IPv6 address in its network"),
    Flag("mac-address", "", STRING, "MAC address"),
    Flag("network", "", LIST, "bridge, none, host, container:NAME, ns:PATH or NAME[:ip=...,mac=...,alias=...]",
         aliases=("net",), completion="networks"),
    Flag("network-alias", "", LIST, "Another name for the container in its networks"),
    Flag("hosts-file", "", STRING, "What /etc/hosts has too: a file, image, or none", completion="files"),
    Flag("no-hostname", "", BOOL, "Leave the image's /etc/hostname alone"),
    Flag("no-hosts", "", BOOL, "Leave the image's /etc/hosts alone"),
    Flag("publish", "p", LIST, "Port of the host that leads to one of the container ([[IP:]HOST:]PORT[/PROTOCOL])"),
    Flag("publish-all", "P", BOOL, "Publish all exposed ports on free ones of the host"),
)  # fmt: skip

# what `update` can change as well
LIMITS = (
    Flag("cpu-period", "", UINT, "Length of a CPU period in microseconds"),
    Flag("cpu-quota", "", INT, "CPU time per period in microseconds"),
    Flag("cpu-shares", "c", UINT, "Relative weight of CPU time"),
    Flag("cpus", "", FLOAT, "Number of CPUs"),
    Flag("cpuset-cpus", "", STRING, "CPUs to run on (0-2,5)"),
    Flag("cpuset-mems", "", STRING, "Memory nodes to use"),
    Flag("memory", "m", STRING, "Memory limit", metavar="<number>[<unit>]"),
    Flag("memory-reservation", "", STRING, "Soft memory limit", metavar="<number>[<unit>]"),
    Flag("memory-swap", "", STRING, "Limit of memory and swap together (-1: none)", metavar="<number>[<unit>]"),
    Flag("pids-limit", "", INT, "Limit of processes (-1: none)"),
)
_MORE_LIMITS = (
    Flag("blkio-weight", "", STRING, "Relative weight of block I/O (10 to 1000)"),
    Flag("blkio-weight-device", "", CSV, "The same for one device (DEVICE:WEIGHT)", metavar="DEVICE_NAME:WEIGHT"),
    Flag("cpu-rt-period", "", UINT, "Length of a real-time CPU period in microseconds, with cgroup v1"),
    Flag("cpu-rt-runtime", "", INT, "Real-time CPU time per period in microseconds, with cgroup v1"),
    Flag("device-read-bps", "", CSV, "Limit of bytes read per second (DEVICE:NUMBER[UNIT])"),
    Flag("device-read-iops", "", CSV, "Limit of reads per second (DEVICE:NUMBER)"),
    Flag("device-write-bps", "", CSV, "Limit of bytes written per second (DEVICE:NUMBER[UNIT])"),
    Flag("device-write-iops", "", CSV, "Limit of writes per second (DEVICE:NUMBER)"),
    Flag("memory-swappiness", "", INT, "How gladly memory is swapped (0 to 100, -1: as the host)", default=-1),
    Flag("oom-kill-disable", "", BOOL, "Processes wait for memory in place of being killed, with cgroup v1"),
)
_KERNEL_MEMORY = Flag("kernel-memory", "", STRING, hidden=True)
_ULIMIT = Flag("ulimit", "", LIST, "Resource limit (NAME=SOFT[:HARD])")

# podman has them, we do not yet: their values are taken, so that the answer is about them
_LATER = (
    "cpuset decryption-key gidmap gpus group-entry health-log-destination "
    "health-startup-cmd health-startup-interval health-startup-retries health-startup-success "
    "health-startup-timeout ipv6 link "
    "preserve-fd "
    "rdt-class retry retry-delay shm-size-systemd subgidname subuidname uidmap"
).split()
_LATER_BOOLS = (
    "disable-content-trust env-merge-all"
).split()
# asking for what is the case anyway is no error
_ALREADY = {
    "disable-content-trust": (True, False),
}  # fmt: skip

_HIDDEN = (
    *(Flag(name, "", LIST, hidden=True) for name in _LATER),
    *(Flag(name, "", BOOL, hidden=True) for name in _LATER_BOOLS),
)

FLAGS = (
    *_IDENTITY, *_PROCESS, *_STREAMS, *_FILES, *_ISOLATION, *_NETWORK, *LIMITS, *_MORE_LIMITS, _KERNEL_MEMORY,
    _ULIMIT, *HEALTH, *_HIDDEN,
)  # fmt: skip


def refuse_later_ones(args: Arguments) -> None:
    """Nothing, if the command line asks for nothing that we cannot do yet. Raises: Unsupported."""
    for flag in _HIDDEN:
        if not args.given(flag.name):
            continue
        value = args.value(flag.name)
        values = value if isinstance(value, list) else [value]
        if not all(each in _ALREADY.get(flag.name, ()) for each in values):
            raise Unsupported(f"--{flag.name} is not supported yet")
