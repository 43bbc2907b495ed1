"""`container restore`."""

from __future__ import annotations

from seabox.cli.commands.checkpoint import CLOSE, ESTABLISHED, FILE_LOCKS, KEEP, PRINT_STATS, print_statistics
from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.engine import Engine
    from seabox.model.checkpoint import Statistics

_ONLY_WITH_IMPORT = (
    "allow-privileges", "ignore-rootfs", "ignore-volumes", "import-previous", "name", "pod", "publish",
)  # fmt: skip


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        Flag("allow-privileges", "", BOOL, "The archive's container may have more privileges than others"),
        FILE_LOCKS,
        Flag("ignore-rootfs", "", BOOL, "Without the files in the archive"),
        Flag("ignore-static-ip", "", BOOL, "Any address will do"),
        Flag("ignore-static-mac", "", BOOL, "Any MAC address will do"),
        Flag("ignore-volumes", "", BOOL, "Without the volumes in the archive"),
        Flag("import", "i", LIST, "Restore a container from this archive", metavar="file", completion="files"),
        Flag("import-previous", "", STRING, "Archive of the pre-checkpoint before", metavar="file", completion="files"),
        KEEP,
        LATEST,
        Flag("name", "n", STRING, "Name of the container that is made from the archive"),
        Flag("pod", "", STRING, "Pod that the container becomes part of"),
        PRINT_STATS,
        Flag("publish", "p", LIST, "Publish a port in place of those that the archive names"),
        CLOSE,
        ESTABLISHED,
    )
    return Command(
        path, flags, "[options] CONTAINER|IMAGE [CONTAINER|IMAGE...]",
        "Let processes go on where a checkpoint left them", run, completion="containers",
        description="With --import, or an image that --create-image made, the container is made first.",
        examples=("seabox container restore web", "seabox container restore --import web.tar --name other"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Restore what was named, or what is in archives."""
    took: list[Statistics] = []
    archives = args.texts("import")
    if archives and (args.rest or args.on("all") or args.on("latest")):
        raise InvalidArgument("--import takes no other choice of containers")
    with engine(args) as on:
        images = [] if archives else _images(args, on)
        if not (archives or images):
            for flag in _ONLY_WITH_IMPORT:
                if args.given(flag):
                    raise InvalidArgument(f"--{flag} can only be used with --import, or an image")
        if archives:
            code = _import(args, on.containers.restore, archives, took)
        elif images:
            code = _import(args, on.containers.restore_image, images, took)
        else:
            code = _restore(args, on, took)
    if args.on("print-stats"):
        print_statistics(took, "restore")
    return code


def _images(args: Arguments, on: Engine) -> list[str]:
    """The images that are named in place of containers."""
    names = [] if args.on("all") or args.on("latest") else args.rest
    images = [name for name in names if not on.containers.exists(name) and on.images.exists(name)]
    if images and len(images) < len(names):
        raise InvalidArgument("containers and images cannot be restored at once")
    return images


def _restore(args: Arguments, on: Engine, took: list[Statistics]) -> int:
    def act(name: str) -> None:
        done = on.containers.get(name).restore(
            keep=args.on("keep"), tcp_established=args.on("tcp-established"), tcp_close=args.on("tcp-close"),
            file_locks=args.on("file-locks"), ignore_static_ip=args.on("ignore-static-ip"),
            ignore_static_mac=args.on("ignore-static-mac"),
        )  # fmt: skip
        took.append(done)
        if not args.on("print-stats"):
            say(name)

    return for_each(chosen(args, on, fits=lambda seen: seen.state.checkpointed), act)


def _import(
    args: Arguments, restore: Callable[..., list[Container]], sources: list[str], took: list[Statistics]
) -> int:
    made = restore(
        *sources, name=args.text("name") or None, pod=args.text("pod") or None,
        import_previous=args.text("import-previous"), publish=args.texts("publish"), report=took.append,
        keep=args.on("keep"), tcp_established=args.on("tcp-established"), tcp_close=args.on("tcp-close"),
        file_locks=args.on("file-locks"), ignore_rootfs=args.on("ignore-rootfs"),
        ignore_volumes=args.on("ignore-volumes"), ignore_static_ip=args.on("ignore-static-ip"),
        ignore_static_mac=args.on("ignore-static-mac"), allow_privileges=args.on("allow-privileges"),
    )  # fmt: skip
    if not args.on("print-stats"):
        for ctr in made:
            say(ctr.id)
    return 0
