"""Pausing a container on a busy machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from seabox.errors import OCIRuntimeFailed
from seabox.oci.cli import CommandLineRuntime

RUNTIME = """#!/bin/sh
echo >> {calls}
[ "$(wc -l < {calls})" -gt {failures} ] && exit 0
echo '{{"msg":"unable to freeze","level":"error"}}' >&2
exit 1
"""


@pytest.mark.parametrize(("failures", "calls"), [(0, 1), (2, 3), (9, 3)])
def test_a_freeze_that_took_too_long_is_tried_again(tmp_path: Path, failures: int, calls: int) -> None:
    program, called = tmp_path / "runc", tmp_path / "calls"
    program.write_text(RUNTIME.format(calls=called, failures=failures))
    program.chmod(0o700)
    runtime = CommandLineRuntime(str(program), str(tmp_path), conmon="/bin/true")
    if failures < calls:
        runtime.pause("x")
    else:
        with pytest.raises(OCIRuntimeFailed, match="unable to freeze"):
            runtime.pause("x")
    assert called.read_text().count("\n") == calls
