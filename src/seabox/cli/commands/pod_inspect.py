"""`pod inspect`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import STRING, Command, Flag
from seabox.cli.pods import LATEST, latest_pod
from seabox.errors import InvalidArgument, NoSuchPod, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments

# what templates call fields that are written differently in JSON
_IN_TEMPLATES = {
    "Id": "ID", "cpu_period": "CPUPeriod", "cpu_quota": "CPUQuota", "cpu_shares": "CPUShares",
    "cpuset_cpus": "CPUSetCPUs", "cpuset_mems": "CPUSetMems", "memory_limit": "MemoryLimit",
    "memory_swap": "MemorySwap", "pid_ns": "PidNS", "userns": "UserNS", "uts_ns": "UtsNS",
    "security_opt": "SecurityOpts", "devices": "Devices", "volumes": "Mounts",
}  # fmt: skip
_IN_JSON = {there: here for here, there in _IN_TEMPLATES.items()}


def command(path: str) -> Command:
    """The command's table."""
    form = Flag("format", "f", STRING, "Go template, or json", metavar="format")
    return Command(
        path, (form, LATEST), "[options] POD [POD...]", "Show all that is known about pods", run, completion="pods",
        examples=("seabox pod inspect web", "seabox pod inspect --format '{{.State}}' web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it for each: one object for one pod, a list for several."""
    from seabox.cli.complaint import complain
    from seabox.cli.output import as_json, is_json, render, write
    from seabox.listing.pods import sparse

    found: list[dict[str, Any]] = []
    missing: list[NotFound] = []
    with engine(args) as on:
        if args.on("latest") and args.rest:
            raise InvalidArgument("--latest and pods cannot be used together")
        names = [latest_pod(on)] if args.on("latest") else args.rest
        if not names:
            raise InvalidArgument("you must provide the name or id of a pod")
        for name in names:
            try:
                found.append(on.pods.get(name).inspect())
            except NoSuchPod:
                missing.append(NotFound(f"inspecting object: no such pod {name}"))
    form = args.text("format")
    if not form or is_json(form):
        shown = [sparse(each) for each in found]
        write(as_json(shown[0] if len(shown) == 1 else shown) if shown else "[]\n", sys.stdout)
    else:
        write("".join(render(form, for_templates(each)) for each in found), sys.stdout)
    sys.stdout.flush()
    return max([complain(problem) for problem in missing], default=0)


def for_templates(about: dict[str, Any]) -> dict[str, Any]:
    """The pod with all names that templates may use."""
    found = {key: about.get(key, 0) for key in _IN_TEMPLATES if key.startswith(("cpu", "mem"))}
    found |= about
    if about.get("InfraConfig"):
        found["InfraConfig"] = _Renamed(about["InfraConfig"])
    found["Containers"] = [_Renamed(each) for each in about["Containers"]]
    return _Renamed(found)


class _Renamed(dict[str, object]):
    """Fields that answer to their names in templates as well, and are shown under one name."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(_IN_JSON.get(str(name), name))

    def __getitem__(self, name: str) -> object:
        return super().__getitem__(_IN_JSON.get(name, name))
