"""Deleting a container while its process is dying."""

from __future__ import annotations

from pathlib import Path

from seabox.oci.cli import CommandLineRuntime

RUNTIME = """#!/bin/sh
[ -e {once} ] && exit 0
: > {once}
echo '{{"msg":"open pidfd: No such file or directory","level":"error"}}' >&2
exit 1
"""


def test_a_process_that_dies_under_a_delete_is_no_error(tmp_path: Path) -> None:
    program, once = tmp_path / "crun", tmp_path / "once"
    program.write_text(RUNTIME.format(once=once))
    program.chmod(0o700)
    CommandLineRuntime(str(program), str(tmp_path), conmon="/bin/true").delete("x", force=True)
    assert once.exists()


BY_FORCE_NEVER = """#!/bin/sh
echo "$@" >> {calls}
case "$*" in *--force*) echo '{{"msg":"open pidfd: No such file or directory","level":"error"}}' >&2; exit 1 ;; esac
"""


def test_a_process_whose_number_a_thread_has_now_is_dead(tmp_path: Path) -> None:
    """crun asks for a pidfd of that thread, which no kernel gives, as long as the thread lives."""
    program, calls = tmp_path / "crun", tmp_path / "calls"
    program.write_text(BY_FORCE_NEVER.format(calls=calls))
    program.chmod(0o700)
    CommandLineRuntime(str(program), str(tmp_path), conmon="/bin/true").delete("x", force=True)
    assert ["--force" in line for line in calls.read_text().splitlines()] == [True, True, False]
