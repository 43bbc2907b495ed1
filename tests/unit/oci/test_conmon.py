from __future__ import annotations

from seabox.oci.conmon import command
from seabox.oci.runtime import Launch

RUNTIME = ("--root", "/run/seabox/crun")


def test_the_smallest_command_line() -> None:
    argv = command("/usr/bin/conmon", "/usr/bin/crun", RUNTIME, Launch(id="abc", name="web", bundle="/run/b"))
    assert argv == [
        "/usr/bin/conmon", "--api-version", "1", "--cid", "abc", "--cuuid", "abc", "--name", "web",
        "--runtime", "/usr/bin/crun", "--bundle", "/run/b", "--exit-dir", "/run/b", "--full-attach",
        "--container-pidfile", "/run/b/pid", "--conmon-pidfile", "/run/b/conmon.pid",
        "--runtime-arg=--root", "--runtime-arg=/run/seabox/crun",
        "--runtime-arg=--log-format=json", "--runtime-arg=--log=/run/b/oci.log",
        "--log-path", "none",
    ]  # fmt: skip


def test_every_option_has_its_place() -> None:
    launch = Launch(
        id="abc", name="web", bundle="/run/b", exit_command=("/usr/bin/python3", "-I", "/x/exit.py", "abc"),
        log_driver="k8s-file", log_path="/x/ctr.log", log_size_max=1000, log_rotate=True, log_tag="tag",
        tty=True, stdin=True, notify_socket="/n",
        stdin_stays_open=True, timeout=7, no_pivot=True, no_new_keyring=True, pidfile="/p", conmon_pidfile="/c",
    )  # fmt: skip
    argv = command("conmon", "crun", (), launch)
    assert argv[argv.index("--container-pidfile") :] == [
        "--container-pidfile", "/p", "--conmon-pidfile", "/c",
        "--runtime-arg=--log-format=json", "--runtime-arg=--log=/run/b/oci.log",
        "--log-path", "k8s-file:/x/ctr.log", "--log-size-max", "1000", "--log-rotate", "--log-max-files", "1",
        "--log-tag", "tag",
        "--exit-command", "/usr/bin/python3",
        "--exit-command-arg=-I", "--exit-command-arg=/x/exit.py", "--exit-command-arg=abc",
        "--timeout", "7", "--sdnotify-socket", "/n",
        "--terminal", "--leave-stdin-open", "--no-pivot", "--no-new-keyring",
    ]  # fmt: skip


def test_no_limit_and_other_drivers() -> None:
    argv = command("conmon", "crun", (), Launch(id="a", name="b", bundle="/b", log_driver="journald", log_size_max=-1))
    assert argv[-2:] == ["--log-path", "journald"]
    assert command("conmon", "crun", (), Launch(id="a", name="b", bundle="/b", stdin=True))[-1] == "--stdin"
