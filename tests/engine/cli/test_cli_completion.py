"""Completion of what there is: containers by what can be done with them, images, networks, paths inside."""

from __future__ import annotations

import os

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_objects(cli: CommandLine) -> None:
    root = ("--root", cli.root, "--runroot", cli.runroot)
    plain = type(cli).__call__

    def offered(*words: str) -> list[str]:
        """The candidates; the program's own flags follow `__complete`, as a shell has them."""
        argv, cli.argv = cli.argv, cli.argv[: -len(root)]
        try:
            done = plain(cli, "__completeNoDesc", *root, *words)
        finally:
            cli.argv = argv
        assert done.code == 0
        return done.out.splitlines()

    id = cli.ok("create", "--name", "idle", "busybox", "true")
    cli.ok("run", "-d", "--name", "busy", "busybox", "sleep", "1000")
    image = cli.ok("images", "-q")
    assert offered("rm", "") == ["idle", "busy", ":4"]
    assert offered("stop", "") == ["busy", ":4"]
    assert offered("unpause", "") == [":4"]
    assert id[:12] in offered("inspect", id[:2])  # others may begin alike
    assert offered("run", "") == ["localhost/busybox:latest", ":4"]
    assert offered("rmi", "b") == ["busybox:latest", "busybox", ":4"]
    assert image in offered("image", "inspect", image[:2])
    assert offered("tag", "busybox", "arg", "l") == ["localhost/busybox:latest", ":4"]
    assert "/etc/" in offered("run", "busybox", "")
    assert offered("create", "busybox", "../../et") == ["../../etc/", ":2"]
    assert offered("run", "busybox", "/etc/pass") == ["/etc/passwd", ":2"]
    assert offered("cp", "") == ["idle:", "busy:", ":2"]
    assert "busy:/etc/passwd" in offered("cp", "busy:/etc/pa")
    assert "idle:/etc/" in offered("cp", "idle:")
    assert offered("exec", "busy", "") == [":0"]
    assert offered("rm", "--filter", "") == [":4"]
    cli.ok("secret", "create", "token", "-", stdin=b"x")
    assert offered("secret", "rm", "") == offered("run", "--secret", "") == ["token", ":4"]
    assert cli.ok("image", "mount") == ""  # what was mounted to look inside is not mounted any more
