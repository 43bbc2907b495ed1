"""Values as Go prints them."""

from __future__ import annotations

import pytest

from seabox.cli import golang
from seabox.model.quoting import quote


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"c": [1, None], "a": {"x": True}}, "map[a:map[x:true] c:[1 <nil>]]"),
        ({"B": "b", "Labels": {"Z": 1, "A": 2}, "In": [{"X": 1, "Y": {}}]}, "{b map[A:2 Z:1] [{1 map[]}]}"),
        ({"Labels": None, "Health": None, "LogConfig": {"Config": None}}, "{map[] <nil> {map[]}}"),
        ([], "[]"),
        ({}, "map[]"),
        (b"hi", "[104 105]"),
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (100000.0, "100000"),
        (123456.75, "123456.75"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e300, "1e+300"),
        (float("inf"), "+Inf"),
        (-0.0, "-0"),
    ],
)
def test_text(value: object, text: str) -> None:
    assert golang.text(value) == text


@pytest.mark.parametrize(
    ("pattern", "values", "text"),
    [
        ("%s|%5s|%-5s|%.2s", ["a", "b", "c", "def"], "a|    b|c    |de"),
        ("%d|%5d|%-5d|%05d|%+d", [1, 2, 3, -4, 5], "1|    2|3    |-0004|+5"),
        ("%x|%X|%o|%b|%c|%U", [255, 255, 8, 5, 97, 97], "ff|FF|10|101|a|U+0061"),
        ("%t %v %v", [True, None, [1]], "true <nil> [1]"),
        (
            "%f|%5.2f|%.1f|%e|%g|%.3g",
            [1.5, 1.5, 2.25, 1500.0, 1e6, 1234.5],
            "1.500000| 1.50|2.2|1.500000e+03|1e+06|1.23e+03",
        ),
        ("%q %q %#q %q", ["a\n\"'", 120, "x", ["a", "b"]], '"a\\n\\"\'" \'x\' `x` ["a" "b"]'),
        ("%x %X %s", ["hi", b"hi", b"hi"], "6869 6869 hi"),
        ("%T %T %T %T", ["", 1, [], {}], "string int []interface {} map[string]interface {}"),
        ("100%%", [], "100%"),
        ("%d", ["x"], "%!d(string=x)"),
        ("%s", [5], "%!s(int=5)"),
        ("%s", [None], "%!s(<nil>)"),
        ("%z", [1], "%!z(int=1)"),
        ("%s %s", ["a"], "a %!s(MISSING)"),
        ("a", [1, None], "a%!(EXTRA int=1, <nil>)"),
        ("%", [], "%!(NOVERB)"),
        ("%*d|%-*d|", [4, 1, 4, 1], "   1|1   |"),
        ("%v %s", [{"b": 1, "a": 2}, {"k": "v"}], "map[a:2 b:1] map[k:v]"),
    ],
)
def test_sprintf(pattern: str, values: list[object], text: str) -> None:
    assert golang.sprintf(pattern, values) == text


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("", '""'),
        ('a"\\', '"a\\"\\\\"'),
        ("\x00\x1b\u0085\u202e", '"\\x00\\x1b\\u0085\\u202e"'),
        ("é\udcff", '"é\\xff"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_quote(value: str, quoted: str) -> None:
    assert quote(value) == quoted


def test_json_text_sorts_maps_and_keeps_structs() -> None:
    value = {"Zeta": 1, "Alpha": {"z": (1, 2), "a": b"hi"}, "Text": "<é>"}
    assert golang.json_text(value) == '{"Zeta":1,"Alpha":{"a":"aGk=","z":[1,2]},"Text":"<é>"}'
