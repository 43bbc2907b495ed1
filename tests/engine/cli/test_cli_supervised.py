"""Restart policies, requirements and health checks on the command line."""

from __future__ import annotations

import pytest

from engine.cli.command_line import CommandLine


def state(cli: CommandLine, name: str, field: str) -> str:
    return cli.ok("inspect", "--format", f"{{{{.{field}}}}}", name)


def test_health_is_shown(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "well", "--health-cmd", "test ! -e /ill", "--health-interval", "200ms",
           "--health-retries", "1", "busybox", "sleep", "1000")  # fmt: skip
    cli.ok("wait", "--condition", "healthy", "well")
    assert "(healthy)" in cli.ok("ps", "--format", "{{.Status}}")
    assert cli.ok("healthcheck", "run", "well") == ""
    assert state(cli, "well", "State.Health.Status") == "healthy"
    assert state(cli, "well", "Config.Healthcheck.Test") == "[CMD-SHELL test ! -e /ill]"
    assert cli.ok("ps", "-q", "--filter", "health=healthy") != ""
    cli.ok("exec", "well", "touch", "/ill")
    done = cli("healthcheck", "run", "well")
    assert (done.code, done.out, done.err) == (1, "unhealthy\n", "")
    assert cli.ok("healthcheck", "run", "--ignore-result", "well") == "unhealthy"
    cli.ok("wait", "--condition", "unhealthy", "well")
    assert "(unhealthy)" in cli.ok("ps", "--format", "{{.Status}}")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--health-cmd", "true", "--health-retries", "0"), "healthcheck-retries must be greater than 0"),
        (("--health-cmd", "true", "--health-timeout", "10ms"), "healthcheck-timeout must be at least 1 second"),
        (("--health-cmd", "true", "--health-interval", "soon"), "invalid healthcheck-interval"),
        (("--health-cmd", "true", "--health-on-failure", "pray"), 'invalid on-failure action "pray" for health check'),
        (("--health-cmd", "true", "--no-healthcheck"), "cannot specify both"),
        (("--health-interval", "1s"), "healthcheck command is not set"),
        (("--restart", "sometimes"), "invalid restart policy"),
        (("--restart", "always:3"), "only go with on-failure"),
        (("--restart", "always", "--rm"), "conflicts with --restart"),
        (("--requires", "nobody"), "no such container"),
    ],
)
def test_bad_input(cli: CommandLine, flags: tuple[str, ...], word: str) -> None:
    done = cli("create", *flags, "busybox", "true")
    assert done.code == 125
    assert word in done.err
    assert done.err.count("\n") == 1


def test_no_health_check(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "plain", "--no-healthcheck", "busybox", "sleep", "1000")
    assert "(" not in cli.ok("ps", "--format", "{{.Status}}")
    done = cli("healthcheck", "run", "plain")
    assert done.code == 125
    assert "has no defined healthcheck" in done.err


def test_a_pause_before_a_restart_is_shown_and_stopped(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "again", "--restart", "always", "busybox", "sh", "-c", "exit 3")
    shown = ""
    while not shown.startswith("Restarting (3)") or int(state(cli, "again", "RestartCount")) < 3:  # a pause of 0.8 s
        shown = cli.ok("ps", "-a", "--format", "{{.Status}}")
        assert shown != ""
    assert cli.ok("stop", "--all") != ""
    assert state(cli, "again", "State.Restarting") == "false"
    assert cli.ok("ps", "-a", "--format", "{{.Status}}").startswith("Exited (3)")
    assert state(cli, "again", "State.StoppedByUser") == "true"


def test_in_the_foreground_too(cli: CommandLine) -> None:
    """The first run's output and code are ours, and the policy fires."""
    done = cli("run", "--name", "again", "--restart", "on-failure:1", "busybox", "sh", "-c", "echo hello; exit 4")
    assert (done.code, done.out) == (4, "hello\n")
    form = "{{.RestartCount}} {{.State.Status}} {{.State.Restarting}}"
    while (seen := cli.ok("inspect", "--format", form, "again").split()) != ["1", "exited", "false"]:
        assert int(seen[0]) <= 1
    assert cli.ok("logs", "again") == "hello\nhello"
    assert state(cli, "again", "HostConfig.RestartPolicy.Name") == "on-failure"


def test_after_a_reboot_those_that_are_always_to_run(cli: CommandLine) -> None:
    cli.ok("create", "--name", "always", "--restart", "always", "busybox", "sleep", "1000")
    cli.ok("create", "--name", "no", "busybox", "sleep", "1000")
    started = cli.ok("start", "--all", "--filter", "restart-policy=always").splitlines()
    assert len(started) == 1
    assert cli.ok("ps", "--format", "{{.Names}}") == "always"


def test_what_is_required_is_started_first(cli: CommandLine) -> None:
    cli.ok("create", "--name", "db", "busybox", "sleep", "1000")
    cli.ok("create", "--name", "web", "--requires", "db:started", "busybox", "sleep", "1000")
    done = cli("init", "web")
    assert done.code == 125
    assert cli.ok("start", "web") == "web"
    assert sorted(cli.ok("ps", "--format", "{{.Names}}").splitlines()) == ["db", "web"]
    done = cli("rm", "-f", "db")
    assert "dependent containers" in done.err


def test_cleanup_by_hand(cli: CommandLine) -> None:
    cli.ok("tag", "busybox", "mine")
    cli.ok("run", "--name", "done", "mine", "true")
    cli.ok("run", "-d", "--name", "runs", "busybox", "sleep", "1000")
    session = cli.ok("exec", "-d", "runs", "true")
    for words, said in (
        (["--rmi", "done"], "the --rmi option does not work without --rm"),
        (["--exec", session, "--rm", "runs"], "--exec is about one session of one container"),
        (["runs"], "container state improper"),
    ):
        refused = cli("container", "cleanup", *words)
        assert (refused.code, refused.out, said in refused.err) == (125, "", True), refused
    assert cli.ok("container", "cleanup", "--all") == cli.ok("inspect", "--format", "{{.Id}}", "done")
    assert cli.ok("container", "cleanup", "--rm", "--rmi", "done") == "done"
    assert cli("container", "exists", "done").code == 1
    assert cli("image", "exists", "mine").code == 1
    assert cli("image", "exists", "busybox").code == 0  # the same image, by another name


def test_how_much_is_kept_of_checks(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "--health-cmd", "printf hello", "--health-interval", "disable",
           "--health-max-log-count", "2", "--health-max-log-size", "3", "busybox", "sleep", "1000")  # fmt: skip
    for _ in range(3):
        cli.ok("healthcheck", "run", "c")
    assert state(cli, "c", "State.Health.Log").count("hel") == 2
    assert "hell" not in state(cli, "c", "State.Health.Log")
    assert state(cli, "c", "Config.HealthMaxLogCount") == "2"
    cli.ok("update", "--health-max-log-size", "0", "c")
    cli.ok("healthcheck", "run", "c")
    assert "hello" in state(cli, "c", "State.Health.Log")
