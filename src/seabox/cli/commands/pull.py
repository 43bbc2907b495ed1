"""`pull`."""

from __future__ import annotations

from seabox.cli.context import engine, for_each, say
from seabox.cli.flags import STRING, Command, Flag
from seabox.cli.transfers import PLATFORM, QUIET, REACH, access, progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

POLICIES = ("always", "missing", "never", "newer")


def command(path: str) -> Command:
    """The command's table."""
    policy = Flag("policy", "", STRING, "When to pull", default="always", completion=POLICIES)
    return Command(
        path, (*REACH, *PLATFORM, policy, QUIET), "[options] IMAGE [IMAGE...]", "Get images from a registry", run,
        least=1, completion="images", examples=("seabox pull quay.io/fedora/fedora", "seabox pull --policy newer web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Get each and print its id."""
    with engine(args) as on:

        def get(name: str) -> None:
            say(on.images.pull(
                name, policy=args.text("policy").lower(), access=access(args), platform=args.text("platform"),
                arch=args.text("arch"), os=args.text("os"), variant=args.text("variant"), progress=progress(args),
            ))  # fmt: skip

        return for_each(args.rest, get)
