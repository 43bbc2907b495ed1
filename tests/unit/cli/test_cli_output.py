"""Tables, --format and what may reach a terminal."""

from __future__ import annotations

import io

import pytest

from seabox.cli import output
from seabox.errors import InvalidArgument

ROWS = [
    {"ID": "abc", "Names": "web", "RunningFor": "5 seconds ago", "Labels": {"a": "1"}},
    {"ID": "def", "Names": "a-rather-long-name", "RunningFor": "2 hours ago", "Labels": {}},
]
COLUMNS = ("ID", "RunningFor", "Names")
HEADINGS = {"ID": "CONTAINER ID"}


def listing(form: str, *, noheading: bool = False) -> str:
    return output.report(form, ROWS, COLUMNS, headings=HEADINGS, noheading=noheading)


TABLE = (
    "CONTAINER ID  RUNNING FOR    NAMES\n"
    "abc           5 seconds ago  web\n"
    "def           2 hours ago    a-rather-long-name\n"
)


def test_default_table() -> None:
    assert listing("") == listing("table") == TABLE
    assert listing("", noheading=True) == (
        "abc         5 seconds ago  web\ndef         2 hours ago    a-rather-long-name\n"
    )


def test_columns_are_at_least_twelve_wide_as_podmans() -> None:
    assert output.table([["a", "b", "c"]], ["X", "Y", "Z"]) == "X           Y           Z\na           b           c\n"
    assert output.table([]) == ""


@pytest.mark.parametrize(
    "form", ["table {{.ID}} {{.RunningFor}} {{.Names}}", r"table {{.ID}}\t{{.RunningFor}}\t{{.Names}}"]
)
def test_table_template(form: str) -> None:
    assert listing(form) == TABLE
    assert listing(form, noheading=True).splitlines()[0].startswith("abc         5 seconds ago")


def test_row_templates() -> None:
    assert listing("{{.ID}} {{.Names}}") == "abc web\ndef a-rather-long-name\n"
    assert listing(r"{{.ID}}\t{{.Names}}\n") == "abc\tweb\ndef\ta-rather-long-name\n"
    assert listing("{{range .}}{{.ID}},{{end}}") == "abc,def,\n"
    assert output.report("{{.ID}}", [], COLUMNS) == ""
    with pytest.raises(InvalidArgument, match="can't evaluate field Bogus"):
        listing("{{.Bogus}}")
    with pytest.raises(InvalidArgument, match="can't evaluate field Bogus"):
        listing("table {{.Bogus}}")


def test_the_empty_line_that_every_command_can_print() -> None:
    assert output.render(r'{{"\n"}}', {}) == "\n"


@pytest.mark.parametrize("form", ["json", "{{json .}}", "{{ json . }}"])
def test_json(form: str) -> None:
    assert output.is_json(form)
    assert output.render(form, {"B": 1, "A": {"y": "é<", "x": None}}) == (
        '{\n    "B": 1,\n    "A": {\n        "x": null,\n        "y": "é<"\n    }\n}\n'
    )


def test_render() -> None:
    assert output.render(r"{{.A}}\t{{.B}}", {"A": 1, "B": [2]}) == "1\t[2]\n"
    assert not output.is_json("{{json .A}}")


@pytest.mark.parametrize(
    ("field", "title"),
    [("ID", "ID"), ("RunningFor", "RUNNING FOR"), ("ImageID", "IMAGE ID"), ("CIDFile", "CID FILE"), ("Names", "NAMES")],
)
def test_heading(field: str, title: str) -> None:
    assert output.heading(field) == title


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_control_characters_reach_a_pipe_but_no_terminal() -> None:
    text = "a\x1b[31m\x9bb\x7f\r\u00e9\udc9b\tc\n"
    pipe, terminal = io.StringIO(), Terminal()
    output.write(text, pipe)
    output.write(text, terminal)
    assert pipe.getvalue() == text
    assert terminal.getvalue() == "a\\x1b[31m\\x9bb\\x7f\\ré\\x9b\tc\n"


def test_a_cell_cannot_break_a_table() -> None:
    assert output.table([["a\nb\t\x1b", "c"]]) == "a\\nb\\t\\x1b  c\n"
