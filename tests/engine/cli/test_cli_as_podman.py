"""What people who type `podman` for `seabox` and their scripts rely on: one lifecycle, seen from its edges."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from engine.cli.command_line import SECONDS, CommandLine
from seabox.kernel import process

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_start_takes_names_and_a_filter(cli: CommandLine) -> None:
    for name in ("a", "b"):
        cli.ok("create", "--name", name, "--label", f"is={name}", "busybox", "true")
    assert cli.ok("start", "--filter", "restart-policy=always", "a", "b") == ""
    assert cli.ok("start", "--filter", "restart-policy=none", "--filter", "label=is=b", "a", "b") == "b"
    done = cli("start", "--filter", "restart-policy=fake", "a")
    assert (done.code, done.err) == (125, "Error: fake invalid restart policy\n")


def test_latest_takes_no_names(cli: CommandLine) -> None:
    for command in ("diff", "inspect", "logs", "start", "stop", "rm", "container diff"):
        done = cli(*command.split(), "--latest", "nobody")
        assert (done.code, done.err.split(" ", 2)[1], done.out) == (125, "--latest", ""), command
    assert cli("pod", "inspect", "--latest", "nobody").err == "Error: --latest and pods cannot be used together\n"


def test_rm_depend_names_all_that_went(cli: CommandLine) -> None:
    first = cli.ok("create", "--name", "a", "busybox")
    second = cli.ok("create", "--pid", "container:a", "busybox")
    assert cli.ok("rm", "--depend", first).split() == [second, first]


def test_ipc_modes(cli: CommandLine) -> None:
    for mode in ("private", "shareable"):
        cli.ok("run", "-d", "--name", mode, "--ipc", mode, "busybox", "sleep", "1000")
    done = cli("run", "--rm", "--ipc", "container:private", "busybox", "true")
    assert done.code == 125
    assert "is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the donor container)" in done.err
    script = "readlink /proc/self/ns/ipc"
    theirs = cli.ok("exec", "shareable", "sh", "-c", script)
    assert cli.ok("run", "--rm", "--ipc", "container:shareable", "busybox", "sh", "-c", script) == theirs
    cli.ok("exec", "shareable", "touch", "/dev/shm/here")
    words = ("--rm", "--ipc", "container:shareable", "busybox", "sh", "-c", "ls /dev/shm; touch /dev/shm/too")
    assert cli.ok("run", *words) == "here"
    assert cli.ok("exec", "shareable", "ls", "/dev/shm") == "here\ntoo"
    assert cli.ok("run", "--rm", "--ipc", "none", "busybox", "sh", "-c", "test -e /dev/shm || echo none") == "none"


def test_a_runtime_that_refuses_its_flags_cannot_invoke(cli: CommandLine) -> None:
    done = cli("--runtime-flag", "nonsense", "run", "--rm", "busybox", "true")
    assert (done.code, "nonsense" in done.err) == (126, True), done
    cli.ok("rm", "--all")  # with such a flag nothing can be removed either
    assert cli.names() == []


def test_a_runtime_given_by_its_path_is_shown_by_it(cli: CommandLine, tmp_path: Path) -> None:
    found = shutil.which("runc")
    assert found is not None
    path = tmp_path / "mine"
    path.symlink_to(found)
    cli.ok("--runtime", str(path), "create", "--name", "a", "busybox")
    cli.ok("create", "--name", "b", "busybox")
    assert cli.ok("inspect", "--format", "{{.OCIRuntime}} {{.Name}}", "a", "b").splitlines() == [f"{path} a", "runc b"]


def test_a_working_directory_that_a_mount_below_it_brings(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    words = ("--workdir", "/none", "-v", f"{tmp_path}/file:/none/file", "busybox", "cat", "file")
    assert cli.ok("run", "--rm", *words) == "text"


def test_privileged_with_systemd_leaves_the_hosts_consoles_alone(cli: CommandLine) -> None:
    words = ("--rm", "--privileged", "--systemd=always", "busybox", "sh", "-c", "ls -d /dev/tty[0-9]* /dev/tty")
    assert cli("run", *words).out.split() == ["/dev/tty"]


def test_events_show_whole_ids_to_templates(cli: CommandLine) -> None:
    id = cli.ok("create", "busybox")
    words = ("events", "--stream=false", "--no-trunc=false")
    assert cli.ok(*words, "--format", "{{.ID}} {{.Status}}").splitlines()[-1] == f"{id} create"
    assert id not in cli.ok(*words)
    assert id[:12] in cli.ok(*words)


def test_df_counts_volumes(cli: CommandLine) -> None:
    cli.ok("volume", "create", "unused")
    cli.ok("create", "-v", "used:/data", "busybox")
    shown = cli.ok("system", "df", "--format", "{{.Type}}:{{.Total}}:{{.Active}}")
    assert shown.splitlines() == ["Images:1:1", "Containers:1:0", "Local Volumes:2:1"]


def test_stop_and_its_time_by_both_names(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "a", "busybox", "sleep", "1000")
    assert cli.ok("stop", "--timeout=0", "a") == "a"
    assert cli.ok("rm", "--force", "--timeout", "0", "a") == "a"


def test_info_of_a_root_that_is_not_there_yet(cli: CommandLine, tmp_path: Path) -> None:
    assert cli.ok("--root", f"{tmp_path}/fresh/root", "info", "--format", "{{.Store.GraphOptions}}") == "map[]"
    assert cli.ok("info", "--format", "{{.Host.CgroupsVersion}}") in ("v1", "v2")
    assert cli.ok("info", "--format", "{{.Host.CPUUtilization.UserPercent}}") != ""


def test_a_time_that_is_up(cli: CommandLine) -> None:
    """podman's code for it is -1, which is 255 for a process."""
    assert cli("run", "--name", "c", "--timeout", "1", "busybox", "sleep", "1000").code == 255
    assert cli.ok("inspect", "--format", "{{.State.ExitCode}} {{.State.Status}}", "c") == "-1 exited"


def test_the_environment_shown_is_that_of_the_process(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "-e", "A=b", "--hostname", "box", "-t", "busybox", "sleep", "1000")
    shown = cli.ok("inspect", "--format", '{{range .Config.Env}}{{.}}{{"\\n"}}{{end}}', "c").split()
    pid = cli.ok("inspect", "--format", "{{.State.Pid}}", "c")
    with open(f"/proc/{pid}/environ") as file:
        given = file.read().split("\0")[:-1]
    assert sorted(shown) == sorted(given)
    assert {"A=b", "HOME=/root", "HOSTNAME=box", "TERM=xterm", "container=podman"} <= set(shown)


def test_a_read_only_container_without_places_to_write(cli: CommandLine) -> None:
    places = ("/tmp/a", "/dev/b", "/dev/shm/c")
    cli.ok("run", "--rm", "--read-only", "busybox", "touch", *places)
    done = cli("run", "--rm", "--read-only", "--read-only-tmpfs=false", "busybox", "touch", *places)
    assert (done.code, done.err) == (1, "".join(f"touch: {place}: Read-only file system\n" for place in places))


def test_no_hostname(cli: CommandLine) -> None:
    script = "ls /etc/hostname; hostname"
    assert cli.ok("run", "--rm", "--hostname", "here", "busybox", "sh", "-c", script) == "/etc/hostname\nhere"
    done = cli("run", "--rm", "--hostname", "here", "--no-hostname", "busybox", "sh", "-c", script)
    assert (done.out, done.err) == ("here\n", "ls: /etc/hostname: No such file or directory\n")


def test_a_root_directory_without_a_command(cli: CommandLine, tmp_path: Path) -> None:
    done = cli("run", "--rm", "--rootfs", f"{tmp_path}")
    why = "OCI runtime attempted to invoke a command that was not found"
    assert (done.code, done.err.endswith(f": {why}\n")) == (127, True)
    assert cli.names() == []


def test_a_file_of_credentials_that_is_not_there(cli: CommandLine, tmp_path: Path) -> None:
    """Nor is it overlooked where the image is here and nothing is asked for."""
    (tmp_path / "Containerfile").write_text("FROM busybox\n")
    path = f"{tmp_path}/nothing"
    error = f"Error: credential file is not accessible: faccessat {path}: no such file or directory\n"
    for line in (
        "run AUTH busybox true", "create AUTH busybox", "pull AUTH busybox", "push AUTH busybox",
        f"build AUTH {tmp_path}", "logout AUTH example.org", "manifest add AUTH list busybox", "search AUTH x",
    ):  # fmt: skip
        done = cli(*line.replace("AUTH", f"--authfile={path}").split())
        assert (done.code, done.err) == (125, error), line
    assert cli.names() == []


def test_files_of_ids_that_are_not_there(cli: CommandLine, tmp_path: Path) -> None:
    for command in ("stop", "rm", "rm -f"):
        assert cli(*command.split(), "--cidfile", f"{tmp_path}/none").code == 125
        assert cli.ok(*command.split(), "--ignore", "--cidfile", f"{tmp_path}/none") == ""


def test_a_stop_that_waits_for_ever(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "busybox", "sh", "-c", "trap exit TERM; while :; do sleep 0.1; done")
    assert cli("stop", "-t", "-2", "c").code == 125
    assert cli.ok("stop", "-t", "-1", "c") == "c"
    assert cli.ok("rm", "-f", "-t", "-1", "c") == "c"


def test_a_stop_after_conmon_was_killed(cli: CommandLine) -> None:
    id = cli.ok("run", "-d", "--name", "c", "busybox", "sleep", "1000")
    conmon = process.identify(int(cli.ok("inspect", "--format", "{{.State.ConmonPid}}", "c")))
    assert conmon is not None
    process.send_signal(conmon, signal.SIGKILL)
    assert process.wait_gone(conmon, 60)
    done = cli("stop", "-t", "0", "c")
    why = "exit code could not be retrieved: conmon process killed"
    assert (done.code, done.err) == (125, f"Error: container {id} conmon exited prematurely, {why}\n")
    assert cli.ok("inspect", "--format", "{{.State.Status}}", "c") == "exited"
    assert cli.ok("stop", "c") == "c"


def test_a_module_of_containers_conf(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "m.conf").write_text("[containers]\nannotations = ['module=here']\n")
    cli.ok("--module", f"{tmp_path}/m.conf", "create", "--name", "c", "busybox")
    assert cli.ok("inspect", "--format", '{{index .Config.Annotations "module"}}', "c") == "here"
    for name, at in ((f"{tmp_path}/no", f"{tmp_path}/no"), ("no", "/etc/containers/containers.conf.modules/no")):
        done = cli("--module", name, "ps")
        assert done.err == f'Error: could not resolve module "{name}": stat {at}: no such file or directory\n'


def test_mounts_of_what_a_pattern_fits(cli: CommandLine, tmp_path: Path) -> None:
    for name in ("a1", "a2", "b"):
        (tmp_path / name).write_text(name)
    run = ("run", "--rm", "--mount")
    assert cli.ok(*run, f"type=glob,src={tmp_path}/a*,dst=/in,ro", "busybox", "ls", "/in") == "a1\na2"
    assert cli.ok(*run, f"type=glob,src={tmp_path}/a*", "busybox", "ls", f"{tmp_path}") == "a1\na2"
    done = cli(*run, f"type=glob,src={tmp_path}/c*,dst=/in", "busybox", "true")
    assert (done.code, done.err) == (125, f'Error: no file paths matching glob "{tmp_path}/c*"\n')


def test_exec_by_a_file_with_the_id(cli: CommandLine, tmp_path: Path) -> None:
    path = f"{tmp_path}/id"
    cli.ok("run", "-d", "--cidfile", path, "busybox", "sleep", "1000")
    assert cli.ok("exec", "--cidfile", path, "echo", "hello") == "hello"
    assert cli("exec", "--cidfile", path, "--latest", "true").code == 125


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("container cleanup --exec x --all", "--all and --exec cannot be set together"),
        ("container cleanup --rmi --exec x y", "--exec and --rmi cannot be set together"),
        ("create --platform a/b --os c busybox", "--platform option can not be specified with --arch or --os"),
        ("pull --arch c --platform a/b busybox", "--platform option can not be specified with --arch or --os"),
    ],
)
def test_what_does_not_go_together(cli: CommandLine, line: str, error: str) -> None:
    done = cli(*line.split())
    assert (done.code, done.err) == (125, f"Error: {error}\n")


def test_more_of_lists(cli: CommandLine) -> None:
    cli.ok("volume", "create", "--label", "a=b", "v")
    assert cli.ok("volume", "ls", "--format", '{{.Name}} {{.Label "a"}}{{.Label "c"}}') == "v b"
    for name in ("used", "free"):
        cli.ok("network", "create", name)
    cli.ok("create", "--network", "used", "busybox")
    listed = ("network", "ls", "--format", "{{.Name}}", "--filter")
    assert cli.ok(*listed, "dangling=true") == "free"
    assert cli.ok(*listed, "dangling=false") == "seabox\nused"


def test_more_lines_in_etc_hosts(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("10.0.0.1 one\n")
    show = ("busybox", "cat", "/etc/hosts")
    assert "10.0.0.1\tone\n" in cli.ok("run", "--rm", "--hosts-file", f"{tmp_path}/hosts", *show)
    conf = tmp_path / "containers.conf"
    conf.write_text(f'[containers]\nbase_hosts_file = "{tmp_path}/hosts"\nhost_containers_internal_ip = "10.9.9.9"\n')
    said = {"CONTAINERS_CONF_OVERRIDE": str(conf)}
    shown = cli("run", "--rm", *show, env=said).out
    assert "10.0.0.1\tone\n" in shown
    assert "10.9.9.9\thost.containers.internal" in shown
    assert "10.0.0.1" not in cli("run", "--rm", "--hosts-file", "none", *show, env=said).out


def test_other_variables(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "--env", "A=1", "busybox", "sleep", "1000")
    cli.ok("update", "--env", "B=2", "--unsetenv", "A", "c")
    assert cli.ok("exec", "c", "sh", "-c", "echo $A-$B") == "-2"


def test_whose_a_volume_is(cli: CommandLine) -> None:
    cli.ok("volume", "create", "--uid", "5", "--gid", "6", "v")
    assert cli.ok("volume", "inspect", "--format", "{{.UID}}:{{.GID}}", "v") == "5:6"
    assert cli.ok("run", "--rm", "-v", "v:/v", "busybox", "stat", "-c", "%u:%g", "/v") == "5:6"


def test_a_wait_for_one_that_goes_by_itself(cli: CommandLine, tmp_path: Path) -> None:
    """Its name is free when the wait is over."""
    os.mkfifo(tmp_path / "end")
    cli.ok("run", "-d", "--rm", "--name", "c", "-v", f"{tmp_path}:/shared", "busybox", "sh", "-c",
           "read code < /shared/end; exit $code")  # fmt: skip
    with cli.start("wait", "c", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        until_it_waits(process.pid)
        (tmp_path / "end").write_text("3\n")
        assert process.stdout.read() == b"3\n"
    assert cli.names() == []


def until_it_waits(pid: int) -> None:
    """The process waits for changes of files. Blocks."""
    deadline = time.monotonic() + SECONDS
    while True:
        with suppress(FileNotFoundError):
            if any("inotify" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")):
                return
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)


def test_words_of_what_is_kept_as_usual(cli: CommandLine) -> None:
    cli.ok("run", "--name", "c", "--log-driver", "json-file", "busybox", "echo", "x")
    form = "{{.HostConfig.LogConfig.Type}} {{.HostConfig.RestartPolicy.Name}}"
    assert cli.ok("inspect", "--format", form, "c") == "json-file no"
    assert cli.ok("logs", "c") == "x"
