"""Every command by the words that call it. A command's module is loaded when it runs, its table included."""

from __future__ import annotations

from seabox.cli.flags import BOOL, INT, LIST, PROGRAM, STRING, Command, Flag
from seabox.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

SUMMARY = "Manage pods, containers and images"
GROUPS = {"container": "Manage containers", "image": "Manage images", "network": "Manage networks"}
GROUPS |= {"healthcheck": "Manage health checks", "pod": "Manage pods", "system": "Manage the engine"}
GROUPS |= {"volume": "Manage volumes", "buildx": "Build images, in docker's words"}
GROUPS |= {"manifest": "Manage lists of images for several platforms", "secret": "Manage secrets"}

# commands on containers, with or without "container" in front: name -> module
_CONTAINER = {
    "attach": "attach", "cp": "cp", "create": "create", "exec": "exec", "export": "export", "init": "init",
    "inspect": "inspect", "kill": "kill", "logs": "logs", "mount": "mount", "pause": "pause", "port": "port",
    "ps": "ps", "rename": "rename", "restart": "restart", "rm": "rm", "run": "run", "start": "start",
    "stats": "stats", "stop": "stop", "top": "top", "umount": "umount", "unmount": "umount", "unpause": "pause",
    "update": "update", "wait": "wait",
}  # fmt: skip

MODULES = _CONTAINER | {f"container {name}": module for name, module in _CONTAINER.items()}
MODULES |= {
    "container artifact": "artifact", "container cleanup": "cleanup", "container exists": "exists",
    "container list": "ps", "container ls": "ps", "container prune": "prune",
    "events": "events", "image embed": "embed", "image exists": "exists", "image inspect": "inspect",
    "image list": "images", "image ls": "images", "images": "images", "info": "info", "version": "version",
}  # fmt: skip
MODULES |= {
    "container checkpoint": "checkpoint", "container fork": "fork", "container restore": "restore",
    "container snapshot": "snapshot",
}  # fmt: skip
_MANIFEST = ("add", "annotate", "create", "exists", "inspect", "push", "remove", "rm")
MODULES |= {f"manifest {verb}": "manifest" for verb in _MANIFEST}
MODULES["healthcheck run"] = "healthcheck"
MODULES |= {"completion": "completion", "man": "man"}
MODULES |= {
    "system check": "system_check", "system df": "system_df", "system events": "events", "system info": "info",
    "system prune": "system_prune", "system reset": "system_reset", "system service": "system_service",
}  # fmt: skip
MODULES |= {
    "network connect": "network_connect", "network create": "network_create", "network disconnect": "network_connect",
    "network exists": "network_exists", "network inspect": "network_inspect", "network list": "network_ls",
    "network ls": "network_ls", "network prune": "network_prune", "network reload": "network_reload",
    "network remove": "network_rm", "network rm": "network_rm",
}  # fmt: skip

# commands on pods: name below "pod" -> module
_POD = {
    "create": "pod_create", "exists": "exists", "inspect": "pod_inspect", "kill": "pod_kill", "list": "pod_ps",
    "logs": "pod_logs", "ls": "pod_ps", "pause": "pod_start", "prune": "pod_prune", "ps": "pod_ps",
    "remove": "pod_rm", "restart": "pod_start", "rm": "pod_rm", "start": "pod_start", "stats": "pod_stats",
    "stop": "pod_stop", "top": "pod_top", "unpause": "pod_start",
}  # fmt: skip
MODULES |= {f"pod {name}": module for name, module in _POD.items()}
MODULES |= {
    "volume create": "volume_create", "volume exists": "volume_exists", "volume export": "volume_export",
    "volume import": "volume_import", "volume inspect": "volume_inspect", "volume list": "volume_ls",
    "volume ls": "volume_ls", "volume mount": "volume_mount", "volume prune": "volume_prune",
    "volume remove": "volume_rm", "volume rm": "volume_rm", "volume umount": "volume_mount",
    "volume unmount": "volume_mount",
}  # fmt: skip
MODULES |= {
    "secret create": "secret_create", "secret exists": "exists", "secret inspect": "secret_inspect",
    "secret list": "secret_ls", "secret ls": "secret_ls", "secret rm": "secret_rm",
}  # fmt: skip

# commands on images: name below "image" -> module; most can be called without "image" as well
_IMAGE = {
    "build": "build", "diff": "diff", "history": "history", "import": "import_image", "load": "load",
    "mount": "image_mount", "prune": "image_prune", "pull": "pull", "push": "push", "rm": "rmi", "remove": "rmi",
    "save": "save", "tag": "tag", "tree": "image_tree", "umount": "image_mount", "unmount": "image_mount",
    "untag": "tag", "scp": "image_scp", "sign": "image_sign", "trust": "image_trust",
}  # fmt: skip
MODULES |= {f"image {name}": module for name, module in _IMAGE.items()}
MODULES |= {
    "build": "build", "buildx build": "build",
    "commit": "commit", "container commit": "commit", "container diff": "diff", "diff": "diff",
    "history": "history",
    "import": "import_image", "load": "load", "login": "login", "logout": "login", "pull": "pull", "push": "push",
    "rmi": "rmi", "save": "save", "search": "search", "image search": "search", "tag": "tag", "untag": "tag",
}  # fmt: skip

# podman has them, we do not yet
_LATER = frozenset(
    "auto-update clone compose farm generate "
    "kube machine play prune quadlet "
    "runlabel unshare".split()
)

PROGRAM_TABLE = Command(
    "",
    (
        Flag("cgroup-manager", "", STRING, "Manager of the containers' cgroups", completion=("cgroupfs",)),
        Flag("conmon", "", STRING, "Path of conmon", metavar="path", completion="files"),
        Flag("config", "", STRING, hidden=True),
        Flag("connection", "c", STRING, hidden=True),
        Flag("context", "", STRING, hidden=True, default="default"),
        Flag("cpu-profile", "", STRING, "Accepted, without effect", hidden=True),
        Flag("debug", "D", BOOL, "As --log-level=debug", hidden=True),
        Flag("default-mounts-file", "", STRING, "What builds mount beyond what they ask for", hidden=True),
        Flag("events-backend", "", STRING, "Where events are kept", completion=("file", "sqlite", "none")),
        Flag("hooks-dir", "", LIST, "Directory of OCI hooks", metavar="path", completion="directories"),
        Flag("host", "H", STRING, hidden=True),
        Flag("identity", "", STRING, hidden=True),
        Flag("imagestore", "", STRING, hidden=True),
        Flag("log-level", "", STRING, "Log messages at and above this level", default="warn"),
        Flag("max-workers", "", INT, "Accepted, without effect", hidden=True),
        Flag("memory-profile", "", STRING, "Accepted, without effect", hidden=True),
        Flag("module", "", LIST, "A containers.conf that counts more than the host's own", completion="files"),
        Flag("namespace", "", STRING, "Accepted, without effect", hidden=True),
        Flag("network-backend", "", STRING, "Accepted, without effect", hidden=True),
        Flag("network-cmd-path", "", STRING, "Accepted, without effect", hidden=True),
        Flag("network-config-dir", "", STRING, "Accepted, without effect: networks are kept below --root", hidden=True),
        Flag("noout", "", BOOL, "Write nothing to stdout"),
        Flag("out", "", STRING, "Write to this file what would go to stdout", metavar="file", completion="files"),
        Flag("registries-conf", "", STRING, "Read this in place of registries.conf", hidden=True, completion="files"),
        Flag("remote", "r", BOOL, hidden=True),
        Flag("root", "", STRING, "Directory of images, containers and the database", metavar="path"),
        Flag("runroot", "", STRING, "Directory of what ends with the boot", metavar="path"),
        Flag("runtime", "", STRING, "Name or path of the OCI runtime for new containers", metavar="string"),
        Flag("runtime-flag", "", LIST, "Global flag for the OCI runtime, without its leading dashes"),
        Flag("storage-driver", "", STRING, "Storage driver", completion=("overlay", "vfs")),
        Flag("storage-opt", "", LIST, "Accepted, without effect", hidden=True),
        Flag("syslog", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("tmpdir", "", STRING, "Accepted, without effect", hidden=True),
        Flag("trace", "", BOOL, "Accepted, without effect", hidden=True),
        Flag("url", "", STRING, hidden=True),
        Flag("version", "", BOOL, "Print the version"),
        Flag("volumepath", "", STRING, "Directory of new volumes", metavar="path", completion="directories"),
    ),
    "[options] [command]",
    SUMMARY,
    interspersed=False,
)


# podman's ways to another machine, or to another configuration
ELSEWHERE = ("connection", "host", "identity", "imagestore", "remote", "url")


class UnknownCommand(InvalidArgument):
    """No command has this name, or none was given; print `hint` on the line after the message."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def find(program: Arguments) -> tuple[Command, list[str]] | None:
    """The command that the words after the program's flags call, and the words left for it; None if help was printed.

    Raises: UnknownCommand, Unsupported.
    """
    from seabox.cli.parse import parse

    words = program.rest
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    group = ""
    if words and words[0] in GROUPS:
        group = words[0]
        args = parse(Command(group, interspersed=False), words[1:], program)
        if args.help:
            _print_help(group)
            return None
        words = args.rest
    called = f"{PROGRAM} {group}".rstrip()
    if not words:
        _print_help(group)
        raise UnknownCommand(f"missing command '{called} COMMAND'")
    if words[0] == "--help":
        _print_help(group)
        return None
    path = f"{group} {words[0]}".lstrip()
    if path not in MODULES:
        if words[0] in _LATER:
            raise Unsupported(f"`{called} {words[0]}` is not supported yet")
        raise UnknownCommand(
            f"unrecognized command `{called} {words[0]}`", f"Try '{called} --help' for more information"
        )
    return load(path), words[1:]


def load(path: str) -> Command:
    """The table of the command that these words call."""
    from importlib import import_module

    command = import_module(f"seabox.cli.commands.{MODULES[path]}").command(path)
    assert isinstance(command, Command)
    return command


def help_of(group: str) -> str:
    """The help text of a group, or of the program (group "")."""
    from seabox.cli.help import group_help

    if group:
        listed = [(path.partition(" ")[2], load(path).summary) for path in MODULES if path.startswith(f"{group} ")]
        return group_help(group, GROUPS[group], listed)
    listed = [(path, load(path).summary) for path in MODULES if " " not in path]
    return group_help("", SUMMARY, [*listed, *GROUPS.items()], PROGRAM_TABLE.flags)


def _print_help(group: str) -> None:
    import sys

    sys.stdout.write(help_of(group))
