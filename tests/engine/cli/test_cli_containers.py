"""The commands on containers that are there: what they print, their exit codes, their formats."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import pytest

from engine.cli.command_line import SECONDS, CommandLine, next_line

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def sleeper(cli: CommandLine, name: str, *flags: str) -> str:
    """The id of a container that sleeps, and ends at once when it is stopped."""
    return cli.ok("run", "-d", "--name", name, "--stop-signal", "KILL", *flags, "busybox", "sleep", "1000")


def test_the_life_of_a_container(cli: CommandLine) -> None:
    """Every command echoes the words it was given."""
    id = cli.ok("create", "--name", "c", "busybox", "sh", "-c", "echo hello; echo oops >&2; exec sleep 1000")
    assert len(id) == 64
    assert cli.ok("container", "exists", "c") == ""
    assert cli("container", "exists", "nobody").code == 1
    status = ("inspect", "--format", "{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}}", "c")
    assert cli.ok(*status) == "created false false 0"
    assert cli.ok("logs", "c") == ""
    assert cli.ok("init", "c") == "c"
    assert cli.ok("start", id[:12]) == id[:12]
    assert cli.ok("start", "c") == "c"  # it runs already: fine
    assert cli.ok(*status) == "running true false 0"
    cli.until_said("c", "oops")
    assert cli.ok("pause", "c") == "c"
    assert cli.ok(*status) == "paused false true 0"
    assert cli.ok("unpause", "c") == "c"
    assert cli.ok("kill", "--signal", "CONT", "c") == "c"
    assert cli.ok("restart", "--time", "0", "c") == "c"
    cli.until_said("c", "oops", 2)
    assert cli.ok("stop", "--time", "0", "c") == "c"
    assert cli.ok("stop", "c") == "c"  # it is stopped already: fine
    assert cli.ok(*status) == "exited false false 137"
    assert cli.ok("wait", "c", "c") == "137\n137"
    assert cli.ok("container", "cleanup", "c") == "c"
    logs = cli("logs", "c")
    assert (logs.code, logs.out, logs.err) == (0, "hello\n" * 2, "oops\n" * 2)
    assert cli.ok("rm", "c") == "c"
    assert cli.names() == []


def test_start_attached(cli: CommandLine) -> None:
    cli.ok("create", "-i", "--name", "c", "busybox", "sh", "-c", "cat; exit 3")
    done = cli("start", "--attach", "--interactive", "c", stdin=b"again\n")
    assert (done.code, done.out, done.err) == (3, "again\n", "")
    assert cli("start", "-ai", "c").code == 3


def test_attach_follows_to_the_end(cli: CommandLine) -> None:
    script = 'trap "echo bye; exit 8" TERM; echo ready; sleep 1000 & wait'
    cli.ok("run", "-d", "--name", "joined", "busybox", "sh", "-c", script)
    cli.until_said("joined", "ready")
    with cli.start("attach", "joined", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        with cli.start(
            "events", "--since", "1h", "-f", "event=attach", "-f", "container=joined", "--format", "x", stdout=-1
        ) as seen:
            assert next_line(seen) == b"x\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.read() == b"bye\n"
        assert process.wait(SECONDS) == 8


def test_attach_needs_a_running_container(cli: CommandLine) -> None:
    cli.ok("run", "--name", "c", "busybox", "true")
    done = cli("attach", "c")
    assert (done.code, done.out) == (125, "")
    assert done.err == "Error: you can only attach to running containers: container state improper\n"


# --- several containers ----------------------------------------------------------------------------------------------


def test_an_error_does_not_stop_the_rest(cli: CommandLine) -> None:
    for name in "ab":
        sleeper(cli, name)
    done = cli("stop", "a", "nobody", "b")
    missing = 'Error: no container with name or ID "nobody" found: no such container\n'
    assert (done.code, done.out, done.err) == (125, "a\nb\n", missing)
    assert cli.ok("stop", "--ignore", "a", "nobody") == "a"
    done = cli("rm", "a", "nobody", "a", "b")
    assert (done.code, done.out) == (1, "a\nb\n")
    assert done.err == 'Error: no container with ID or name "nobody" found: no such container\n'
    assert cli.ok("rm", "--force", "nobody") == ""
    assert cli.ok("rm", "--ignore", "nobody") == ""


def test_all_latest_and_filters(cli: CommandLine) -> None:
    ids = {name: sleeper(cli, name, "--label", f"of={name}") for name in "abc"}
    assert cli.ok("stop", "--filter", "label=of=a") == ids["a"]
    assert cli.ok("stop", "--latest") == ids["c"]
    assert set(cli.ok("stop", "--all").split()) == set(ids.values())  # those that have ended are named as well
    assert set(cli.ok("start", "--all").split()) == set(ids.values())
    assert set(cli.ok("pause", "--all").split()) == set(ids.values())
    assert set(cli.ok("unpause", "--all").split()) == set(ids.values())
    assert set(cli.ok("kill", "--all").split()) == set(ids.values())
    assert set(cli.ok("rm", "--all").split()) == set(ids.values())
    assert cli.ok("rm", "--all", "--force") == ""


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["stop"], "you must provide at least one name or id"),
        (["stop", "--all", "a"], "no arguments are needed with --all"),
        (["kill", "--all", "--latest"], "--all and --latest cannot be used together"),
        (["rm", "--time", "3", "a"], "--force option must be specified to use the --time option"),
        (["rm", "--cidfile", "/nowhere/cid"], "reading CIDFile: open /nowhere/cid: no such file or directory"),
        (["stop", "--latest"], "no containers found: no such container"),
        (["start", "--attach", "a", "b"], "you cannot start and attach multiple containers at once"),
        (["kill", "--signal", "BOGUS", "a"], "invalid signal: BOGUS"),
        (["kill", "--signal", "99", "a"], "valid signals are 1 through 64"),
        (["wait", "--condition", "bogus", "a"], 'no container with name or ID "a" found: no such container'),
        (["ps", "--filter", "bogus=1"], "bogus is an invalid filter"),
        (["ps", "--filter", "name"], 'invalid filter "name"'),
        (["ps", "--filter", "status=bogus"], "unknown container state: bogus: invalid argument"),
        (["ps", "--filter", "name=("], "error parsing regexp: missing ), unterminated subpattern at position 0: `(`"),
        (["ps", "--filter", "before=nobody"], 'no container with name or ID "nobody" found: no such container'),
        (["ps", "--format", "{{.Bogus"], "template: ps:1: unclosed action"),
        (["ps", "--latest", "--last", "2"], "last and latest are mutually exclusive"),
        (["logs", "nobody"], 'no container with name or ID "nobody" found: no such container'),
        (["logs", "--since", "soon", "nobody"], "'soon' is neither a time nor a duration"),
        (["container", "inspect", "nobody"], 'no such container "nobody"'),
        (["inspect", "nobody"], 'no such object: "nobody"'),
        (["events", "--filter", "bogus=1"], "failed to parse event filters: bogus is an invalid filter"),
        (["--events-backend", "none", "events"], 'cannot read events with the "none" backend'),
        (["image", "embed", "fedora"], "'fedora' is not embedded; the only embedded image is busybox"),
        (["image", "inspect", "nothing"], "nothing: image not known"),
    ],
)
def test_mistakes(cli: CommandLine, words: list[str], error: str) -> None:
    done = cli(*words)
    assert done.err == f"Error: {error}\n"
    assert done.code == 125
    assert done.out == ("[]\n" if "inspect" in words else "")


def test_states_that_forbid_it(cli: CommandLine) -> None:
    id = sleeper(cli, "c")
    done = cli("rm", "c")
    assert done.code == 2
    assert done.err == (
        f"Error: cannot remove container {id} as it is running - running or paused containers cannot be removed "
        "without force: container state improper\n"
    )
    cli.ok("stop", "c")
    for words in (["kill", "c"], ["pause", "c"], ["unpause", "c"]):
        done = cli(*words)
        assert (done.code, done.out, done.err.count("\n")) == (125, "", 1)
        assert done.err.endswith(": container state improper\n")


def test_removing_what_others_need(cli: CommandLine) -> None:
    first = sleeper(cli, "first")
    second = sleeper(cli, "second", "--requires", "first")
    third = sleeper(cli, "third", "--network", "container:second")
    cli.ok("stop", "--all")
    done = cli("rm", "first")
    assert done.code == 125
    assert done.err == (
        f"Error: container {first} has dependent containers which must be removed before it: {second}: "
        "container already exists\n"
    )
    assert cli.ok("inspect", "--format", "{{.Dependencies}}", "third") == f"[{second}]"
    assert third != second
    assert sorted(cli.ok("rm", "--depend", "first").splitlines()) == sorted([second, third, "first"])
    assert cli.names() == []


# --- wait ------------------------------------------------------------------------------------------------------------


def test_wait_for_what_has_not_begun(cli: CommandLine) -> None:
    cli.ok("create", "--name", "c", "busybox", "sh", "-c", "exit 5")
    with cli.start("wait", "c", stdout=subprocess.PIPE) as waiting:
        cli.ok("start", "c")
        assert waiting.stdout is not None
        assert waiting.stdout.read() == b"5\n"
        assert waiting.wait(SECONDS) == 0
    assert cli.ok("wait", "--ignore", "nobody", "c") == "-1\n5"
    assert cli.ok("wait", "--condition", "exited", "c") == "5"


# --- formats ---------------------------------------------------------------------------------------------------------


def test_ps(cli: CommandLine) -> None:
    ids = [cli.ok("create", "--name", "made", "--label", "k=v", "busybox", "sleep", "a rather long argument")]
    ids.append(sleeper(cli, "runs"))
    cli("run", "--name", "over", "busybox", "sh", "-c", "exit 3")
    lines = cli.ok("ps", "--all").splitlines()
    assert [re.sub("  +", "|", line) for line in lines] == [
        "CONTAINER ID|IMAGE|COMMAND|CREATED|STATUS|PORTS|NAMES",
        *(re.sub("  +", "|", line) for line in lines[1:]),
    ]
    ago = r"(Less than a second|1 second|\d+ seconds|About a minute|\d+ minutes)"
    assert re.fullmatch(rf"{ids[0][:12]}  \S*busybox\S* +sleep a rather lo\.\.\.  {ago} ago +Created +made", lines[1])
    assert re.fullmatch(rf"{ids[1][:12]}  \S*busybox\S* +sleep 1000 +{ago} ago +Up {ago} +runs", lines[2])
    assert re.search(rf"Exited \(3\) {ago} ago +over$", lines[3])
    assert [line.split()[-1] for line in cli.ok("ps", "--noheading").splitlines()] == ["runs"]
    assert cli.ok("ps", "-aq", "--no-trunc").splitlines()[:2] == ids
    assert cli.ok("ps", "-aq", "--last", "1", "--format", "{{.Names}}") == "over"
    assert cli.ok("ps", "-l", "--format", "{{.Names}}") == "over"
    assert cli.ok("container", "ls", "-a", "--sort", "names", "--format", "{{.Names}}") == "made\nover\nruns"
    assert cli.ok("ps", "-a", "--external", "--sync", "--size", "--format", "{{.State}}") == "created\nrunning\nexited"
    form = '{{.ID}} {{.Label "k"}} {{.Labels}} {{index .Labels "k"}} {{.ExitCode}} {{.Command}}'
    assert cli.ok("ps", "-a", "--no-trunc", "-f", "name=made", "--format", form) == (
        f"{ids[0]} v map[k:v] v 0 sleep a rather long argument"
    )
    form = "{{len .ImageID}} {{.Mounts}} {{.Labels}} {{.RunningFor}}|{{.Created}}|{{.CreatedAt}}|{{.Namespaces.PIDNS}}"
    human, created, created_at, pidns = cli.ok("ps", "--format", form).split("|")
    assert re.fullmatch(rf"12 \[\] map\[\] {ago} ago", human)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4} \S+", created)
    assert (created_at, pidns.isdigit()) == (created, True)
    assert cli.ok("ps", "--no-trunc", "--format", "{{len .ImageID}}") == "64"
    assert cli.ok("ps", "--format", "table {{.CreatedHuman}}").split("\n")[0] == "CREATED"
    found = json.loads(cli.ok("ps", "-a", "--format", "json"))
    assert [(each["Names"], each["State"], each["ExitCode"]) for each in found] == [
        (["made"], "created", 0), (["runs"], "running", 0), (["over"], "exited", 3),
    ]  # fmt: skip
    assert cli.ok("ps", "--format", '{{"\\n"}}') == ""
    assert cli("ps", "--format", '{{"\\n"}}').out == "\n"
    virtual = r"\d+(\.\d+)?k?B \(virtual \d\.\d+MB\)"
    assert re.fullmatch(rf"runs {virtual}", cli.ok("ps", "--size", "--format", "{{.Names}} {{.Size}}"))
    assert json.loads(cli.ok("ps", "--size", "--format", "json"))[0]["Size"]["rootFsSize"] > 1 << 20
    spaces = cli.ok("ps", "--ns", "--noheading").split()
    assert (spaces[1], len(spaces), all(word.isdigit() for word in spaces[2:])) == ("runs", 10, True)
    heads = "CONTAINER ID NAMES PID CGROUPNS IPC MNT NET PIDNS USERNS UTS"
    assert cli.ok("ps", "--ns").split("\n")[0].split() == heads.split()
    cli.ok("pause", "runs")
    assert cli.ok("ps", "--quiet") == ""  # as podman's
    cli.ok("init", "made")
    assert cli.ok("ps", "-a", "--filter", "status=initialized", "--format", "{{.Status}} {{.State}}") == (
        "Initialized initialized"
    )


def test_inspect(cli: CommandLine) -> None:
    id = cli.ok(
        "create", "--name", "c", "-e", "A=b", "-l", "k=v", "-v", "/tmp:/m:ro", "--memory", "64m",
        "--stop-signal", "HUP", "--stop-timeout", "3", "--ulimit", "nofile=10:20", "--rm", "busybox", "echo", "x",
    )  # fmt: skip
    (found,) = json.loads(cli.ok("inspect", "c"))
    assert (found["Id"], found["Name"], found["Path"], found["Args"]) == (id, "c", "echo", ["x"])
    assert found["Config"]["Labels"] == {"k": "v"}
    assert "A=b" in found["Config"]["Env"]
    assert found["Config"]["CreateCommand"][0] == "seabox"
    assert found["HostConfig"]["Memory"] == 64 << 20
    assert found["HostConfig"]["AutoRemove"] is True
    assert [(m["Source"], m["Destination"], m["RW"]) for m in found["Mounts"]] == [("/tmp", "/m", False)]
    form = '{{.Config.StopTimeout}} {{index .Config.Labels "k"}} {{json .Args}} {{range .Mounts}}{{.Type}}{{end}}'
    assert cli.ok("inspect", "--format", form, "c") == '3 v ["x"] bind'
    assert cli.ok("inspect", "--type", "image", "--format", "{{.RepoTags}}", "busybox") == (
        "[localhost/busybox:latest]"
    )
    done = cli("inspect", "c", "nobody", "busybox")
    assert done.code == 125
    image = cli.ok("images", "-q", "--no-trunc").removeprefix("sha256:")
    assert [each["Id"] for each in json.loads(done.out)] == [id, image]
    assert done.err == 'Error: no such object: "nobody"\n'


def test_logs(cli: CommandLine) -> None:
    cli.ok("run", "--name", "c", "busybox", "sh", "-c", "for i in 1 2 3; do echo line $i; done; printf end")
    assert cli.ok("logs", "c") == "line 1\nline 2\nline 3\nend"
    assert cli.ok("logs", "--tail", "2", "c") == "line 3\nend"
    assert cli.ok("logs", "--tail", "0", "c") == ""
    assert cli.ok("logs", "--since", "1h", "--tail", "1", "c") == "end"
    assert cli.ok("logs", "--until", "2020-01-01", "c") == ""
    assert cli.ok("logs", "--names", "--tail", "2", "c") == "c line 3\nc end"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{9}\S+ end", cli.ok("logs", "-t", "--tail", "1", "c"))
    cli.ok("run", "--name", "d", "busybox", "echo", "other")
    ids = [cli.ok("inspect", "--format", "{{.Id}}", name)[:12] for name in "cd"]
    assert cli.ok("logs", "--tail", "2", "c", "d") == f"{ids[0]} line 3\n{ids[0]} end{ids[1]} other"
    cli.ok("run", "--name", "n", "--log-driver", "none", "busybox", "true")
    assert cli("logs", "n").err == "Error: this container is using the 'none' log driver, cannot read logs\n"


def test_logs_followed(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "busybox", "sh", "-c", 'trap "echo bye; exit" TERM; echo on; sleep 1000 & wait')
    with cli.start("logs", "--follow", "c", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert next_line(process) == b"on\n"
        cli.ok("stop", "c")
        assert process.stdout.read() == b"bye\n"
        assert process.wait(SECONDS) == 0


def test_logs_of_several_followed(cli: CommandLine) -> None:
    """As they come, each with its container before it; in colour if that is wanted."""
    for name in ("one", "two"):
        cli.ok("run", "-d", "--name", name, "busybox", "sh", "-c", f"trap exit TERM; echo {name}; sleep 1000 & wait")
    with cli.start("logs", "-f", "--names", "--color", "one", "two", stdout=subprocess.PIPE) as process:
        assert {next_line(process), next_line(process)} == {b"\x1b[36mone\x1b[0m one\n", b"\x1b[33mtwo\x1b[0m two\n"}
        cli.ok("stop", "one", "two")
        assert process.wait(SECONDS) == 0
    assert cli("logs", "-f", "one", "none").code == 125


def test_events(cli: CommandLine) -> None:
    cli.ok("create", "--name", "seen", "busybox", "sh", "-c", "exit 3")
    form = "{{.Status}} {{.Name}}"
    with cli.start("events", "--since", "1h", "-f", "container=seen", "--format", form, stdout=-1) as process:
        seen = [next_line(process)]
        assert cli("start", "--attach", "seen").code == 3
        cli.ok("rm", "seen")
        while seen[-1] != b"remove seen\n":
            seen.append(next_line(process))
    assert [line.decode().split()[0] for line in seen] == [
        "create", "init", "start", "attach", "died", "cleanup", "remove",
    ]  # fmt: skip
    past = ("events", "--stream=false", "--filter", "container=seen")
    lines = cli.ok(*past).splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \S+ \S+ container create [0-9a-f]{64} "
        r"\(image=\S*busybox\S*, name=seen\)",
        lines[0],
    )
    (died,) = [json.loads(line) for line in cli.ok(*past, "--filter", "event=died", "--format", "json").splitlines()]
    assert (died["Status"], died["Name"], died["ContainerExitCode"]) == ("died", "seen", 3)
    assert cli.ok(*past, "--until", "2020-01-01") == ""
    assert cli.ok(*past, "--since", "1h") == "\n".join(lines)


def test_info_and_version(cli: CommandLine) -> None:
    assert cli.ok("info", "--format", "{{.Host.OCIRuntime.Name}} {{.Store.GraphRoot}}") == f"runc {cli.root}"
    assert cli.ok("info").startswith("host:\n  arch: ")
    assert json.loads(cli.ok("info", "--format", "json"))["host"]["logDriver"] == "k8s-file"
    assert cli.ok("version", "--format", "{{.Client.Version}} {{.Version}}").split()[0] == "0.1.0"
    assert cli.ok("version").splitlines()[1].split() == ["Version:", "0.1.0"]


def test_images(cli: CommandLine) -> None:
    id = cli.ok("image", "embed", "busybox")
    assert cli.ok("images", "--all", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}") == (
        f"localhost/busybox:latest {id[:12]}"
    )
    assert cli.ok("image", "ls", "-q", "--no-trunc").removeprefix("sha256:") == id
    assert cli.ok("image", "exists", "busybox") == ""
    assert cli("image", "exists", "nothing").code == 1
