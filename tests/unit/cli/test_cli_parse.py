"""The parser against pflag's grammar: what is accepted, what it means, and the exact words of refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seabox.cli.flags import BOOL, CSV, DURATION, FLOAT, INT, LIST, PAIRS, SIZE, UINT, Command, Flag
from seabox.cli.parse import Arguments, UsageError, parse
from seabox.errors import InvalidArgument

FLAGS = (
    Flag("rm", "", BOOL),
    Flag("interactive", "i", BOOL),
    Flag("tty", "t", BOOL),
    Flag("detach", "d", BOOL),
    Flag("sig-proxy", "", BOOL, default=True),
    Flag("name"),
    Flag("hostname", "h"),
    Flag("volume", "v", LIST),
    Flag("env", "e", PAIRS),
    Flag("cap-add", "", CSV),
    Flag("stop-timeout", "", UINT, default=10),
    Flag("pids-limit", "", INT),
    Flag("cpus", "", FLOAT),
    Flag("memory", "m", SIZE),
    Flag("health-interval", "", DURATION, default=30_000_000_000),
    Flag("network", aliases=("net",)),
    Flag("log", bare="all"),
)
RUN = Command("run", FLAGS, "[options] IMAGE [COMMAND [ARG...]]", "Run", interspersed=False)
STOP = Command("stop", (Flag("all", "a", BOOL), Flag("time", "t", UINT)))


def run(line: str) -> Arguments:
    return parse(RUN, line.split(" ") if line else [])


ACCEPTED = [
    ("--rm=false", {"rm": False}, []),
    ("--rm false", {"rm": True}, ["false"]),
    ("--rm=T --rm", {"rm": True}, []),
    ("--sig-proxy=0", {"sig-proxy": False}, []),
    ("--name x img", {"name": "x"}, ["img"]),
    ("--name=x img", {"name": "x"}, ["img"]),
    ("--name= img", {"name": ""}, ["img"]),
    ("--name -1 img", {"name": "-1"}, ["img"]),
    ("--name -- img", {"name": "--"}, ["img"]),
    ("--name a=b=c", {"name": "a=b=c"}, []),
    ("--name=a=b", {"name": "a=b"}, []),
    ("-v=/a:/b -v/c:/d -v /e:/f", {"volume": ["/a:/b", "/c:/d", "/e:/f"]}, []),
    ("-v=", {"volume": ["="]}, []),
    ("-v==", {"volume": ["="]}, []),
    ("-it img", {"interactive": True, "tty": True}, ["img"]),
    ("-itd=false img", {"interactive": True, "tty": True, "detach": False}, ["img"]),
    ("-ith x img", {"interactive": True, "hostname": "x"}, ["img"]),
    ("-ithx", {"hostname": "x"}, []),
    ("-iv/a:/b", {"interactive": True, "volume": ["/a:/b"]}, []),
    ("--env -x", {"env": [("-x", None)]}, []),
    ("--env --foo=1", {"env": [("--foo", "1")]}, []),
    ("-e A=1 -eB= -e C", {"env": [("A", "1"), ("B", ""), ("C", None)]}, []),
    ("--rm -- img -x", {"rm": True}, ["img", "-x"]),
    ("img -x --rm -- y", {"rm": False}, ["img", "-x", "--rm", "--", "y"]),
    ("- --rm", {"rm": False}, ["-", "--rm"]),
    ("--cap-add a,b --cap-add c", {"cap-add": ["a", "b", "c"]}, []),
    ('--cap-add "a,b",c', {"cap-add": ["a,b", "c"]}, []),
    ("--cap-add=", {"cap-add": []}, []),
    ("--stop-timeout 0x10", {"stop-timeout": 16}, []),
    ("--pids-limit -1", {"pids-limit": -1}, []),
    ("--cpus .5", {"cpus": 0.5}, []),
    ("-m 64m", {"memory": 64 << 20}, []),
    ("-m=1g", {"memory": 1 << 30}, []),
    ("--health-interval 1m30s", {"health-interval": 90_000_000_000}, []),
    ("--net host", {"network": "host"}, []),
    ("--log x", {"log": "all"}, ["x"]),
    ("--log=x", {"log": "x"}, []),
    ("", {"rm": False, "stop-timeout": 10, "sig-proxy": True, "name": "", "volume": ()}, []),
]


@pytest.mark.parametrize(("line", "values", "rest"), ACCEPTED)
def test_accepted(line: str, values: dict[str, object], rest: list[str]) -> None:
    found = run(line)
    assert {name: found.value(name) for name in values} == values
    assert found.rest == rest
    assert not found.help


BIG = 1 << 63
REFUSED = [
    ("--x", "unknown flag: --x"),
    ("--x=1", "unknown flag: --x"),
    ("-x", "unknown shorthand flag: 'x' in -x"),
    ("-itxd", "unknown shorthand flag: 'x' in -xd"),
    ("-i=", "unknown shorthand flag: '=' in -="),
    ("--name", "flag needs an argument: --name"),
    ("-h", "flag needs an argument: 'h' in -h"),
    ("-ith", "flag needs an argument: 'h' in -h"),
    ("--=x", "bad flag syntax: --=x"),
    ("---x", "bad flag syntax: ---x"),
    ("--rm=abc", 'invalid argument "abc" for "--rm" flag: strconv.ParseBool: parsing "abc": invalid syntax'),
    ("--rm=", 'invalid argument "" for "--rm" flag: strconv.ParseBool: parsing "": invalid syntax'),
    ("--pids-limit x", 'invalid argument "x" for "--pids-limit" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    (
        "--stop-timeout -1",
        'invalid argument "-1" for "--stop-timeout" flag: strconv.ParseUint: parsing "-1": invalid syntax',
    ),
    (
        f"--pids-limit {BIG}",
        f'invalid argument "{BIG}" for "--pids-limit" flag: strconv.ParseInt: parsing "{BIG}": value out of range',
    ),
    ("--cpus x", 'invalid argument "x" for "--cpus" flag: strconv.ParseFloat: parsing "x": invalid syntax'),
    ("-m 1x", 'invalid argument "1x" for "-m, --memory" flag: invalid suffix: \'x\''),
    ("-m x", 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\''),
    (
        "--health-interval 10",
        'invalid argument "10" for "--health-interval" flag: time: missing unit in duration "10"',
    ),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_refused(line: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(line)
    assert str(caught.value) == message
    assert caught.value.hint == "See 'seabox run --help'"
    assert caught.value.exit_code == 125


def test_other_commands_take_flags_after_arguments() -> None:
    found = parse(STOP, ["a", "-t", "3", "b", "--all", "--", "-c"])
    assert found.rest == ["a", "b", "-c"]
    assert found.number("time") == 3
    assert found.on("all")


def test_help_wins_over_everything_behind_it() -> None:
    assert run("--help").help
    assert parse(STOP, ["-ah", "--nonsense"]).help
    assert run("img --help").rest == ["img", "--help"]
    assert parse(Command("rm", least=1), ["--help"]).help


def test_flags_of_the_program_may_follow_the_command() -> None:
    program = Command("", (Flag("root"), Flag("log-level", default="warn")), interspersed=False)
    outer = parse(program, ["--root", "/r", "stop", "-a", "--log-level=debug"])
    found = parse(STOP, outer.rest[1:], outer)
    assert found.on("all")
    assert (outer.text("root"), outer.text("log-level")) == ("/r", "debug")
    with pytest.raises(UsageError, match="unknown flag: --bogus"):
        parse(STOP, ["--bogus"], outer)


def test_given_tells_a_default_from_the_same_value_written_out() -> None:
    assert not run("").given("stop-timeout")
    assert run("--stop-timeout 10").given("stop-timeout")


def test_lists_are_not_shared_between_parses() -> None:
    run("-v a").texts("volume").append("b")
    assert run("").texts("volume") == []
    listed = Command("x", (Flag("l", "", LIST, default=("d",)),))
    assert parse(listed, []).texts("l") == ["d"]
    assert parse(listed, ["--l", "e"]).texts("l") == ["e"]


def test_reading_a_flag_as_another_kind_is_a_bug_that_shows() -> None:
    with pytest.raises(TypeError, match="--name"):
        run("").number("name")
    with pytest.raises(KeyError):
        run("").text("bogus")


@pytest.mark.parametrize(
    ("least", "most", "given_", "message"),
    [
        (1, None, 0, "requires at least 1 arg(s), only received 0"),
        (0, 1, 2, "accepts at most 1 arg(s), received 2"),
        (1, 1, 2, "accepts 1 arg(s), received 2"),
        (1, 2, 3, "accepts between 1 and 2 arg(s), received 3"),
        (0, 0, 1, "`seabox pod ps` takes no arguments"),
    ],
)
def test_number_of_arguments(least: int, most: int | None, given_: int, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(Command("pod ps", least=least, most=most), ["x"] * given_)
    assert str(caught.value) == message


words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["--", "-", "--help", *(f"--{flag.name}" for flag in FLAGS)]),
    st.builds("--{}={}".format, st.sampled_from([flag.name for flag in FLAGS]), st.text(max_size=8)),
    st.builds("-{}{}".format, st.sampled_from("itdhvem"), st.text(max_size=8)),
    st.text("0123456789abcdefxob_.+-kmgihsn", max_size=12),
)


@given(st.lists(words, max_size=8))
def test_any_line_parses_or_is_an_invalid_argument(line: list[str]) -> None:
    try:
        found = parse(RUN, line)
    except InvalidArgument:
        return
    assert len(found.rest) <= len(line)
