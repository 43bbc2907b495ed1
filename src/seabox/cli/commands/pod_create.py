"""`pod create`."""

from __future__ import annotations

import os
import sys

from seabox.cli.context import engine, say
from seabox.cli.creation import as_size, labels, needed_values, words_of_entrypoint
from seabox.cli.flags import BOOL, CSV, FLOAT, LIST, PAIRS, PROGRAM, STRING, UINT, Command, Flag
from seabox.errors import InvalidArgument, NoSuchPod, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine

_SHARE = "ipc,net,uts"
_FLAGS = (
    Flag("add-host", "", LIST, "Line for /etc/hosts (NAME:IP)"),
    Flag("blkio-weight", "", UINT, "Relative weight of block I/O of the whole pod (10 to 1000)"),
    Flag("blkio-weight-device", "", CSV, "The same for one device (DEVICE:WEIGHT)", metavar="DEVICE_NAME:WEIGHT"),
    Flag("cgroup-parent", "", STRING, "Cgroup below which the pod's is made"),
    Flag("cpu-shares", "c", UINT, "Relative weight of CPU time"),
    Flag("cpus", "", FLOAT, "Number of CPUs"),
    Flag("cpuset-cpus", "", STRING, "CPUs to run on (0-2,5)"),
    Flag("cpuset-mems", "", STRING, "Memory nodes to use"),
    Flag("device", "", LIST, "Device of the host for every container (SRC[:DEST[:rwm]])"),
    Flag("device-read-bps", "", CSV, "Most bytes a second read from a device by the whole pod (DEVICE:NUMBER[UNIT])"),
    Flag("device-write-bps", "", CSV, "Most bytes a second written to a device by the whole pod"),
    Flag("dns", "", CSV, "Name server, or none to leave the image's resolv.conf alone", metavar="ip"),
    Flag("dns-option", "", CSV, "Option of the resolver", aliases=("dns-opt",)),
    Flag("dns-search", "", CSV, "Domain to search for names"),
    Flag("exit-policy", "", STRING, "What to do when the last container has ended", default="continue",
         completion=("continue", "stop")),
    Flag("hostname", "h", STRING, "Host name of the containers"),
    Flag("infra", "", BOOL, "A container that holds what the others share", default=True),
    Flag("infra-command", "", STRING, "What that container runs: a path, or a JSON list"),
    Flag("infra-conmon-pidfile", "", STRING, "Write the pid of its conmon to this file", metavar="file"),
    Flag("infra-image", "", STRING, "Image of that container, which needs none", completion="images"),
    Flag("infra-name", "", STRING, "Name of that container"),
    Flag("ip", "", STRING, "IPv4 address in its network"),
    Flag("ip6", "", STRING, "IPv6 address in its network"),
    Flag("label", "l", PAIRS, "Label (KEY=VALUE)"),
    Flag("label-file", "", LIST, "Read labels from this file, one a line", metavar="file", completion="files"),
    Flag("mac-address", "", STRING, "MAC address"),
    Flag("memory", "m", STRING, "Memory limit of the whole pod", metavar="<number>[<unit>]"),
    Flag("memory-swap", "", STRING, "Limit of memory and swap together (-1: none)", metavar="<number>[<unit>]"),
    Flag("name", "n", STRING, "Name of the pod"),
    Flag("network", "", LIST, "bridge, none, host, ns:PATH or NAME[:ip=...,mac=...,alias=...]", aliases=("net",),
         completion="networks"),
    Flag("network-alias", "", LIST, "Another name for the pod in its networks"),
    Flag("no-hosts", "", BOOL, "Leave the images' /etc/hosts alone"),
    Flag("pid", "", STRING, "PID namespace, if it is shared: private, host or ns:PATH"),
    Flag("pod-id-file", "", STRING, "Write the pod's id to this file", metavar="file", completion="files"),
    Flag("publish", "p", LIST, "Port of the host that leads to one of the pod ([[IP:]HOST:]PORT[/PROTOCOL])"),
    Flag("replace", "", BOOL, "Remove a pod of the same name first"),
    Flag("restart", "", STRING, "Restart policy of containers that have none of their own",
         completion=("no", "always", "on-failure", "unless-stopped")),
    Flag("security-opt", "", LIST, "Security option for every container"),
    Flag("share", "", STRING, "What the containers share: cgroup, ipc, net, pid, uts or none; +... adds to the default",
         default=_SHARE),
    Flag("share-parent", "", BOOL, "The cgroups of the containers are below one of the pod's", default=True),
    Flag("shm-size", "", STRING, "Size of /dev/shm", metavar="<number>[<unit>]"),
    Flag("sysctl", "", PAIRS, "Kernel parameter (NAME=VALUE)"),
    Flag("userns", "", STRING, "User namespace: host"),
    Flag("uts", "", STRING, "UTS namespace: private, host or ns:PATH"),
    Flag("volume", "v", LIST, "Directory of the host for every container (SRC:DEST[:OPTIONS])"),
)  # fmt: skip
_LATER = (
    "gidmap subgidname subuidname uidmap volumes-from"
).split()


def command(path: str) -> Command:
    """The command's table."""
    hidden = tuple(Flag(name, "", LIST, hidden=True) for name in _LATER)
    return Command(
        path, (*_FLAGS, *hidden), "[options] [NAME]", "Create a pod, empty but for its infra container", run, most=1,
        interspersed=False, examples=("seabox pod create web", "seabox pod create -p 8080:80 --label a=b web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Create it and print its id."""
    for flag in _LATER:
        if args.given(flag):
            raise Unsupported(f"--{flag} is not supported yet")
    name = args.text("name")
    if args.rest:
        if name:
            raise InvalidArgument("cannot specify --name and NAME at the same time")
        name = args.rest[0]
    if args.on("replace") and not name:
        raise InvalidArgument("cannot replace pod without --name being set")
    options = _options(args)
    idfile = args.text("pod-id-file")
    if idfile and not os.path.isdir(os.path.dirname(idfile) or "."):
        raise InvalidArgument(f"failed to write pod ID to file: open {idfile}: no such file or directory")
    with engine(args) as on:
        if args.on("replace"):
            _make_way(on, name)
        pod = on.pods.create(name if name or args.given("name") else None, **options)
        if idfile:
            from seabox.kernel.files import write_file

            try:
                write_file(idfile, pod.id.encode(), 0o644)
            except OSError as problem:
                pod.remove(force=True)
                why = (problem.strerror or "").lower()
                raise InvalidArgument(f"failed to write pod ID to file: open {idfile}: {why}") from None
        say(pod.id)
    return 0


def _make_way(on: Engine, name: str) -> None:
    try:
        pod = on.pods.get(name)
        if pod.name == name:  # not a pod whose id begins so
            pod.remove(force=True)
    except NoSuchPod:
        return


def _options(args: Arguments) -> dict[str, Any]:
    """What was given; what was not said, the engine decides."""
    share = args.text("share")
    infra = args.on("infra") and (args.given("infra") or share not in ("none", ""))
    found: dict[str, Any] = {
        "labels": labels(args),
        "infra": infra,
        "share_parent": args.on("share-parent"),
        "restart": args.text("restart"),
        "exit_policy": args.text("exit-policy") if args.given("exit-policy") else "",
        "create_command": [PROGRAM, *sys.argv[1:]],
        "network": args.texts("network") if args.given("network") else None,
        "sysctls": needed_values("sysctl", args.pairs("sysctl")),
        "add_hosts": args.texts("add-host"),
        "devices": args.texts("device"),
        "dns": args.texts("dns"),
        "dns_options": args.texts("dns-option"),
        "dns_search": args.texts("dns-search"),
        "network_aliases": args.texts("network-alias"),
        "no_hosts": args.on("no-hosts"),
        "publish": args.texts("publish"),
        "security_opt": args.texts("security-opt"),
        "volumes": args.texts("volume"),
    }
    if args.given("share") and infra:
        words = share.removeprefix("+").split(",")
        found["share"] = [*(_SHARE.split(",") if share.startswith("+") else ()), *words]
    elif args.given("share") and share not in ("none", ""):
        found["share"] = share.split(",")
    if infra:
        found["infra_image"] = args.text("infra-image")
        found["infra_command"] = words_of_entrypoint(args.text("infra-command"))
        found["infra_name"] = args.text("infra-name")
        found["infra_conmon_pidfile"] = args.text("infra-conmon-pidfile")
    elif args.text("infra-name") and args.given("infra"):
        raise InvalidArgument("cannot set infra-name without an infra container")
    for flag in ("hostname", "ip", "ip6", "mac-address", "cgroup-parent", "cpuset-cpus", "cpuset-mems"):
        found[flag.replace("-", "_")] = args.text(flag)
    for flag in ("pid", "uts", "userns"):
        found[flag] = args.text(flag) if args.given(flag) else None
    return found | _limits(args)


def _limits(args: Arguments) -> dict[str, Any]:
    found: dict[str, Any] = {
        "blkio_weight_devices": args.texts("blkio-weight-device"),
        "device_read_bps": args.texts("device-read-bps"),
        "device_write_bps": args.texts("device-write-bps"),
    }
    if args.given("blkio-weight"):
        found["blkio_weight"] = args.number("blkio-weight")
    if args.given("cpus"):
        found["cpus"] = min(args.fraction("cpus"), float(os.cpu_count() or 1))
    if args.given("cpu-shares"):
        found["cpu_shares"] = args.number("cpu-shares")
    if args.given("memory"):
        found["memory"] = as_size(args, "memory")
    if args.given("memory-swap"):
        found["memory_swap"] = -1 if args.text("memory-swap") == "-1" else as_size(args, "memory-swap")
    if args.given("shm-size"):
        found["shm_size"] = as_size(args, "shm-size")
    return found
