"""What a pod is, by what its containers are."""

from __future__ import annotations

import pytest

from seabox.pods.snapshot import status_of


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ([], "Created"),
        (["created", "created"], "Created"),
        (["running", "running"], "Running"),
        (["running", "stopping"], "Running"),
        (["running", "exited"], "Degraded"),
        (["running", "created"], "Degraded"),
        (["running", "paused"], "Degraded"),
        (["paused", "paused"], "Paused"),
        (["paused", "created"], "Created"),
        (["exited", "stopped"], "Exited"),
        (["exited", "created"], "Stopped"),
        (["exited", "paused"], "Stopped"),
    ],
)
def test_status(members: list[str], status: str) -> None:
    assert status_of(members) == status
    assert status_of(members[::-1]) == status
