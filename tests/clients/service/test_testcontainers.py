"""What test suites do with testcontainers: containers for the time of a test, ports that were found free, waiting."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator

import pytest

from clients.service.conftest import UNCLOSED
from clients.service.running import Running

pytest.importorskip("testcontainers")
pytestmark = UNCLOSED


@pytest.fixture(scope="module")
def service_of_all(service: Running) -> Iterator[Running]:
    """The service is the one that this process's environment names; no reaper is wanted."""
    before = dict(os.environ)
    os.environ |= {"DOCKER_HOST": service.url, "TESTCONTAINERS_RYUK_DISABLED": "true"}
    from testcontainers.core.config import testcontainers_config

    testcontainers_config.ryuk_disabled = True
    try:
        yield service
    finally:
        os.environ.clear()
        os.environ |= before


def test_a_web_server(service_of_all: Running) -> None:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    script = "echo served >/tmp/index.html; echo ready; exec httpd -f -p 80 -h /tmp"
    wanted = DockerContainer("busybox").with_command(["sh", "-c", script]).with_exposed_ports(80)
    with wanted.waiting_for(LogMessageWaitStrategy("ready").with_startup_timeout(20)) as container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(80))
        connection = http.client.HTTPConnection(host, port, timeout=20)
        connection.request("GET", "/index.html")
        assert connection.getresponse().read() == b"served\n"
        connection.close()
        assert container.exec(["echo", "x"]).output == b"x\n"
        out, err = container.get_logs()
        assert (out, err) == (b"ready\n", b"")
        name = container.get_wrapped_container().id
    client = container.get_docker_client().client
    assert name not in [each.id for each in client.containers.list(all=True)]
    client.close()


def test_two_in_a_network(service_of_all: Running) -> None:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.network import Network

    with Network() as network:
        server = DockerContainer("busybox").with_command("sleep 1000").with_network(network)
        with server.with_network_aliases("server").with_env("WORD", "said").with_volume_mapping("/tmp", "/host"):
            with DockerContainer("busybox").with_command("sleep 1000").with_network(network) as asks:
                assert b"Address" in asks.exec("nslookup server").output
            assert server.exec(["sh", "-c", "echo $WORD"]).output == b"said\n"
