"""The text of --help, in podman's layout, from the same tables the parser reads."""

from __future__ import annotations

from seabox.cli.flags import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seabox.cli.flags import Command, Flag


def command_help(command: Command) -> str:
    """What `seabox COMMAND --help` prints."""
    text = _opening(command.summary, command.description)
    text += f"Usage:\n  {command.full_path} {command.usage}".rstrip() + "\n"
    if command.aliases:
        parent = command.full_path.rpartition(" ")[0]
        names = [command.full_path, *(f"{parent} {alias}" for alias in command.aliases)]
        text += f"\nAliases:\n  {', '.join(names)}\n"
    if command.examples:
        text += "\nExamples:\n" + "".join(f"  {example}\n" for example in command.examples)
    options = flag_lines(command.flags)
    return text + (f"\nOptions:\n{options}" if options else "")


def group_help(path: str, summary: str, commands: Iterable[tuple[str, str]], flags: Iterable[Flag] = ()) -> str:
    """What `seabox GROUP --help` prints (path "" is the program); `commands` are names with their summaries."""
    listed = sorted(commands)
    width = max([11, *(len(name) for name, _ in listed)])
    text = _opening(summary, summary if path else "")
    text += "Usage:\n  " + (f"{PROGRAM} {path} [command]" if path else f"{PROGRAM} [options] [command]")
    text += "\n\nAvailable Commands:\n"
    text += "".join(f"  {name:{width}} {about}".rstrip() + "\n" for name, about in listed)
    options = flag_lines(flags)
    return text + (f"\nOptions:\n{options}" if options else "")


def flag_lines(flags: Iterable[Flag]) -> str:
    """One line per visible flag, sorted by name, with the descriptions in one column."""
    shown = [(_left(flag), flag) for flag in sorted(flags, key=lambda flag: flag.name) if not flag.hidden]
    width = max((len(left) for left, _ in shown), default=0)
    return "".join(f"{left:{width}}   {flag.help}{_default(flag)}".rstrip() + "\n" for left, flag in shown)


def _opening(summary: str, description: str) -> str:
    return f"{summary}\n\n" + (f"Description:\n  {description}\n\n" if description else "")


def _left(flag: Flag) -> str:
    text = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
    if flag.metavar:
        text += f" {flag.metavar}"
    if flag.bare != flag.kind.bare:
        text += f'[="{flag.bare}"]'
    return text


def _default(flag: Flag) -> str:
    words = default_words(flag)
    return f" (default {words})" if words else ""


def default_words(flag: Flag) -> str:
    """The flag's default as the help text shows it, "" if there is none to speak of."""
    value = flag.default
    if not value or value == flag.kind.zero:
        return ""
    if flag.kind.label == "duration" and isinstance(value, int):
        value = _duration(value)
    elif value is True:
        value = "true"
    elif isinstance(value, (list, tuple)):
        value = "[" + ",".join(map(str, value)) + "]"
    elif isinstance(value, str):
        value = f'"{value}"'
    return str(value)


def _duration(nanoseconds: int) -> str:
    """Go's notation for a duration of whole milliseconds: 1h0m0s, 30s, 250ms."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    if seconds == 0:
        return f"{rest / 1_000_000:g}ms"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{seconds + rest / 1_000_000_000:g}s"
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text
