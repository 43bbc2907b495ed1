"""`container checkpoint`."""

from __future__ import annotations

from functools import partial

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from seabox.cli.parse import Arguments
    from seabox.model.checkpoint import Statistics

KEEP = Flag("keep", "k", BOOL, "Keep all temporary checkpoint files")
FILE_LOCKS = Flag("file-locks", "", BOOL, "Processes may hold file locks")
ESTABLISHED = Flag("tcp-established", "", BOOL, "Keep established TCP connections")
CLOSE = Flag("tcp-close", "", BOOL, "Established TCP connections are closed ones when it is restored")
PRINT_STATS = Flag("print-stats", "", BOOL, "Print how long it took, as JSON")
_ONLY_WITH_EXPORT = ("compress", "ignore-rootfs", "ignore-volumes")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        Flag("compress", "c", STRING, "Compression of the archive: none, gzip or zstd", default="zstd",
             completion=("none", "gzip", "zstd")),
        Flag("create-image", "", STRING, "Make an image of the checkpoint, for `restore` here or elsewhere",
             metavar="name"),
        Flag("export", "e", STRING, "Write the checkpoint to this archive as well", metavar="file", completion="files"),
        FILE_LOCKS,
        Flag("ignore-rootfs", "", BOOL, "Leave the files that the container wrote out of the archive"),
        Flag("ignore-volumes", "", BOOL, "Leave its volumes out of the archive"),
        KEEP,
        LATEST,
        Flag("leave-running", "R", BOOL, "Let the container go on"),
        Flag("pre-checkpoint", "P", BOOL, "Only its memory, and let it go on: a later checkpoint is quicker"),
        PRINT_STATS,
        CLOSE,
        ESTABLISHED,
        Flag("with-previous", "", BOOL, "Only what was changed since the pre-checkpoint"),
    )  # fmt: skip
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Put the processes of containers to sleep on disk", run,
        completion="containers",
        description="The memory of the processes is written to disk and they end; `restore` lets them go on.",
        examples=("seabox container checkpoint --keep web", "seabox container checkpoint --export web.tar web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Checkpoint what was named."""
    image, target = args.text("create-image"), args.text("export")
    if args.given("create-image") and (target or not image):
        raise InvalidArgument("--create-image takes the name of an image, and no --export beside it")
    if args.given("export") and not target:
        raise InvalidArgument("--export needs the name of a file")
    for flag in _ONLY_WITH_EXPORT:
        if args.given(flag) and not (target or image):
            raise InvalidArgument(f"--{flag} can only be used with --export or --create-image")
    took: list[Statistics] = []
    quiet = args.on("print-stats")
    with engine(args) as on:
        names = chosen(args, on, fits=lambda seen: seen.status == "running")
        if (target or image) and len(names) > 1:
            raise InvalidArgument(f"--{'export' if target else 'create-image'} can only be used with one container")

        def act(name: str) -> None:
            way = partial(on.containers.checkpoint_image, name, image)
            if not image:
                way = partial(on.containers.get(name).checkpoint, export=target or None)
            done = way(
                compression=args.text("compress"), keep=args.on("keep"),
                keep_running=args.on("leave-running"), tcp_established=args.on("tcp-established"),
                tcp_close=args.on("tcp-close"), file_locks=args.on("file-locks"),
                ignore_rootfs=args.on("ignore-rootfs"), ignore_volumes=args.on("ignore-volumes"),
                pre_checkpoint=args.on("pre-checkpoint"), with_previous=args.on("with-previous"),
            )  # fmt: skip
            took.append(done)
            if not quiet:
                say(name)

        code = for_each(names, act)
    if quiet:
        print_statistics(took, "checkpoint")
    return code


def print_statistics(took: Sequence[Statistics], word: str) -> None:
    """How long it took, as podman prints it; microseconds."""
    import json

    total = sum(each.runtime for each in took)
    each_of = [{"Id": each.id, f"runtime_{word}_duration": each.runtime, "criu_statistics": each.criu} for each in took]
    say(json.dumps({f"podman_{word}_duration": total, "container_statistics": each_of}, indent=4))
