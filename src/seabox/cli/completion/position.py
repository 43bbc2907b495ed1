"""Where in a command line somebody is: what was typed before, read as the parser will read it."""

from __future__ import annotations

from seabox.cli import registry
from seabox.cli.flags import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.flags import Flag


class Position:
    """`typed` is to be completed: as the value of `flag`, as a flag's name, as a command, or as an argument.

    `command` is None until one was named, `group` the group before it; `rest` are the arguments before; `tables`
    are those whose flags may be used here; `outer` the program's flags with their values.
    """

    __slots__ = ("command", "flag", "flags_over", "group", "outer", "rest", "typed")

    def __init__(self, typed: str) -> None:
        self.typed = typed
        self.command: Command | None = None
        self.group = ""
        self.flag: Flag | None = None
        self.rest: list[str] = []
        self.flags_over = False
        self.outer: list[str] = []

    @property
    def names_flag(self) -> bool:
        """Whether a flag's name is being typed."""
        return self.flag is None and not self.flags_over and self.typed.startswith("-")

    @property
    def tables(self) -> tuple[Command, ...]:
        """Whose flags can be used here."""
        program = registry.PROGRAM_TABLE
        return (program,) if self.command is None else (self.command, program)

    def flag_called(self, word: str) -> Flag | None:
        """The flag that takes its value from what follows `word`; None if there is none, or it has its value."""
        for table in self.tables:
            for flag in table.flags:
                if word[:2] == "--":
                    if word[2:] in (flag.name, *flag.aliases):
                        return None if flag.bare else flag
                elif flag.short and word[-1:] == flag.short and _takes_next(table, word):
                    return flag
        return None


def _takes_next(table: Command, word: str) -> bool:
    """Whether in the cluster `-abc` only the last letter can have a value."""
    bare = {flag.short for flag in table.flags if flag.bare and flag.short}
    last = next((flag for flag in table.flags if flag.short == word[-1]), None)
    return last is not None and not last.bare and all(letter in bare for letter in word[1:-1])


def find(before: list[str], typed: str) -> Position:
    """Where `typed` is, after these words."""
    at = Position(typed)
    pending: Flag | None = None
    for word in before:
        if pending is not None:
            _keep(at, f"--{pending.name}", word)
            pending = None
        elif at.flags_over or not word.startswith("-") or word == "-":
            _argument(at, word)
        elif word == "--":
            at.flags_over = True
        elif "=" in word:
            _keep(at, *word.split("=", 1))
        else:
            pending = at.flag_called(word)
    at.flag = pending
    if at.flag is None and at.names_flag and "=" in typed:
        name, _, value = typed.partition("=")
        flag = next((f for table in at.tables for f in table.flags if f"--{f.name}" == name), None)
        if flag is not None:
            at.flag, at.typed = flag, value
    return at


def _keep(at: Position, name: str, value: str) -> None:
    """A flag of the program counts for what is looked up."""
    if any(f"--{flag.name}" == name for flag in registry.PROGRAM_TABLE.flags):
        at.outer += [name, value]


def _argument(at: Position, word: str) -> None:
    if at.command is not None:
        at.rest.append(word)
        at.flags_over = at.flags_over or not at.command.interspersed
    elif not at.group and word in registry.GROUPS:
        at.group = word
    else:
        path = f"{at.group} {word}".lstrip()
        if path in registry.MODULES:
            at.command = registry.load(path)
        elif word != "help":
            at.command = Command(path, most=0)  # nothing can follow what does not exist
