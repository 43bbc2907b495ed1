"""Command lines read by the grammar of Go's pflag, as podman's users and their scripts write them.

`--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-it`, `-itd=false`; a flag with a bare value
(every bool) never takes the next argument, any other takes it whatever it looks like; `--` ends the flags.
"""

from __future__ import annotations

from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from seabox.cli.flags import Command, Flag

    T = TypeVar("T")


class UsageError(InvalidArgument):
    """The words do not follow the command's grammar; print `hint` on the line after the message."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.hint = f"See '{path} --help'"


class Arguments:
    """A parsed command line: the flags' values and, in `rest`, the arguments.

    The typed readers return the flag's default when it was not given; asking for a flag the command does not have
    is a KeyError, for one of another kind a TypeError: both are bugs of the command. `help` is True when help was
    asked for, and then nothing else was checked. `outer` holds the flags given before the command's name.
    """

    __slots__ = ("_long", "_short", "_values", "command", "help", "outer", "rest")

    def __init__(self, command: Command, outer: Arguments | None = None) -> None:
        self.command, self.outer = command, outer
        self.rest: list[str] = []
        self.help = False
        self._values: dict[str, object] = {}
        self._long: dict[str, Flag] = {}
        self._short: dict[str, Flag] = {}
        for flag in command.flags:
            self._long[flag.name] = flag
            for alias in flag.aliases:
                self._long[alias] = flag
            if flag.short:
                self._short[flag.short] = flag

    def given(self, name: str) -> bool:
        """Whether the flag was on the command line."""
        return self._long[name].name in self._values

    def on(self, name: str) -> bool:
        """The value of a BOOL flag."""
        return self._read(name, bool)

    def text(self, name: str) -> str:
        """The value of a STRING flag."""
        return self._read(name, str)

    def number(self, name: str) -> int:
        """The value of an INT or UINT flag, of a SIZE in bytes or of a DURATION in nanoseconds."""
        return self._read(name, int)

    def fraction(self, name: str) -> float:
        """The value of a FLOAT flag."""
        return self._read(name, float)

    def texts(self, name: str) -> list[str]:
        """The values of a LIST or CSV flag in the order given."""
        return [*self._read(name, (list, tuple))]

    def pairs(self, name: str) -> list[tuple[str, str | None]]:
        """The keys and values of a PAIRS flag in the order given; a key given alone has the value None."""
        return [*self._read(name, (list, tuple))]

    def value(self, name: str) -> object:
        """The value of a flag of any kind."""
        flag = self._long[name]
        return self._values.get(flag.name, flag.default)

    def _read(self, name: str, wanted: type[T] | tuple[type[T], ...]) -> T:
        value = self.value(name)
        if not isinstance(value, wanted):
            raise TypeError(f"--{name} is {value!r}, not of {wanted}")
        return value

    def _find(self, long: str = "", short: str = "") -> tuple[Arguments, Flag] | None:
        """The flag of this name and whose it is: a flag of the program may also follow the command's name."""
        at: Arguments | None = self
        while at is not None:
            flag = at._long.get(long) if long else at._short.get(short)
            if flag is not None:
                return at, flag
            at = at.outer
        return None

    def _put(self, flag: Flag, text: str) -> None:
        try:
            value = flag.kind.read(text)
        except ValueError as error:
            from seabox.model.quoting import quote

            message = f'invalid argument {quote(text)} for "{flag.label}" flag: {error}'
            raise UsageError(message, self.command.full_path) from None
        if flag.kind.many:
            items = self._values.setdefault(flag.name, [])
            assert isinstance(items, list)
            assert isinstance(value, list)
            items += value
        else:
            self._values[flag.name] = value


def parse(command: Command, words: Sequence[str], outer: Arguments | None = None) -> Arguments:
    """The words after the command's name are read; flags of the `outer` command given here count as given there.

    Raises:
        UsageError: an unknown flag, a missing or a bad value.
        InvalidArgument: too few or too many arguments.
    """
    found = Arguments(command, outer)
    pending = list(reversed(words))
    while pending and not found.help:
        word = pending.pop()
        if word == "--":
            break
        if word[:2] == "--":
            _long(found, word, pending)
        elif word[:1] == "-" and word != "-":
            cluster = word[1:]
            while cluster and not found.help:
                cluster = _short(found, cluster, pending)
        else:
            found.rest.append(word)
            if not command.interspersed:
                break
    found.rest += reversed(pending)
    if not found.help:
        _count(command, len(found.rest))
    return found


def _long(found: Arguments, word: str, pending: list[str]) -> None:
    name, equals, value = word[2:].partition("=")
    path = found.command.full_path
    if name[:1] in ("", "-"):
        raise UsageError(f"bad flag syntax: {word}", path)
    match = found._find(long=name)
    if match is None:
        if name == "help":
            found.help = True
            return
        raise UsageError(f"unknown flag: --{name}", path)
    owner, flag = match
    if not equals:
        if flag.bare:
            value = flag.bare
        elif pending:
            value = pending.pop()
        else:
            raise UsageError(f"flag needs an argument: {word}", path)
    owner._put(flag, value)


def _short(found: Arguments, cluster: str, pending: list[str]) -> str:
    """The first flag of the cluster is read; returns what is left of the cluster."""
    letter, rest = cluster[0], cluster[1:]
    match = found._find(short=letter)
    if match is None:
        if letter == "h":
            found.help = True
            return ""
        raise UsageError(f"unknown shorthand flag: '{letter}' in -{cluster}", found.command.full_path)
    owner, flag = match
    if rest[:1] == "=" and len(rest) > 1:
        value, rest = rest[1:], ""
    elif flag.bare:
        value = flag.bare
    elif rest:
        value, rest = rest, ""
    elif pending:
        value = pending.pop()
    else:
        raise UsageError(f"flag needs an argument: '{letter}' in -{cluster}", found.command.full_path)
    owner._put(flag, value)
    return rest


def _count(command: Command, given: int) -> None:
    least, most = command.least, command.most
    if given >= least and (most is None or given <= most):
        return
    if most == 0:
        text = f"`{command.full_path}` takes no arguments"
    elif least == most:
        text = f"accepts {least} arg(s), received {given}"
    elif most is None:
        text = f"requires at least {least} arg(s), only received {given}"
    elif least == 0:
        text = f"accepts at most {most} arg(s), received {given}"
    else:
        text = f"accepts between {least} and {most} arg(s), received {given}"
    raise InvalidArgument(text)
