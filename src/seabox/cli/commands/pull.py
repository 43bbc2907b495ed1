"""`pull`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.cli.transfers import PLATFORM, QUIET, REACH, access, check_platform, progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

POLICIES = ("always", "missing", "never", "newer")


def command(path: str) -> Command:
    """The command's table."""
    every = Flag("all-tags", "a", BOOL, "All tags of the repository")
    policy = Flag("policy", "", STRING, "When to pull", default="always", completion=POLICIES)
    return Command(
        path, (every, *REACH, *PLATFORM, policy, QUIET), "[options] IMAGE [IMAGE...]", "Get images from a registry",
        run, least=1, completion="images",
        examples=("seabox pull quay.io/fedora/fedora", "seabox pull --policy newer web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Get each and print its id."""
    check_platform(args)
    with engine(args) as on:

        def get(name: str) -> None:
            say(on.images.pull(
                name, policy=args.text("policy").lower(), access=access(args), platform=args.text("platform"),
                arch=args.text("arch"), os=args.text("os"), variant=args.text("variant"), progress=progress(args),
            ))  # fmt: skip

        names = args.rest
        if args.on("all-tags"):
            names = [f"{name}:{tag}" for name in names for tag in on.images.tags(name, access(args))]
        return for_each(names, get)
