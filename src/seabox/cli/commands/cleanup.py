"""`container cleanup`."""

from __future__ import annotations

from contextlib import suppress

from seabox.cli.context import ALL, LATEST, chosen, engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import ImageInUse, InvalidArgument, NoSuchImage, StateConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        ALL,
        LATEST,
        Flag("rm", "", BOOL, "Remove the containers too"),
        Flag("rmi", "", BOOL, "Remove their images too, unless something else uses them"),
        Flag("exec", "", STRING, "Forget this exec session of the container, and nothing else"),
    )
    return Command(
        path, flags, "[options] CONTAINER [CONTAINER...]", "Give back what ended containers held", run,
        completion="containers",
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Clean up what was named."""
    for flag, other in (("all", "exec"), ("exec", "rmi")):
        if args.given(flag) and args.given(other):
            raise InvalidArgument(f"--{flag} and --{other} cannot be set together")
    if args.given("exec") and (args.on("all") or args.on("rm") or args.on("rmi") or len(args.rest) > 1):
        raise InvalidArgument("--exec is about one session of one container: it goes with no other flag")
    if args.on("rmi") and not args.on("rm"):
        raise InvalidArgument("the --rmi option does not work without --rm")
    with engine(args) as on:

        def cleanup(name: str) -> None:
            ctr = on.containers.get(name)
            if args.given("exec"):
                ctr.execs.get(args.text("exec")).remove()
                return
            ctr.cleanup()
            if args.on("rm"):
                image = ctr.inspect()["ImageName"]
                ctr.remove()
                if args.on("rmi") and image:
                    with suppress(ImageInUse, NoSuchImage):
                        on.images.remove(image)
            say(name)

        forgive = (StateConflict,) if args.on("all") else ()
        return for_each(chosen(args, on), cleanup, forgive=forgive)
