"""The pod commands and flags as a user types them, with the words and exit codes that scripts compare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine, next_line

SLEEP = ("busybox", "sleep", "1000")
QUICK = ("--stop-timeout", "0")
_BUSY = "running or paused containers cannot be removed without force: container state improper"


@pytest.fixture
def pods(cli: CommandLine) -> Iterator[CommandLine]:
    """A command line without pods, before the test and after it."""
    yield cli
    cli("pod", "rm", "--force", "--all", "--time", "0")
    assert cli.ok("pod", "ps", "--quiet") == ""


def test_the_life_of_a_pod(pods: CommandLine) -> None:
    assert pods.ok("pod", "ls", "--noheading") == ""
    id = pods.ok("pod", "create", "--label", "a=b", "web")
    assert len(id) == 64
    ctr = pods.ok("run", "-d", "--pod", "web", "--name", "one", *QUICK, *SLEEP)
    assert pods("pod", "exists", "web").code == 0
    assert pods("pod", "exists", "nobody").code == 1
    infra = pods.ok("pod", "inspect", "--format", "{{.InfraContainerID}}", "web")
    heading, row = pods.ok("pod", "ps").split("\n")
    assert heading.split("  ")[0] == "POD ID"
    assert heading.endswith("INFRA ID      # OF CONTAINERS")
    assert row.split()[:3] == [id[:12], "web", "Running"]
    assert row.split()[-2:] == [infra[:12], "2"]
    shown = "{{.ID}} {{.Name}} {{.Status}} {{.Labels}} {{.NumberOfContainers}}"
    assert pods.ok("pod", "ps", "--format", shown) == f"{id[:12]} web Running map[a:b] 2"
    assert pods.ok("pod", "ps", "--no-trunc", "--ctr-names", "--ctr-status", "--noheading").endswith(
        f"{id[:12]}-infra,one  running,running"
    )
    (seen,) = json.loads(pods.ok("pod", "ps", "--format", "json"))
    assert (seen["Id"], seen["InfraId"], seen["Labels"]) == (id, infra, {"a": "b"})
    for verb, status in (("pause", "Paused"), ("unpause", "Running"), ("restart", "Running"), ("kill", "Exited"),
                         ("start", "Running"), ("stop", "Exited"), ("start", "Running")):  # fmt: skip
        assert pods.ok("pod", verb, "web") == id
        assert pods.ok("pod", "inspect", "--format", "{{.State}}", "web") == status, verb
    refused = pods("pod", "rm", "web")
    first, second = refused.err.splitlines()
    assert first == f"Error: not all containers could be removed from pod {id}: removing pod containers"
    assert second == f"Error: cannot remove container {ctr} as it is running - {_BUSY}"
    assert refused.code == 125
    assert pods.ok("pod", "rm", "--force", "web") == id
    assert pods.ok("ps", "--all", "--quiet") == ""
    missing = pods("pod", "rm", "web")
    assert (missing.code, missing.err) == (1, "Error: no pod with name or ID web found: no such pod\n")
    assert pods.ok("pod", "rm", "--force", "web") == ""
    events = pods.ok("events", "--stream=false", "--filter", "type=pod", "--filter", "pod=web").splitlines()
    wanted = "create pause unpause stop start restart kill start stop start remove".split()
    ours = events[-len(wanted) :]  # others may have had a pod of this name before
    assert [line.split()[5] for line in ours] == wanted
    assert ours[0].endswith(f"pod create {id} (image=, name=web)")


def test_what_ps_and_inspect_say_of_a_member(pods: CommandLine) -> None:
    id = pods.ok("pod", "create", "--infra-name", "pause", "--exit-policy", "stop", "web")
    pods.ok("run", "-d", "--pod", id[:10], "--name", "one", *QUICK, *SLEEP)
    heading, first, second = pods.ok("ps", "--pod").split("\n")
    assert heading.split("  ")[-2:] == ["POD ID", "PODNAME"] or heading.rstrip().endswith("PODNAME")
    assert first.split()[-3:] == ["pause", id[:12], "web"]
    assert second.split()[-3:] == ["one", id[:12], "web"]
    assert pods.ok("ps", "--format", "{{.Pod}}").split() == [id[:12]] * 2
    assert pods.ok("ps", "--all", "--filter", "pod=web", "--format", "{{.Names}} {{.PodName}} {{.IsInfra}}") == (
        "pause web true\none web false"
    )
    assert pods.ok("ps", "--all", "--quiet", "--filter", "pod=nobody") == ""
    assert {(row["Pod"], row["PodName"]) for row in json.loads(pods.ok("ps", "--format", "json"))} == {(id, "web")}
    assert pods.ok("inspect", "--format", "{{.Pod}} {{.IsInfra}}", "one", "pause") == f"{id} false\n{id} true"
    assert json.loads(pods.ok("inspect", "--type", "pod", "web"))[0]["Id"] == id
    assert json.loads(pods.ok("inspect", "web"))[0]["ExitPolicy"] == "stop"
    form = "{{.ID}} {{(index .Containers 0).ID}} {{.InfraConfig.PidNS}} {{.NumContainers}} {{.CPUQuota}}"
    infra = pods.ok("inspect", "--format", "{{.Id}}", "pause")
    assert pods.ok("pod", "inspect", "--format", form, "web") == f"{id} {infra} private 2 0"
    assert "\n    " in pods.ok("pod", "inspect", "web")
    assert pods("pod", "inspect", "nobody").out == "[]\n"


def test_filters_of_pod_ps(pods: CommandLine) -> None:
    first = pods.ok("pod", "create", "--label", "a=b", "first")
    pods.ok("pod", "create", "--infra=false", "second")
    pods.ok("create", "--pod", "first", "--name", "one", *SLEEP)

    def names(*filters: str, sort: str = "created") -> str:
        words = [word for each in filters for word in ("--filter", each)]
        return pods.ok("pod", "ps", "--format", "{{.Name}}", "--sort", sort, *words).replace("\n", " ")

    assert names() == "second first"  # the newest first
    assert names(sort="name") == "first second"
    assert names("label=a=b") == names("name=fir") == names(f"id={first[:8]}") == names("ctr-names=one") == "first"
    assert names("ctr-number=0") == names("label!=a") == "second"
    assert names("ctr-status=created") == "first"
    assert names("status=created") == names("name=first", "name=second") == "second first"
    assert names("status=running") == ""
    assert pods.ok("pod", "ps", "--latest", "--format", "{{.Name}}") == "second"
    for words, text in (
        (["--filter", "bogus=1"], "bogus is an invalid filter"),
        (["--filter", "x"], "filter input must be in the form of filter=value: x is invalid"),
        (["--filter", "status=bogus"], "bogus is not a valid pod status"),
        (["--sort", "bogus"], "invalid option for --sort"),
        (["--quiet", "--format", "json"], "quiet and format cannot be used together"),
    ):
        done = pods("pod", "ps", *words)
        assert (done.code, done.err.count("\n")) == (125, 1)
        assert f"Error: {text}" in done.err


def test_files_with_ids(pods: CommandLine, tmp_path: Path) -> None:
    file, pidfile = tmp_path / "id", tmp_path / "pid"
    id = pods.ok("pod", "create", "--pod-id-file", str(file), "--infra-conmon-pidfile", str(pidfile), "web")
    assert file.read_text() == id
    pods.ok("run", "-d", "--pod-id-file", str(file), "--name", "one", *QUICK, *SLEEP)
    infra = pods.ok("pod", "inspect", "--format", "{{.InfraContainerID}}", "web")
    assert pods.ok("inspect", "--format", "{{.State.ConmonPid}}", infra) == pidfile.read_text()
    assert pods.ok("pod", "stop", "--pod-id-file", str(file), "--time", "0") == id
    assert pods.ok("pod", "start", "--pod-id-file", str(file)) == id
    assert pods.ok("pod", "rm", "--force", "--time", "0", "--pod-id-file", str(file)) == id
    both = pods("create", "--pod", "x", "--pod-id-file", str(file), *SLEEP)
    assert both.err == "Error: cannot specify both --pod and --pod-id-file\n"
    assert pods("pod", "stop", "--pod-id-file", str(tmp_path / "none")).code == 125


def test_init_containers_and_logs(pods: CommandLine) -> None:
    pods.ok("pod", "create", "web")
    pods.ok("create", "--pod", "web", "--init-ctr", "once", "--name", "once", "busybox", "echo", "once")
    always = pods.ok("create", "--pod", "web", "--init-ctr", "always", "--name", "always", "busybox", "echo", "again")
    pods.ok("create", "--pod", "web", "--name", "one", *QUICK, "busybox", "sh", "-c", "echo main; exec sleep 1000")
    pods.ok("pod", "start", "web")
    assert pods.ok("ps", "--all", "--format", "{{.Names}}").split()[1:] == ["always", "one"]
    one = pods.ok("inspect", "--format", "{{.Id}}", "one")
    with pods.start("pod", "logs", "--follow", "--names", "web", stdout=-1) as following:
        assert {next_line(following), next_line(following)} == {b"always again\n", b"one main\n"}
    assert pods.ok("pod", "logs", "web") == f"{always[:12]} again\n{one[:12]} main"
    assert pods.ok("pod", "logs", "--container", "one", "web") == "main"
    assert pods("pod", "logs", "-c", "nope", "web").err == (
        "Error: container nope is not in pod web: no such container\n"
    )
    late = pods("create", "--pod", "web", "--init-ctr", "once", *SLEEP)
    assert (late.code, late.err) == (125, "Error: cannot add init-ctr to a running pod\n")
    pods.ok("pod", "rm", "--force", "--time", "0", "web")
    pods.ok("pod", "create", "web")
    bad = pods.ok("create", "--pod", "web", "--init-ctr", "always", "busybox", "sh", "-c", "exit 3")
    failed = pods("pod", "start", "web")
    assert (failed.code, failed.err) == (125, f"Error: init container {bad} exited with code 3\n")


def test_top_and_stats(pods: CommandLine) -> None:
    pods.ok("pod", "create", "web")
    assert pods.ok("pod", "top", "web") == ""
    pods.ok("run", "-d", "--pod", "web", "--name", "one", *QUICK, *SLEEP)
    pods.until_it_runs(pods.ok("pod", "inspect", "--format", "{{.InfraContainerID}}", "web"), "one")
    assert pods.ok("pod", "top", "web", "pid", "comm").split() == ["PID", "COMMAND", "1", "catatonit", "1", "sleep"]
    heading, _, row = pods.ok("pod", "stats", "--no-stream", "web").split("\n")
    assert heading.split("  ")[0] == "POD"
    assert "MEM USAGE/ LIMIT" in heading
    assert (row.split()[2], row.split()[-1]) == ("one", "1")
    seen = json.loads(pods.ok("pod", "stats", "--no-stream", "--format", "json"))
    assert [each["Name"] for each in seen][1:] == ["one"]
    pods.ok("pod", "stop", "--time", "0", "web")
    form = "{{.CPU}} {{.MemUsage}} {{.PIDS}}"
    assert pods.ok("pod", "stats", "--no-stream", "--format", form, "web").split("\n") == ["-- -- / -- --"] * 2


def test_the_infra_container_and_rm(pods: CommandLine) -> None:
    id = pods.ok("pod", "create", "--infra-name", "pause", "web")
    infra = pods.ok("inspect", "--format", "{{.Id}}", "pause")
    for words in (("rm", "pause"), ("rm", "--force", "pause")):
        done = pods(*words)
        assert done.code == 125
        assert done.err == (
            f"Error: container {infra} is the infra container of pod {id} and cannot be removed without removing the "
            "pod\n"
        )
    one = pods.ok("create", "--pod", "web", *SLEEP)
    assert pods.ok("rm", "--depend", "pause").split() == [one, infra]
    assert pods.ok("pod", "ps", "-q") == ""
    two, three = pods.ok("create", "--pod", "new:web", *SLEEP), pods.ok("create", *SLEEP)
    infra = pods.ok("pod", "inspect", "--format", "{{.InfraContainerID}}", "web")
    assert set(pods.ok("rm", "--force", "--all").split()) == {two, three, infra}
    assert pods.ok("pod", "ps", "-q") == ""


def test_new_pods_replacement_and_pruning(pods: CommandLine) -> None:
    assert pods.ok("run", "--rm", "--pod", "new:fresh", "--hostname", "own", "busybox", "hostname") == "own"
    assert pods.ok("run", "--rm", "--pod", "fresh", "busybox", "hostname") == "own"
    old = pods.ok("pod", "inspect", "--format", "{{.Id}}", "fresh")
    new = pods.ok("pod", "create", "--replace", "--share", "+pid", "fresh")
    assert new != old
    assert pods.ok("pod", "inspect", "--format", "{{.SharedNamespaces}}", "fresh") == "[ipc net pid uts]"
    assert pods.ok("run", "--rm", "--pod", "fresh", "busybox", "hostname") == "fresh"
    assert pods.ok("pod", "prune", "--force") == ""  # the infra container runs
    pods.ok("pod", "stop", "--all")
    assert pods("pod", "prune", stdin=b"n\n").code == 0
    assert pods.ok("pod", "prune", "--force") == new
    assert pods.ok("pod", "create", "--share", "none", "bare") != ""
    assert pods.ok("pod", "inspect", "--format", "{{.CreateInfra}} {{.NumContainers}}", "bare") == "false 0"


def test_mistakes(pods: CommandLine) -> None:
    pods.ok("pod", "create", "web")
    for words, text in (
        (["pod", "create", "web"], 'adding pod to state: name "web" is in use: pod already exists'),
        (["pod", "create", "--share", "bogus"], "invalid kernel namespace to share: bogus. Options are: cgroup, ipc"),
        (["pod", "create", "--exit-policy", "bogus"], 'running pod create option: invalid pod exit policy: "bogus"'),
        (["pod", "create", "--name", "x", "y"], "cannot specify --name and NAME at the same time"),
        (["pod", "create", "--replace"], "cannot replace pod without --name being set"),
        (["pod", "create", "--infra=false", "-p", "80:80"], "you must have an infra container to publish port"),
        (["pod", "create", "--infra=false", "--share", "net"], "cannot set share(net) namespaces without an infra"),
        (["pod", "create", "--infra=false", "--dns", "1.1.1.1"], "NoInfra and DNSServer are mutually exclusive pod"),
        (["pod", "create", "--infra=false", "--no-hosts"], "cannot specify --no-hosts without an infra container"),
        (["pod", "create", "--memory", "abc"], "invalid value for memory: invalid size: 'abc'"),
        (["pod", "create", "--volumes-from", "x"], "--volumes-from is not supported yet"),
        (["pod", "stop", "nobody"], "no pod with name or ID nobody found: no such pod"),
        (["pod", "start"], "you must provide at least one name or id"),
        (["pod", "rm", "--all", "web"], "no arguments are needed with --all"),
        (["pod", "rm", "--time", "3", "web"], "--force option must be specified to use the --time option"),
        (["pod", "kill", "--signal", "bogus", "web"], "invalid signal: bogus"),
        (["pod", "top"], "you must provide the name or id of a running pod"),
        (["pod", "logs"], "specify at least one pod name or ID to log"),
        (["pod", "stats", "nobody"], "unable to get list of pods: no pod with name or ID nobody found: no such pod"),
        (["run", "--pod", "nobody", *SLEEP], "no pod with name or ID nobody found: no such pod"),
        (["create", "--pod", "new:", *SLEEP], "new pod name must be at least one character"),
        (["create", "--init-ctr", "once", *SLEEP], "must specify pod value with init-ctr"),
        (["create", "--name", "web", *SLEEP], 'name "web" is in use: pod already exists'),
        (["run", "--pod", "web", "--hostname", "x", *SLEEP], "invalid config provided: cannot set hostname when"),
    ):
        done = pods(*words)
        assert (done.code, done.err.count("\n")) == (125, 1), (words, done)
        assert f"Error: {text}" in done.err
    assert pods("pod", "create", "--bogus").err == "Error: unknown flag: --bogus\nSee 'seabox pod create --help'\n"
    assert pods.ok("pod", "stop", "--ignore", "nobody") == ""
    assert pods.ok("pod", "ps", "--format", "{{.Name}} {{.NumberOfContainers}}") == "web 1"


def test_a_paused_pod_goes_on_whatever_else_is_in_it(pods: CommandLine) -> None:
    id = pods.ok("pod", "create", "--name", "web")
    pods.ok("run", "-d", "--pod", "web", "busybox", "sleep", "1000")
    pods.ok("create", "--pod", "web", "busybox", "true")
    assert pods.ok("pod", "pause", "web") == pods.ok("pod", "unpause", "web") == id
    assert pods.ok("ps", "--quiet", "--filter", "status=paused") == pods.ok("pod", "unpause", "web") == ""


def test_files_with_ids_that_are_not_there(pods: CommandLine, tmp_path: Path) -> None:
    for verb in ("stop", "rm"):
        assert pods("pod", verb, "--pod-id-file", f"{tmp_path}/none").code == 125
        assert pods.ok("pod", verb, "--ignore", "--pod-id-file", f"{tmp_path}/none") == ""


def test_the_restart_policy_of_a_pod(pods: CommandLine) -> None:
    pods.ok("pod", "create", "--name", "web", "--restart", "on-failure:2")
    assert pods.ok("pod", "inspect", "--format", "{{.RestartPolicy}}", "web") == "on-failure"
    form = "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}"
    for words, policy in (((), "on-failure:2"), (("--restart", "always"), "always:0"), (("--rm",), "no:0")):
        id = pods.ok("create", "--pod", "web", *words, "busybox", "true")
        assert pods.ok("inspect", "--format", form, id) == policy
    done = pods("pod", "create", "--restart", "sometimes")
    assert (done.code, done.err) == (125, "Error: sometimes invalid restart policy\n")
