"""`volume create`."""

from __future__ import annotations

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, PAIRS, STRING, UINT, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("driver", "d", STRING, "Driver", default="local", completion=("local",)),
        Flag("ignore", "", BOOL, "A volume that exists already is no error"),
        Flag("gid", "", UINT, "Group that it belongs to"),
        Flag("label", "l", PAIRS, "Label (KEY=VALUE)"),
        Flag("opt", "o", PAIRS, "Option of the driver: type=, device= and o= as mount(8) takes them"),
        Flag("uid", "", UINT, "User that it belongs to"),
    )
    return Command(
        path, flags, "[options] [NAME]", "Create a volume", run, most=1,
        examples=("seabox volume create data", "seabox volume create -o type=tmpfs -o o=size=64m,mode=700 scratch"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Create it and print its name."""
    options = {key: value or "" for key, value in args.pairs("opt")}
    owner = [f"{name}={args.number(name)}" for name in ("uid", "gid") if args.given(name)]
    if owner:
        options["o"] = ",".join([*filter(None, [options.get("o", "")]), *owner])
    with engine(args) as on:
        volume = on.volumes.create(
            args.rest[0] if args.rest else None,
            driver=args.text("driver"),
            options=options,
            labels={key: value or "" for key, value in args.pairs("label")},
            ignore=args.on("ignore"),
        )
        say(volume.name)
    return 0
