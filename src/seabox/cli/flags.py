"""Commands and their flags as data: one table feeds the parser, the help text, shell completion and the man pages."""

from __future__ import annotations

from seabox.model import literals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seabox.cli.parse import Arguments

    Reader = Callable[[str], object]

PROGRAM = "seabox"


class Kind:
    """One type of flag value.

    `read` raises ValueError with one line that says what is wrong; the parser puts the flag's name in front of it.
    `label` is its word in the help text and `zero` the value of a flag that was not given. With `many` each
    occurrence of the flag adds the items of the list that `read` returns. `bare` is the text that stands for a
    flag given without a value; a kind or flag that has one never takes the next argument.
    """

    __slots__ = ("bare", "label", "many", "read", "zero")

    def __init__(self, label: str, read: Reader, zero: object, *, many: bool = False, bare: str = "") -> None:
        self.label, self.read, self.zero, self.many, self.bare = label, read, zero, many, bare


BOOL = Kind("", literals.read_bool, False, bare="true")
STRING = Kind("string", str, "")
INT = Kind("int", literals.read_int, 0)
UINT = Kind("uint", literals.read_uint, 0)
FLOAT = Kind("float", literals.read_float, 0.0)
LIST = Kind("stringArray", lambda text: [text], (), many=True)
CSV = Kind("strings", literals.read_csv, (), many=True)
PAIRS = Kind("stringArray", literals.read_pair, (), many=True)
SIZE = Kind("<number>[<unit>]", literals.read_size, 0)
DURATION = Kind("duration", literals.read_duration, 0)


class Flag:
    """One flag of a command.

    `default` is what a command reads when the flag is absent (None: the kind's zero). `metavar` replaces the
    kind's word in the help text. `bare` is the value of the flag given without one. `completion` names what a
    shell should offer ("containers", "images", "files"...) or is a tuple of the words themselves. `aliases` are
    other long names that mean this flag and are not shown.
    """

    __slots__ = ("aliases", "bare", "completion", "default", "help", "hidden", "kind", "metavar", "name", "short")

    def __init__(
        self,
        name: str,
        short: str = "",
        kind: Kind = STRING,
        help: str = "",
        *,
        default: object = None,
        metavar: str = "",
        completion: str | tuple[str, ...] = "",
        bare: str = "",
        aliases: tuple[str, ...] = (),
        hidden: bool = False,
    ) -> None:
        self.name, self.short, self.kind, self.help = name, short, kind, help
        self.default = kind.zero if default is None else default
        self.metavar = metavar or kind.label
        self.completion, self.bare, self.aliases, self.hidden = completion, bare or kind.bare, aliases, hidden

    @property
    def label(self) -> str:
        """The flag as error messages name it: `-v, --volume`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Command:
    """One command: `path` is its words after the program's name ("container rm"; "" for the program itself).

    `usage` shows its arguments, `least` and `most` say how many it takes (None: any number). `interspersed` is
    False for commands whose first argument ends the flags (run, create, exec). `run` gets the parsed arguments
    and returns the exit code.
    """

    __slots__ = (
        "aliases",
        "completion",
        "description",
        "examples",
        "flags",
        "hidden",
        "interspersed",
        "least",
        "most",
        "path",
        "run",
        "summary",
        "usage",
    )

    def __init__(
        self,
        path: str,
        flags: tuple[Flag, ...] = (),
        usage: str = "[options]",
        summary: str = "",
        run: Callable[[Arguments], int] | None = None,
        *,
        description: str = "",
        examples: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        least: int = 0,
        most: int | None = None,
        interspersed: bool = True,
        completion: str | tuple[str, ...] = "",
        hidden: bool = False,
    ) -> None:
        self.path, self.flags, self.usage, self.summary, self.run = path, flags, usage, summary, run
        self.description, self.examples, self.aliases = description or summary, examples, aliases
        self.least, self.most, self.interspersed = least, most, interspersed
        self.completion, self.hidden = completion, hidden

    @property
    def full_path(self) -> str:
        """The words a user types: `seabox container rm`."""
        return f"{PROGRAM} {self.path}".rstrip()
