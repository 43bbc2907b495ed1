"""`run` and `create`: the flags that are not shown elsewhere, each with an effect that can be seen from inside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.cli.command_line import SECONDS, CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_what_the_process_is_and_sees(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("# a remark\nfrom=file\n")
    script = (
        "id -u; grep -c nobody /etc/passwd; tail -n1 /etc/passwd; date +%Z; ls /jail/etc | tr '\\n' ' '; echo; "
        "echo $MERGED $http_proxy; ls -d /img/bin; cat /x/f; echo changed >/x/f; umask; "
        "cat /proc/sys/net/ipv4/ip_forward"
    )
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "f").write_text("theirs\n")
    (shared / "f").chmod(0o666)
    done = cli(
        "run", "--name", "c", "--user", "4321", "--passwd-entry", "me:*:$UID:$GID::$HOME:/bin/sh", "--tz", "UTC",
        "--chrootdirs", "/jail", "--env-merge", "MERGED=${PATH}:more", "--mount", "type=image,src=busybox,dst=/img",
        "-v", f"{shared}:/x:O", "--umask", "0077", "--sysctl", "net.ipv4.ip_forward=1",
        "--label-file", f"{tmp_path}/labels", "busybox", "sh", "-c", script,
        env={"http_proxy": "http://127.0.0.1:1"},
    )  # fmt: skip
    lines = done.out.splitlines()
    assert done.code == 0, done
    assert lines[:4] == ["4321", "1", "me:*:4321:0::/:/bin/sh", "UTC"]
    assert lines[4].split() == ["hostname", "hosts", "localtime", "passwd", "resolv.conf"]
    assert lines[5].endswith("/bin:more http://127.0.0.1:1")
    assert lines[6:] == ["/img/bin", "theirs", "0077", "1"]
    assert (shared / "f").read_text() == "theirs\n"
    assert cli.ok("inspect", "--format", "{{index .Config.Labels \"from\"}} {{.Config.Umask}}", "c") == "file 0077"
    assert cli("rmi", "busybox").code == 2


def test_limits_that_the_cgroup_keeps(cli: CommandLine) -> None:
    script = "cd /sys/fs/cgroup; cat memory/memory.swappiness memory/memory.oom_control devices/devices.list"
    words = ("run", "--rm", "--memory", "64m", "--memory-swappiness", "40", "--device-cgroup-rule", "c 10:* rm")
    done = cli(*words, "--oom-kill-disable", "busybox", "sh", "-c", f"{script} 2>/dev/null || echo v2")
    assert done.code == 0, done
    if "v2" not in done.out:
        assert done.out.splitlines()[:2] == ["40", "oom_kill_disable 1"]
        assert "c 10:* rm" in done.out


def test_descriptors_are_passed_on(cli: CommandLine) -> None:
    ours, theirs = os.pipe()
    try:
        os.write(theirs, b"through a pipe\n")
        os.close(theirs)
        done = subprocess.run(
            ["bash", "-c", f'exec "$@" 3<&{ours}', "sh", *cli.argv, "run", "--rm", "--preserve-fds", "1",
             "busybox", "sh", "-c", "cat <&3"],
            pass_fds=(ours,), env=cli.env, capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, b"through a pipe\n"), done
    finally:
        os.close(ours)
    assert cli("run", "--preserve-fds", "3", "busybox", "true").code == 125
    assert cli.names() == []


def test_the_image_goes_too(cli: CommandLine) -> None:
    cli.ok("tag", "busybox", "q:1", "q:2")
    said = "Error: the --rmi option does not work without --rm\n"
    assert cli("run", "--rmi", "--rm=false", "q:1", "true").err == said
    cli.ok("run", "--rmi", "q:1", "true")
    assert cli("image", "exists", "q:1").code == 1
    cli.ok("run", "--rm", "-d", "--name", "d", "--rmi", "q:2", "sleep", "1000")
    form = "{{.HostConfig.AutoRemove}} {{.HostConfig.AutoRemoveImage}}"
    assert cli.ok("inspect", "--format", form, "d") == "true true"
    cli.ok("stop", "-t", "0", "d")
    assert cli("image", "exists", "q:2").code == 1
    cli.ok("create", "--name", "user", "busybox", "true")
    done = cli("run", "--rm", "--rmi", "busybox", "true")
    assert done.code == 0
    assert "image is in use by a container" in done.err
    cli.ok("image", "exists", "busybox")


def test_a_directory_as_root_that_stays_as_it_is(cli: CommandLine) -> None:
    place = cli.ok("image", "mount", "busybox")
    done = cli("run", "--rm", "--rootfs", f"{place}:O", "sh", "-c", "touch /new && ls /new")
    assert (done.code, done.out) == (0, "/new\n"), done
    assert not os.path.exists(f"{place}/new")
    cli.ok("image", "unmount", "busybox")


def test_an_archive_as_image(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("save", "-q", "-o", f"{tmp_path}/b.tar", "busybox")
    cli.ok("rmi", "busybox")
    done = cli("run", "--name", "/slash", f"docker-archive:{tmp_path}/b.tar", "readlink", "/etc/mtab")
    assert (done.code, done.out) == (0, "/proc/mounts\n"), done
    assert done.err.startswith("Getting image source signatures\n")
    assert cli.ok("inspect", "--format", "{{.ImageName}}", "slash") == "localhost/busybox:latest"
    cli.ok("rm", "/slash")


@pytest.mark.parametrize(
    "words",
    [
        ("--userns", "keep-id"), ("--uidmap", "0:1:2"), ("--seccomp-policy", "image"),
        ("--cgroups", "split"), ("--rdt-class", "x"), ("--gpus", "all"), ("--blkio-weight", "x"),
        ("--device-cgroup-rule", "x"), ("--tz", "no/where"), ("--pull", "x"), ("--annotation", "run.oci.handler=x"),
        ("--mount", "type=image,dst=/x"), ("--mount", "type=devpts,dst=/x,a=b"),
        ("--mount", "type=tmpfs,src=/x,dst=/x"),
    ],
)
def test_what_cannot_be_is_one_line(cli: CommandLine, words: tuple[str, str]) -> None:
    done = cli("run", *words, "busybox", "true")
    assert (done.code, done.out, done.err.count("\n")) == (125, "", 1), done
    assert done.err.startswith("Error: ")
    assert cli.names() == []
