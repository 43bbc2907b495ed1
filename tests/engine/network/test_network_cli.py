"""The network commands and flags, as a user types them; bad input is one line and leaves nothing."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine
from engine.network import lan
from seabox.config import EngineConfig
from seabox.kernel import cgroups
from seabox.testing.census import take

SLEEP = ("busybox", "sleep", "1000")


@pytest.fixture
def cli(runtime: str, tmp_path: Path) -> Iterator[CommandLine]:
    """A command line on a root of its own; after the test nothing is left of its containers."""
    line = CommandLine(tmp_path)
    with ExitStack() as undo:
        undo.callback(cgroups.remove, line.parent, kill=True)
        line.ok("image", "embed", "busybox")
        before = take(line.root, line.runroot, cgroup_parent=line.parent)
        try:
            yield line
        finally:
            line("rm", "--all", "--force", "--time", "0")
        assert before.left_since() == []
        assert lan.traces() == []


def test_a_network_from_its_creation_to_its_end(cli: CommandLine) -> None:
    assert cli.ok("network", "ls", "--noheading", "--format", "{{.Name}} {{.Driver}}") == "seabox bridge"
    options = ("--subnet", "10.50.0.0/24", "--label", "a=b", "--opt", "mtu=1400")
    assert cli.ok("network", "create", *options, "web") == "web"
    assert cli.ok("network", "create") == "seabox1"
    assert cli.ok("network", "ls", "-q").split() == ["seabox", "seabox1", "web"]
    assert cli.ok("network", "ls", "-q", "--filter", "label=a=b") == "web"
    (seen,) = json.loads(cli.ok("network", "inspect", "web"))
    assert seen["subnets"] == [{"subnet": "10.50.0.0/24", "gateway": "10.50.0.1"}]
    assert (seen["driver"], seen["dns_enabled"], seen["options"]) == ("bridge", True, {"mtu": "1400"})
    assert cli("network", "exists", "web").code == 0
    assert cli("network", "exists", "nobody").code == 1
    assert cli.ok("network", "create", "--ignore", "web") == "web"
    cli.ok("run", "-d", "--name", "c", "--network", "web", *SLEEP)
    in_use = cli("network", "rm", "web")
    assert (in_use.code, in_use.err.count("\n")) == (2, 1)
    assert 'Error: "web" has associated containers with it' in in_use.err
    assert cli.ok("network", "prune", "--force") == "seabox1"
    assert cli.ok("network", "rm", "--force", "--time", "0", "web") == "web"
    assert cli.ok("ps", "-aq") == ""
    assert cli.ok("network", "rm", "--force", "web") == ""
    assert cli("network", "rm", "web").code == 1


def test_ports_as_they_are_shown(cli: CommandLine) -> None:
    cli.ok("run", "-d", "--name", "c", "--network", "bridge", "-p", "127.0.0.1:18100:80", "-p", "18101:81/udp", *SLEEP)
    assert cli.ok("port", "c") == "80/tcp -> 127.0.0.1:18100\n81/udp -> 0.0.0.0:18101"
    assert cli.ok("port", "c", "80") == cli.ok("port", "c", "80/tcp") == "127.0.0.1:18100"
    missing = cli("port", "c", "99")
    assert (missing.code, missing.err) == (125, 'Error: failed to find published port "99/tcp"\n')
    assert cli.ok("ps", "--format", "{{.Ports}}") == "127.0.0.1:18100->80/tcp, 0.0.0.0:18101->81/udp"
    assert cli.ok("ps", "--format", "{{.Networks}}") == "seabox"
    assert cli.ok("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "c") == "10.88.0.2"


def test_a_taken_port(cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 18102)):
        done = cli("run", "--rm", "--network", "bridge", "-p", "127.0.0.1:18102:80", "busybox", "true")
    assert done.code == 126
    assert done.err == (
        "Error: cannot listen on the TCP port: listen tcp4 127.0.0.1:18102: bind: address already in use\n"
    )
    assert cli.names() == []


def test_ports_mean_nothing_without_a_network_of_ones_own(cli: CommandLine) -> None:
    done = cli("run", "--rm", "--network", "host", "-p", "18103:80", "busybox", "echo", "hello")
    assert (done.code, done.out) == (0, "hello\n")
    words = 'Port mappings have been discarded because "host" network namespace mode does not support them\n'
    assert done.err == words


def test_the_files_of_etc(cli: CommandLine) -> None:
    cli.ok("network", "create", "--subnet", "10.51.0.0/24", "net")
    run = ("run", "--rm", "--network", "net", "--ip", "10.51.0.9")
    names = ("--hostname", "boat", "--name", "c", "--add-host", "x:192.0.2.1")
    hosts = cli.ok(*run, *names, "busybox", "cat", "/etc/hosts")
    assert {"192.0.2.1\tx", "10.51.0.9\tboat c", "10.51.0.1\thost.containers.internal host.docker.internal"} <= set(
        hosts.splitlines()
    )
    assert cli.ok(*run, "--hostname", "boat", "busybox", "hostname") == "boat"
    resolv = cli.ok(*run, "busybox", "cat", "/etc/resolv.conf").splitlines()
    assert "nameserver 10.51.0.1" in resolv
    assert resolv[0].split()[:2] == ["search", "dns.podman"]
    options = ("--dns", "192.0.2.53", "--dns-search", "example.org", "--dns-option", "ndots:2")
    resolv = cli.ok(*run, *options, "busybox", "cat", "/etc/resolv.conf").splitlines()
    assert resolv == ["search example.org", "nameserver 192.0.2.53", "options ndots:2"]
    assert cli(*run, "--no-hosts", "busybox", "grep", "10.51", "/etc/hosts").code != 0


def test_connect_and_disconnect(cli: CommandLine) -> None:
    for name in ("one", "two"):
        cli.ok("network", "create", name)
    cli.ok("run", "-d", "--name", "c", "--network", "one", *SLEEP)
    cli.ok("network", "connect", "--alias", "db", "two", "c")
    assert cli.ok("ps", "--format", "{{.Networks}}") == "one,two"
    assert cli("exec", "c", "ip", "addr", "show", "eth1").code == 0
    cli.ok("network", "disconnect", "one", "c")
    assert cli("exec", "c", "ip", "addr", "show", "eth0").code != 0
    cli.ok("network", "reload", "c")
    wrong = cli("network", "disconnect", "one", "c")
    assert (wrong.code, wrong.err.count("\n")) == (125, 1)
    assert "network is not connected" in wrong.err
    cli.ok("create", "--name", "alone", "--network", "none", "busybox", "true")
    assert '"none" is not supported: invalid network mode' in cli("network", "connect", "one", "alone").err
    cli.ok("network", "rm", "-f", "-t", "0", "two")
    id = cli.ok("network", "inspect", "-f", "{{.ID}}", "one")
    shown = "{{.Name}} {{.Driver}} {{len .Subnets}} {{(index .Subnets 0).Gateway}} {{.DNSEnabled}} {{.Labels}}"
    about = cli.ok("inspect", "--type", "network", "-f", shown, "one")
    assert re.fullmatch(r"one bridge 1 10\.\S+\.1 true map\[\]", about), about
    assert cli.ok("network", "inspect", "-f", shown, "one") == about
    assert cli.ok("network", "inspect", "-f", "{{.Name}}", "podman") == "seabox"
    told = cli.ok("events", "--stream=false", "--filter", "type=network").splitlines()
    words = [line.split(" network ")[1].split() for line in told]
    assert [word[0] for word in words] == ["create", "create", "create", "connect", "disconnect", "remove"]
    assert words[1] == ["create", id, "(name=one,", "type=bridge)"]
    assert words[4][1:3] == [id, "(name=one,"]
    assert words[4][3].startswith("container=")


def test_the_name_servers_of_networks_that_are_joined_and_left(cli: CommandLine) -> None:
    for name in ("one", "two"):
        cli.ok("network", "create", name)
    gateways = [cli.ok("network", "inspect", "-f", "{{(index .Subnets 0).Gateway}}", name) for name in ("one", "two")]

    def servers() -> list[str]:
        lines = [line.split() for line in cli.ok("exec", "c", "cat", "/etc/resolv.conf").splitlines()]
        return [line[1] for line in lines if line[:1] == ["nameserver"]]

    cli.ok("run", "-d", "--name", "c", "--network", "one", *SLEEP)
    assert servers() == gateways[:1]
    cli.ok("network", "connect", "two", "c")
    assert sorted(servers()) == sorted(gateways)
    cli.ok("network", "disconnect", "one", "c")
    assert servers() == gateways[1:]
    cli.ok("run", "-d", "--name", "told", "--dns", "192.0.2.53", "--network", "one", *SLEEP)
    cli.ok("network", "connect", "two", "told")
    assert cli.ok("exec", "told", "cat", "/etc/resolv.conf").split()[-1] == "192.0.2.53"


def test_the_bridge_is_the_default_and_a_setting(cli: CommandLine) -> None:
    run = ("run", "--rm", "busybox", "ip", "-o", "-4", "addr", "show", "scope", "global")
    done = cli(*run, env={"SEABOX_NETWORK": "bridge"})
    assert (done.code, done.err) == (0, "")
    assert "inet 10.88.0.2/16 " in done.out
    assert cli(*run, env={"SEABOX_NETWORK": "none"}).out == ""
    assert EngineConfig().network == "bridge"


BAD = {
    "network create --subnet 10.1 x": "invalid CIDR address: 10.1",
    "network create --subnet 10.88.3.0/24 x": (
        "subnet 10.88.3.0/24 is already used on the host or by another config"
    ),
    "network create --subnet 10.1.0.0/24 --gateway 10.2.0.1 x": "gateway 10.2.0.1 not in subnet 10.1.0.0/24",
    "network create --driver overlay x": "unsupported driver overlay: invalid argument",
    "network create seabox": "network name seabox already used: network already exists",
    "network create host": "cannot create network with name 'host' because it is reserved: invalid argument",
    "network rm seabox": "default network seabox cannot be removed",
    "network inspect nobody": "unable to find network with name or ID nobody: network not found",
    "create --network nobody busybox": "unable to find network with name or ID nobody: network not found",
    "create --network bridge --ip 10.1.1.1 busybox": "requested static ip 10.1.1.1 not in any subnet on network seabox",
    "create --network none --ip 10.1.1.1 busybox": (
        '--ip can only be set with a network, not in network mode "none"'
    ),
    "create --network bridge -p 99999:80 busybox": (
        'port numbers must be between 1 and 65535 (inclusive), got "99999"'
    ),
    "create --network bridge --mac-address x busybox": "address x: invalid MAC address",
    "create --network host,none busybox": "cannot set multiple networks without bridge network mode",
    "create --network bridge --dns x busybox": '"x" is not an ip address',
    "create --no-hosts --add-host a:10.1.1.1 busybox": "--no-hosts and --add-host cannot be set together",
}


def test_bad_input_is_one_line_and_leaves_nothing(cli: CommandLine) -> None:
    for words, text in BAD.items():
        done = cli(*words.split())
        assert (done.code, done.err) == (125, f"Error: {text}\n"), words
    assert cli.ok("network", "ls", "-q") == "seabox"
    assert cli.names() == []
