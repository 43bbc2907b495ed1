"""What a shell offers while a command line is being typed, by the protocol of Go's cobra.

`seabox __complete WORD... LAST` prints a candidate for LAST on each line, its description after a tab, and at the end
a colon with the number of a directive. `__completeNoDesc` leaves the descriptions out.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.completion.position import Position

COMMANDS = ("__complete", "__completeNoDesc")
DEFAULT, NO_SPACE, NO_FILES, DIRECTORIES = 0, 2, 4, 16
_NAMES = {DEFAULT: "Default", NO_SPACE: "NoSpace", NO_FILES: "NoFileComp", DIRECTORIES: "FilterDirs"}


class Offer:
    """Candidates with their descriptions ("" for none), and what the shell should do besides."""

    __slots__ = ("candidates", "directive")

    def __init__(self, candidates: dict[str, str], directive: int = NO_FILES) -> None:
        self.candidates, self.directive = candidates, directive


def answer(words: list[str]) -> int:
    """The candidates for the last of the words after `__complete` are on stdout."""
    from seabox.cli.output import write

    describe = words[0] == COMMANDS[0]
    if len(words) < 2:
        sys.stderr.write("Error: requires at least 1 arg(s), only received 0\n")
        return 125
    offer = _offer(words[1:-1], words[-1])
    for candidate, about in offer.candidates.items():
        line = candidate + (f"\t{about}" if describe and about else "")
        write(f"{' '.join(line.split(chr(10)))}\n", sys.stdout)
    sys.stdout.write(f":{offer.directive}\n")
    sys.stdout.flush()
    sys.stderr.write(f"Completion ended with directive: ShellCompDirective{_NAMES[offer.directive]}\n")
    return 0


def _offer(before: list[str], typed: str) -> Offer:
    from seabox.cli.completion.position import find
    from seabox.errors import SeaboxError

    try:
        position = find(before, typed)
        offer = _of(position)
    except (SeaboxError, OSError):  # a shell is no place for complaints
        return Offer({})
    fitting = {text: about for text, about in offer.candidates.items() if text.startswith(position.typed)}
    return Offer(fitting, offer.directive)


def _of(position: Position) -> Offer:
    from seabox.cli.completion import objects

    if position.flag is not None:
        return objects.values(position.flag.completion, position, flag=position.flag)
    if position.names_flag:
        return Offer(_flags(position))
    if position.command is None:
        return Offer(_commands(position.group))
    return objects.arguments(position)


def _flags(position: Position) -> dict[str, str]:
    found = {}
    for table in position.tables:
        for flag in table.flags:
            if flag.hidden:
                continue
            found[f"--{flag.name}"] = flag.help
            if flag.short and position.typed == "-":
                found[f"-{flag.short}"] = flag.help
    return dict(sorted(found.items()))


def _commands(group: str) -> dict[str, str]:
    from seabox.cli import registry

    if group:
        names = {path.partition(" ")[2]: path for path in registry.MODULES if path.startswith(f"{group} ")}
    else:
        names = {path: path for path in registry.MODULES if " " not in path}
    found = {name: registry.load(path).summary for name, path in names.items()}
    return dict(sorted((found | ({} if group else registry.GROUPS | {"help": "Show help"})).items()))
