from __future__ import annotations

import pytest

from seabox.errors import CommandNotExecutable, CommandNotFound, OCIRuntimeFailed
from seabox.oci.words import last_error, plain, refusal


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ('runc create failed: ... exec: "/x": stat /x: no such file or directory', CommandNotFound),
        ('exec: "x": executable file not found in $PATH', CommandNotFound),
        ("executable file `/x` not found in $PATH: No such file or directory", CommandNotFound),
        ("executable file `/mount` not found in $PATH: No such file or directory", CommandNotFound),
        ('exec: "/x": permission denied', CommandNotExecutable),
        ("open executable: Permission denied", CommandNotExecutable),
        ("open executable: Operation not permitted", CommandNotExecutable),
        ('exec: "/tmp": is a directory', CommandNotExecutable),
        ('error mounting "/none" to rootfs at "/x": stat /none: no such file or directory', OCIRuntimeFailed),
        ("cannot stat `/none`: No such file or directory", OCIRuntimeFailed),
        ("mount `proc` to `proc`: Permission denied", OCIRuntimeFailed),
        ("", OCIRuntimeFailed),
    ],
)
def test_what_the_words_mean(said: str, error: type[OCIRuntimeFailed]) -> None:
    found = refusal("crun", said)
    assert type(found) is error
    assert (found.runtime, found.words) == ("crun", said or "failed without a word")
    assert {CommandNotFound: 127, CommandNotExecutable: 126, OCIRuntimeFailed: 125}[error] == found.exit_code


def test_the_last_error_of_a_log() -> None:
    log = (
        b'{"level":"error","msg":"first","time":"t"}\n'
        b'{"msg":"second \\u001b[31m`x`\\n","level":"error","time":"t"}\n'
        b'{"level":"info","msg":"bye","time":"t"}\n\n'
    )
    assert last_error(log) == "second [31m`x`"
    assert last_error(b"") == last_error(b'{"level":"info","msg":"x"}\n') == ""
    assert last_error(b'{"level":"error","msg":"x"}\nplain \xff text\r\n') == "plain \ufffd text"
    assert last_error(b"[1, 2]") == "[1, 2]"


def test_plain_is_one_short_line() -> None:
    assert plain(" a\n\tb\x00\x1b]0;title\x07\x9b c ") == "a b]0;title c"
    assert len(plain("x" * 100_000)) == 4096
