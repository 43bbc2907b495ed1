"""`completion`."""

from __future__ import annotations

import sys

from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

SHELLS = ("bash", "zsh", "fish")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("file", "f", STRING, "Write it to this file", metavar="file", completion="files"),
        Flag("no-desc", "", BOOL, "Leave descriptions out"),
    )
    return Command(
        path, flags, "[options] SHELL", "Print the script that completes command lines in a shell", run,
        least=1, most=1, completion=SHELLS,
        examples=(
            "source <(seabox completion bash)", "seabox completion -f /usr/share/zsh/site-functions/_seabox zsh",
            "seabox completion fish | source",
        ),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it."""
    from seabox.cli.completion.shells import script

    shell = args.rest[0]
    if shell not in SHELLS:
        raise InvalidArgument(f'invalid argument "{shell}" for "{args.command.full_path}": use {", ".join(SHELLS)}')
    text = script(shell, descriptions=not args.on("no-desc"))
    if args.text("file"):
        from seabox.kernel.files import write_file

        write_file(args.text("file"), text.encode(), 0o644)
    else:
        sys.stdout.write(text)
    return 0
