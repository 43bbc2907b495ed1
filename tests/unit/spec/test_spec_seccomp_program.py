"""Compiled filters: kept, found again, and never taken for another's."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from msgspec.structs import replace

from seabox.model import oci
from seabox.model.container import Security
from seabox.spec import seccomp_program
from seabox.spec.facts import HostFacts
from seabox.spec.seccomp import filter_for
from seabox.spec.seccomp_program import compile, program_of


def _filter(*capabilities: str) -> oci.Seccomp:
    found = filter_for(Security(), frozenset(capabilities), HostFacts(seccomp=True))
    assert found is not None
    return found


def test_a_filter_becomes_instructions() -> None:
    compiled = compile(_filter())
    assert len(compiled) > 300 * 8
    assert len(compiled) % 8 == 0
    assert compile(_filter("CAP_SYS_ADMIN")) != compiled


@pytest.mark.parametrize(
    "filter",
    [
        replace(_filter(), flags=("SECCOMP_FILTER_FLAG_LOG",)),
        replace(_filter(), default_action="SCMP_ACT_LOG"),
        replace(_filter(), syscalls=(oci.SeccompRule(names=("read",), action="SCMP_ACT_TRACE"),)),
    ],
)
def test_what_is_not_ours_is_left_to_the_runtime(filter: oci.Seccomp, tmp_path: Path) -> None:
    assert compile(filter) == b""
    assert program_of(filter, str(tmp_path / "programs")) == ""


def test_it_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / "programs")
    program = program_of(_filter(), folder)
    assert base64.b64decode(program) == compile(_filter())
    monkeypatch.setattr(seccomp_program, "compile", lambda _: pytest.fail("compiled again"))
    assert program_of(_filter(), folder) == program


def test_a_program_of_other_rules_is_not_used(tmp_path: Path) -> None:
    """As another version would have left it under the same name."""
    folder = tmp_path / "programs"
    program = program_of(_filter(), str(folder))
    (kept,) = folder.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"ptrace", b"ptraca"))
    assert program_of(_filter(), str(folder)) == program


def test_without_the_library_or_a_place_the_rules_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    assert program_of(_filter(), f"{tmp_path}/file") != ""
    monkeypatch.setattr(seccomp_program, "allow_list", lambda *_: None)
    assert program_of(_filter(), f"{tmp_path}/programs") == ""
