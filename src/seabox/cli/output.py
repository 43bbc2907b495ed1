"""What commands print: tables, values by a --format, and text that is safe to show on a terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TextIO

NARROWEST = 12  # a column with its gap, as in podman's tables
GAP = 2

CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))}
CONTROLS |= {0xDC00 + code: f"\\x{code:02x}" for code in range(0x80, 0x100)}  # bytes that were not UTF-8
CONTROLS |= {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
CONTROLS_IN_TEXT = {code: shown for code, shown in CONTROLS.items() if code not in (9, 10)}


def escaped(text: str) -> str:
    """The text without control characters (C0, DEL, C1), each shown as an escape; tabs and newlines stay."""
    return text if text.isprintable() else text.translate(CONTROLS_IN_TEXT)


def write(text: str, stream: TextIO) -> None:
    """The text is on the stream, escaped if that is a terminal: names and labels must not drive it.

    For command output that is metadata; the output of containers is not to pass here.
    """
    stream.write(escaped(text) if stream.isatty() else text)


def table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    """One line per row, the columns aligned; control characters in cells are shown as escapes.

    The last cell of a row is not padded and does not widen its column.
    """
    lines = [[cell.translate(CONTROLS) for cell in row] for row in ((header, *rows) if header else rows)]
    widths: dict[int, int] = {}
    for line in lines:
        for column, cell in enumerate(line[:-1]):
            widths[column] = max(widths.get(column, NARROWEST), len(cell) + GAP)
    return "".join(
        "".join(cell.ljust(widths[column]) for column, cell in enumerate(line[:-1])) + "".join(line[-1:]) + "\n"
        for line in lines
    )


def heading(field: str) -> str:
    """A field's name as a column's heading: RunningFor -> RUNNING FOR, ImageID -> IMAGE ID."""
    words = field[:1]
    for before, char, after in zip(field, field[1:], field[2:] + "A", strict=False):
        new_word = char.isupper() and (before.islower() or (before.isupper() and after.islower()))
        words += " " + char if new_word else char
    return words.upper()


def is_json(form: str) -> bool:
    """Whether a --format asks for JSON."""
    return "".join(form.split()) in ("json", "{{json.}}", "{{json}}")


def as_json(value: object, indent: int = 4) -> str:
    """Indented JSON with a newline at the end."""
    from seabox.cli.golang import json_text

    return json_text(value, indent) + "\n"


def render(form: str, value: object, name: str = "format") -> str:
    r"""What `--format FORM` prints for one value: JSON, or a Go template in which \n and \t may be written out.

    Raises:
        InvalidArgument: the template is malformed or does not fit the value.
    """
    if is_json(form):
        return as_json(value)
    from seabox.cli.template import Template

    return _ended(Template(_outside_actions(form, _unescape), name).render(value))


def report(
    form: str,
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    headings: Mapping[str, object] = {},
    noheading: bool = False,
    name: str = "format",
) -> str:
    """What a listing command prints for `--format FORM`: "" and "table" mean the default columns.

    `table TEMPLATE` has a heading and aligned columns, any other template is rendered row by row, unless it
    ranges over all rows itself. `headings` are those that do not follow from the name of the field.

    Raises:
        InvalidArgument: as `render`.
    """
    if is_json(form):
        return as_json(rows)
    if form in ("", "table"):
        from seabox.cli.golang import text

        titles = () if noheading else [str(headings.get(column, heading(column))) for column in columns]
        return table(([text(row[column]) for column in columns] for row in rows), titles)
    from seabox.cli.template import Template

    aligned = form.startswith("table ")
    form = form.removeprefix("table ") if aligned else form
    source = _outside_actions(form, _tabbed if aligned else _unescape)
    if not source.endswith('{{"\\n"}}'):
        source = _newline(source)
    template = Template(source, name)
    ranges = "{{range.}}" in "".join(source.split())
    lines = template.render(rows) if ranges else "".join(map(template.render, rows))
    if not aligned:
        return lines
    if not noheading:
        known = dict.fromkeys((key for row in rows[:1] for key in row), "") | dict.fromkeys((*columns, *headings), "")
        lines = template.render({key: headings.get(key, heading(key)) for key in known}) + lines
    return table(line.split("\t") for line in lines.split("\n")[:-1])


def _unescape(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n")


def _tabbed(text: str) -> str:
    return _unescape(text).replace(" ", "\t")


def _ended(text: str) -> str:
    """The text with a newline at its end; a template may have made one."""
    return text if text.endswith("\n") else text + "\n"


def _newline(form: str) -> str:
    return form if form.endswith("\n") else form + "\n"


def _outside_actions(form: str, change: Callable[[str], str]) -> str:
    """The format with its text changed and its actions as they are: these read escapes by themselves."""
    out, rest = "", form
    while "{{" in rest:
        text, _, rest = rest.partition("{{")
        action, close, rest = rest.partition("}}")
        out += change(text) + "{{" + action + close
    return out + change(rest)
