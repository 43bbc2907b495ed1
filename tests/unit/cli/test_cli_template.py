"""Templates against what Go's text/template prints or says."""

from __future__ import annotations

import contextlib
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.cli.template import Template
from seabox.errors import InvalidArgument


class Status(StrEnum):
    RUNNING = "running"


class Row:
    Names = "web"
    _hidden = "no"

    def Label(self, key: str) -> str:
        return {"a": "1"}.get(key, "")


DATA = {
    "Id": "abc",
    "Name": 'we"b',
    "State": {"Status": Status.RUNNING, "Pid": 12, "Running": True, "Health": None, "ExitCode": 0},
    "Config": {"Labels": {"b": "2", "a": "1"}, "Env": ["A=1", "B=2"], "Cmd": ["sh", "-c"], "Tags": None},
    "Ports": {"80/tcp": [{"HostPort": "8080"}]},
    "Empty": {},
    "None": [],
    "Cpu": 1.5,
    "Row": Row(),
    "Hello": lambda: "hello",
    "Volumes": None,
}

RENDERED = [
    ("{{.Volumes}} {{json .Volumes}} {{len .Volumes}}{{range .Volumes}}x{{else}} none{{end}}", "map[] null 0 none"),
    ("plain", "plain"),
    ("{{.Id}} {{.State.Status}}:{{.State.Running}}", "abc running:true"),
    ("{{$.Id}}", "abc"),
    ("{{.ID}} {{.State.PID}} {{.CPU}}", "abc 12 1.5"),  # as the fields are called in Go
    ("{{.Config.Labels}} {{.Config.Env}} {{.State.Health}}", "map[a:1 b:2] [A=1 B=2] <nil>"),
    ("{{.Config.Labels.b}}{{.Config.Labels.zz}}{{.Config.Labels.zz.y}}", "2<no value><no value>"),
    ("{{.Config}}", "{map[a:1 b:2] [A=1 B=2] [sh -c] <nil>}"),
    ("{{range .Config.Env}}{{.}};{{end}}", "A=1;B=2;"),
    ("{{range $i, $v := .Config.Cmd}}{{$i}}{{$v}}{{end}}", "0sh1-c"),
    ("{{range $v := .Config.Cmd}}{{$v}}{{end}}", "sh-c"),
    ("{{range $k,$v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a=1 b=2 "),
    ("{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}", "01201"),
    ("{{range .None}}x{{else}}none{{end}}{{range .Config.Tags}}x{{else}}nil{{end}}", "nonenil"),
    ("{{range .Config.Cmd}}{{if eq . `-c`}}{{break}}{{end}}{{.}}{{end}}", "sh"),
    ("{{range .Config.Cmd}}{{if eq . `sh`}}{{continue}}{{end}}{{.}}{{end}}", "-c"),
    ("{{range $p, $b := .Ports}}{{$p}}->{{(index $b 0).HostPort}}{{end}}", "80/tcp->8080"),
    ("{{if .State.ExitCode}}bad{{else if .State.Running}}run{{else}}no{{end}}", "run"),
    ("{{if .Empty}}a{{else}}b{{end}}{{if not .None}}c{{end}}{{if .Row}}d{{end}}", "bcd"),
    ("{{with .State}}{{.Pid}}{{end}}{{with .Empty}}x{{else with .Cpu}}{{.}}{{else}}y{{end}}", "121.5"),
    ("{{with $x := .Id}}{{$x}}{{end}}{{$y := 1}}{{range .Config.Cmd}}{{$y = 2}}{{end}}{{$y}}", "abc2"),
    ('{{index .Config.Env 1}} {{index .Config.Labels "a"}}|{{index .Config.Labels "zz"}}|', "B=2 1||"),
    ('{{index .Ports "80/tcp" 0}} {{index .Ports "9/tcp"}} {{index .Config.Tags "x"}}', "{8080} [] "),
    ("{{json .Config}}", '{"Labels":{"a":"1","b":"2"},"Env":["A=1","B=2"],"Cmd":["sh","-c"],"Tags":null}'),
    ("{{json .Name}} {{json .State.Status}}", '"we\\"b" "running"'),
    ("{{len .Config.Env}}{{len .Id}}{{len .Config.Tags}}", "230"),
    ('{{printf "%s-%05d %q" .Id 7 .Name}}', 'abc-00007 "we\\"b"'),
    ("{{print 1 2 .Id 3 4}}|{{println 1 .Id}}|", "1 2abc3 4|1 abc\n|"),
    (
        "{{eq .Id `x` `abc`}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 2.5}} {{ge `b` `a`}}",
        "true true true true false true",
    ),
    ("{{eq .State.Health nil}} {{eq .Config.Labels.zz `x`}}", "true false"),
    ("{{and 1 0 .Bogus}} {{or 0 `x` .Bogus}} {{not true}}", "0 x false"),
    ('{{slice "abcdef" 1 3}} {{slice .Config.Env 1}}', "bc [B=2]"),
    (
        '{{join .Config.Env ","}} {{split "a,b" ","}} {{upper "a"}}{{lower "B"}} {{title "ab cd"}}',
        "A=1,B=2 [a b] Ab Ab Cd",
    ),
    ('{{pad "x" 1 2}}|{{pad "" 1 2}}|{{truncate "abcdef" 3}}|{{truncate "ab" 3}}', " x  ||abc|ab"),
    ("{{.Id | upper | printf `%s-%s` `x`}}", "x-ABC"),
    ("{{(index .Config.Cmd 0) | upper}} {{(.State).Pid}} {{((1))}}", "SH 12 1"),
    ('{{.Row.Names}} {{.Row.Label "a"}} {{"a" | .Row.Label}} {{.Hello}}', "web 1 1 hello"),
    ("{{1}} {{-2}} {{0x10}} {{1.50}} {{1e3}} {{'x'}} {{true}} {{`a\\n`}}", "1 -2 16 1.5 1000 120 true a\\n"),
    ('{{"a\\tb\\"\\x41\\u00e9\\101"}}', 'a\tb"AéA'),
    ("a {{- 1 -}} b {{- /* c */ -}} d{{/* e */}}", "a1bd"),
    ("{{/* {{x}} */}}", ""),
    (
        '{{define "t"}}<{{.}}>{{end}}{{template "t" .Id}}{{template "t"}}{{block "b" .Cpu}}[{{.}}]{{end}}',
        "<abc><<nil>>[1.5]",
    ),
    ("{{\n.Id\n}}", "abc"),
    ("{", "{"),
    ("}}", "}}"),
]


@pytest.mark.parametrize(("source", "text"), RENDERED)
def test_rendered(source: str, text: str) -> None:
    assert Template(source).render(DATA) == text


REFUSED = [
    ("{{.Foo}}", '1:2: executing "x" at <.Foo>: can\'t evaluate field Foo in type map[string]interface {}'),
    ("{{.State.Foo}}", '1:8: executing "x" at <.State.Foo>: can\'t evaluate field Foo in type map[string]interface {}'),
    ("\n{{.Id.upper}}", '2:5: executing "x" at <.Id.upper>: can\'t evaluate field upper in type string'),
    ("{{.Row._hidden}}", '1:6: executing "x" at <.Row._hidden>: can\'t evaluate field _hidden in type Row'),
    ("{{.State.Health.X}}", '1:8: executing "x" at <.State.Health.X>: nil pointer evaluating interface {}.X'),
    (
        "{{index .Config.Env 9}}",
        '1:2: executing "x" at <index .Config.Env 9>: error calling index: index out of range: 9',
    ),
    ("{{eq 1 `1`}}", '1:2: executing "x" at <eq 1 `1`>: error calling eq: incompatible types for comparison'),
    ("{{eq .Empty 1}}", '1:2: executing "x" at <eq .Empty 1>: error calling eq: invalid type for comparison'),
    ("{{len 3}}", '1:2: executing "x" at <len 3>: error calling len: len of type int'),
    ("{{len}}", '1:2: executing "x" at <len>: wrong number of args for len: want 1 got 0'),
    ("{{upper 3}}", '1:2: executing "x" at <upper>: wrong type for value; expected string; got int'),
    ("{{.Id 3}}", '1:2: executing "x" at <.Id>: Id has arguments but cannot be invoked as function'),
    ("{{1 2}}", '1:2: executing "x" at <1 2>: can\'t give argument to non-function 1'),
    ("{{range .Id}}{{end}}", '1:8: executing "x" at <.Id>: range can\'t iterate over abc'),
    ('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}', None),
    ("{{foo}}", '1: function "foo" not defined'),
    ("{{.Id", "1: unclosed action"),
    ("{{/* x", "1: unclosed comment"),
    ("\n{{if .Id}}", "2: unexpected EOF"),
    ("{{end}}", "1: unexpected {{end}}"),
    ("{{else}}", "1: unexpected {{else}}"),
    ("{{if 1}}{{else}}{{else}}{{end}}", "1: unexpected {{else}}"),
    ("{{}}", "1: missing value for command"),
    ("{{if}}{{end}}", "1: missing value for if"),
    ("{{.Id | }}", "1: missing value for command"),
    ("{{1 | 2}}", "1: non executable command in pipeline stage 2"),
    ("{{$y}}", '1: undefined variable "$y"'),
    ("{{range .None}}{{$v := 1}}{{end}}{{$v}}", '1: undefined variable "$v"'),
    ("{{break}}", "1: {{break}} outside {{range}}"),
    ("{{(1}}", "1: unclosed left paren"),
    ("{{1)}}", "1: unexpected <)> in command"),
    ('{{"a}}', "1: unterminated quoted string"),
    ('{{"\\q"}}', "1: invalid syntax"),
    ("{{'ab'}}", "1: malformed character constant: 'ab'"),
    ("{{1a}}", '1: bad number syntax: "1a"'),
    ("{{1.2.3}}", '1: bad number syntax: "1.2.3"'),
    ("{{.Id#}}", '1: bad character "#"'),
    ("{{#}}", '1: unexpected "#" in command'),
    ("{{template}}", "1: missing template name in template clause"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_refused(source: str, message: str | None) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Template(source, "x").render(DATA)
    assert "\n" not in str(caught.value)
    assert message is None or str(caught.value) == f"template: x:{message}"


def test_nesting_is_an_error_not_a_crash() -> None:
    for deep in ("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", "{{if 1}}" * 5000 + "{{end}}" * 5000):
        with pytest.raises(InvalidArgument, match="nested too deeply"):
            Template(deep).render({})


PIECES = r"""
{{ }} . .Id .State .Config.Env .Ports $x $ := = , | ( ) if else end range with define template
block break index printf json len eq slice join split pad truncate
title and or nil true "a" "%5.2d" 'c' `r` 0 1 -1 1.5 0x /* */ é \ "
"""
pieces = st.sampled_from([*PIECES.split(), "{{- ", " -}}", " ", "\n"])


@given(st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=14), st.booleans())
def test_any_text_renders_or_is_an_invalid_argument(parts: list[str], spaced: bool) -> None:
    source = (" " if spaced else "").join(parts)
    for text in (source, "{{" + source + "}}"):
        with contextlib.suppress(InvalidArgument):
            assert isinstance(Template(text).render(DATA), str)
