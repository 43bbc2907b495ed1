"""What the commands on pods share: which pods are meant, and how failures of their containers are told."""

from __future__ import annotations

import os
import sys

from seabox.cli.context import for_each, say
from seabox.cli.flags import BOOL, LIST, Flag
from seabox.errors import InvalidArgument, NoSuchPod, SeaboxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments
    from seabox.engine import Engine
    from seabox.pods.pod import Pod

ALL = Flag("all", "a", BOOL, "All pods")
LATEST = Flag("latest", "l", BOOL, "The pod created last")
IGNORE = Flag("ignore", "i", BOOL, "Pods that do not exist are no error")
POD_ID_FILE = Flag("pod-id-file", "", LIST, "Read the pod's id from this file", metavar="file", completion="files")


def latest_pod(on: Engine) -> str:
    """The id of the pod created last. Raises: NoSuchPod."""
    found = on.pods.list()
    if not found:
        raise NoSuchPod("")
    return found[-1].facts.id


def chosen(args: Arguments, on: Engine) -> list[str]:
    """The pods that the command line names: as written, or as ids. Raises: InvalidArgument (no choice, or two)."""
    known = {flag.name for flag in args.command.flags}
    every, latest = ("all" in known and args.on("all")), args.on("latest")
    files = args.texts("pod-id-file") if "pod-id-file" in known else []
    if every and latest:
        raise InvalidArgument("--all and --latest cannot be used together")
    if files and (every or latest):
        raise InvalidArgument("--all, --latest, and --pod-id-file cannot be used together")
    if args.rest and every:
        raise InvalidArgument("no arguments are needed with --all")
    if args.rest and latest:
        raise InvalidArgument("--latest and pods cannot be used together")
    if every:
        return [seen.facts.id for seen in on.pods.list()]
    if latest:
        return [latest_pod(on)]
    if not args.rest and not files:
        raise InvalidArgument("you must provide at least one name or id")
    ignored = "ignore" in known and args.on("ignore")
    return [*args.rest, *(read_pod_id(path) for path in files if not ignored or os.path.lexists(path))]


def read_pod_id(path: str) -> str:
    """The id in a file that --pod-id-file made. Raises: InvalidArgument."""
    try:
        with open(path, encoding="ascii") as file:
            return file.readline(256).strip()
    except OSError as problem:
        why = (problem.strerror or "unknown error").lower()
        raise InvalidArgument(f"reading pod ID file: open {path}: {why}") from None
    except UnicodeDecodeError:
        raise InvalidArgument(f"reading pod ID file: {path} holds no pod id") from None


def for_each_pod(
    args: Arguments, on: Engine, act: Callable[[Pod], object], *, forgive: tuple[type[SeaboxError], ...] = ()
) -> int:
    """`act` was called with each pod chosen, whose id was then printed; the exit code of the last that failed."""
    codes = [0]

    def one(name: str) -> None:
        from seabox.pods.errors import PodFailed

        pod = on.pods.get(name)
        try:
            if act(pod) is False:
                return
        except PodFailed as failed:
            sys.stdout.flush()
            codes.append(tell(failed))
            return
        say(pod.id)

    codes.append(for_each(chosen(args, on), one, forgive=forgive))
    return max(codes)


def tell(failed: SeaboxError) -> int:
    """What went wrong with each container of a pod is on stderr, a line each; the exit code."""
    from seabox.cli.complaint import complain
    from seabox.pods.errors import MembersFailed, NotAllRemoved, PodFailed

    if isinstance(failed, NotAllRemoved):
        complain(failed)
    assert isinstance(failed, PodFailed)
    for id, cause in failed.causes.items():
        if isinstance(failed, MembersFailed):
            complain(SeaboxError(f"{failed.doing} container {id}: {cause}"))
        else:
            complain(cause)
    return failed.exit_code


def remove_with_pod(on: Engine, id: str, *, force: bool = True, timeout: int | None = None) -> list[str]:
    """The pod that container `id` is the infra container of is gone; the ids of its containers, this one last."""
    pod = on.pods.get(on.containers.get(id).snapshot().facts.pod)
    members = [seen.facts.id for seen in pod.snapshot().members]
    pod.remove(force=force, timeout=timeout)
    return members[::-1]
