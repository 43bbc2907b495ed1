"""Manual pages, from the same tables the parser reads."""

from __future__ import annotations

from seabox import __version__
from seabox.cli import registry
from seabox.cli.flags import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seabox.cli.flags import Flag


def page_name(path: str) -> str:
    """The name of a command's page: seabox-container-rm."""
    return "-".join((PROGRAM, *path.split()))


def paths() -> list[str]:
    """Every command and group that has a page; "" is the program."""
    return sorted(("", *registry.GROUPS, *registry.MODULES))


def page(path: str) -> str:
    """The page of a command, a group or the program (""), as roff. Raises: KeyError."""
    if path in ("", *registry.GROUPS):
        return _group_page(path)
    command = registry.load(path)
    body = _section("SYNOPSIS", f"\\fB{_text(command.full_path)}\\fR {_text(command.usage)}")
    body += _section("DESCRIPTION", _text(_sentence(command.description)))
    body += _options("OPTIONS", command.flags)
    if command.examples:
        lines = "\n".join(f".nf\n{_text(each)}\n.fi" for each in command.examples)
        body += f".SH EXAMPLES\n{lines}\n"
    return _head(path, command.summary) + body + _see_also(path)


def _group_page(path: str) -> str:
    summary = registry.GROUPS[path] if path else registry.SUMMARY
    usage = f"\\fB{PROGRAM}\\fR [options] command" if not path else f"\\fB{PROGRAM} {path}\\fR command"
    body = _section("SYNOPSIS", usage) + _section("DESCRIPTION", _text(_sentence(summary)))
    listed = _members(path)
    body += ".SH COMMANDS\n" + "".join(f".TP\n\\fB{_text(name)}\\fR\n{_text(about)}\n" for name, about in listed)
    if not path:
        body += _options("OPTIONS", registry.PROGRAM_TABLE.flags)
        body += _section("FILES", _text(_FILES)) + _section("EXIT STATUS", _text(_EXIT))
    return _head(path, summary) + body + _see_also(path)


_FILES = (
    "containers.conf, registries.conf and policy.json are read from /usr/share/containers and /etc/containers; "
    "/etc/seabox/seabox.conf has settings of seabox alone."
)
_EXIT = (
    "125: an error of seabox itself; 126: the command of the container cannot be run; 127: it was not found; else what "
    "the container's process ended with, or 0."
)


def _members(path: str) -> list[tuple[str, str]]:
    if path:
        found = [(each.partition(" ")[2], each) for each in registry.MODULES if each.startswith(f"{path} ")]
        return sorted((name, registry.load(each).summary) for name, each in found)
    own = [(each, registry.load(each).summary) for each in registry.MODULES if " " not in each]
    return sorted([*own, *registry.GROUPS.items()])


def _head(path: str, summary: str) -> str:
    name = page_name(path)
    return (
        f'.TH "{name.upper()}" "1" "" "{PROGRAM} {__version__}" "User Commands"\n'
        f".SH NAME\n{_text(name)} \\- {_text(summary)}\n"
    )


def _options(title: str, flags: Iterable[Flag]) -> str:
    shown = sorted((flag for flag in flags if not flag.hidden), key=lambda flag: flag.name)
    if not shown:
        return ""
    return f".SH {title}\n" + "".join(map(_option, shown))


def _option(flag: Flag) -> str:
    names = f"\\fB\\-\\-{_text(flag.name)}\\fR"
    if flag.short:
        names = f"\\fB\\-{flag.short}\\fR, {names}"
    if flag.metavar:
        names += f" \\fI{_text(flag.metavar)}\\fR"
    words = _text(_sentence(flag.help))
    if isinstance(flag.completion, tuple) and flag.completion:
        words += f" One of {_text(', '.join(flag.completion))}."
    from seabox.cli.help import default_words

    if default := default_words(flag):
        words += f" Default: {_text(default)}."
    return f".TP\n{names}\n{words}\n"


def _see_also(path: str) -> str:
    parent = path.rpartition(" ")[0]
    others = [page_name(parent)] if path else [page_name(group) for group in registry.GROUPS]
    return ".SH SEE ALSO\n" + ", ".join(f"\\fB{_text(other)}\\fR(1)" for other in others) + "\n"


def _section(title: str, text: str) -> str:
    return f".SH {title}\n{text}\n"


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?")) else f"{text}."


def _text(text: str) -> str:
    """Safe in roff: no line begins a request, no character an escape."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in safe.split("\n"))
