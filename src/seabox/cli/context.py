"""What most commands share: the engine that the program's flags describe, and work on several containers."""

from __future__ import annotations

import os
import sys

from seabox.cli.flags import BOOL, LIST, Flag
from seabox.errors import InvalidArgument, NotFound, SeaboxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seabox.cli.parse import Arguments
    from seabox.config import EngineConfig
    from seabox.container.snapshot import Snapshot
    from seabox.engine import Engine

ALL = Flag("all", "a", BOOL, "All containers")
LATEST = Flag("latest", "l", BOOL, "The container created last")
FILTER = Flag("filter", "f", LIST, "Only containers that this condition fits (KEY=VALUE)", metavar="filter")
CIDFILE = Flag("cidfile", "", LIST, "Read the container's id from this file", metavar="file", completion="files")
IGNORE = Flag("ignore", "i", BOOL, "Containers that do not exist are no error")


def settings(args: Arguments) -> EngineConfig:
    """The engine's settings: files and environment, overridden by the program's flags. Raises: InvalidArgument."""
    from seabox.config import load

    program = args
    while program.outer is not None:
        program = program.outer
    given: dict[str, object] = {}
    for flag in ("root", "runroot", "runtime", "cgroup-manager", "storage-driver", "events-backend", "conmon"):
        if program.given(flag):
            given[flag.replace("-", "_")] = program.text(flag)
    if program.given("volumepath"):
        given["volume_path"] = program.text("volumepath")
    if program.given("hooks-dir"):
        given["hooks_dir"] = tuple(program.texts("hooks-dir"))
    if program.given("runtime-flag"):
        given["runtime_flags"] = tuple(
            flag if flag.startswith("-") else f"--{flag}" for flag in program.texts("runtime-flag")
        )
    if given.get("cgroup_manager") not in (None, "cgroupfs"):
        from seabox.errors import Unsupported

        raise Unsupported(f"cgroup manager {given['cgroup_manager']!r} is not supported yet: use cgroupfs")
    return load(program.texts("module"), **given)


def engine(args: Arguments) -> Engine:
    """The engine of this command line; close it (it is a context manager)."""
    from seabox.engine import LastEngine

    return LastEngine(settings(args))


def say(text: str) -> None:
    """The line is on stdout; control characters are shown as escapes on a terminal."""
    from seabox.cli.output import write

    write(text + "\n", sys.stdout)


def for_each(
    names: Iterable[str], act: Callable[[str], object], *, forgive: tuple[type[SeaboxError], ...] = ()
) -> int:
    """`act` was called with each name; the exit code of the last that failed, each failure being on stderr.

    Errors of the classes in `forgive` do not count and are not shown.
    """
    code = 0
    for name in names:
        try:
            act(name)
        except forgive:
            continue
        except (SeaboxError, OSError) as problem:
            from seabox.cli.complaint import complain

            if isinstance(problem, BrokenPipeError):
                raise
            sys.stdout.flush()
            code = complain(problem)
    return code


def chosen(args: Arguments, on: Engine, *, fits: Callable[[Snapshot], bool] | None = None) -> list[str]:
    """The containers that the command line names: as written, or as ids for --all, --latest, --cidfile and --filter.

    `fits` further restricts --all and --filter. Raises: InvalidArgument (no choice, or two), NotFound.
    """
    every = _on(args, "all")
    latest = _on(args, "latest")
    files = _texts(args, "cidfile")
    filters = _texts(args, "filter")
    if files and (every or latest):
        raise InvalidArgument("--all, --latest, and --cidfile cannot be used together")
    if every and latest:
        raise InvalidArgument("--all and --latest cannot be used together")
    if args.rest and every:
        raise InvalidArgument("no arguments are needed with --all")
    if args.rest and latest:
        raise InvalidArgument("--latest and arguments cannot be used together")
    if filters and args.rest:
        raise InvalidArgument("--filter takes no arguments")
    if every or filters:
        found = on.containers.list()
        if filters:
            from seabox.listing.container_filters import matcher

            accepted = matcher(on, filters)
            found = [seen for seen in found if accepted(seen)]
        return [seen.facts.id for seen in found if fits is None or fits(seen)]
    if latest:
        return [latest_of(on)]
    if not args.rest and not files:
        raise InvalidArgument("you must provide at least one name or id")
    ignored = _on(args, "ignore")
    return [*args.rest, *(read_id(path) for path in files if not ignored or os.path.lexists(path))]


def latest_of(on: Engine) -> str:
    """The id of the container created last. Raises: NotFound."""
    found = on.containers.list()
    if not found:
        raise NotFound("no containers found: no such container")
    return found[-1].facts.id


def read_id(path: str) -> str:
    """The id in a file that --cidfile made. Raises: InvalidArgument."""
    try:
        with open(path, encoding="ascii") as file:
            return file.readline(256).strip()
    except OSError as problem:
        why = (problem.strerror or "unknown error").lower()
        raise InvalidArgument(f"reading CIDFile: open {path}: {why}") from None
    except UnicodeDecodeError:
        raise InvalidArgument(f"reading CIDFile: {path} holds no container id") from None


def _has(args: Arguments, name: str) -> bool:
    return any(flag.name == name for flag in args.command.flags)


def _on(args: Arguments, name: str) -> bool:
    return _has(args, name) and args.on(name)


def _texts(args: Arguments, name: str) -> list[str]:
    return args.texts(name) if _has(args, name) else []
