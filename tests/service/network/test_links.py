"""What containers call others: Docker's links."""

from __future__ import annotations

from typing import Any

import pytest

import seabox
from engine.home import SLEEPER
from seabox.container.links import variables
from seabox.model.container import ContainerConfig
from service.served import Served


def made(served: Served, *command: str, name: str = "web", **host: Any) -> seabox.Container:
    body = {"Image": "busybox", "Cmd": command, "HostConfig": host}
    found = served.post("/containers/create", body, name=name)
    assert found.status == 201, found
    return served.engine.containers.get(found.json["Id"])


def output(served: Served, ctr: seabox.Container) -> list[str]:
    assert served.post(f"/containers/{ctr.id}/start").status == 204
    ctr.wait(timeout=60)
    return b"".join(line.payload for line in ctr.logs()).decode().splitlines()


def test_the_default_network(served: Served) -> None:
    """The other is known by the alias, its host name and its name; variables tell of it; it must run."""
    other = served.engine.containers.create(
        "busybox", SLEEPER, name="db", hostname="the-db", network="bridge", expose=["5432", "53/udp"], env={"A": "1"}
    )
    ctr = made(served, "sh", "-c", "cat /etc/hosts; env", Links=["/db:/web/my-db"])
    refused = served.post("/containers/web/start")
    assert (refused.status, "/db AS /web/my-db" in refused.json["message"]) == (409, True)
    other.start()
    address = other.inspect()["NetworkSettings"]["IPAddress"]
    lines = output(served, ctr)
    assert f"{address}\tmy-db the-db db" in lines
    assert {
        "MY_DB_NAME=/web/my-db", "MY_DB_ENV_A=1", f"MY_DB_PORT=udp://{address}:53", "MY_DB_PORT_5432_TCP_PORT=5432",
        f"MY_DB_PORT_5432_TCP=tcp://{address}:5432", "MY_DB_PORT_5432_TCP_PROTO=tcp",
    } <= set(lines)  # fmt: skip
    assert served.get("/containers/web/json").json["HostConfig"]["Links"] == ["/db:/web/my-db"]
    other.remove(force=True, timeout=0)
    assert ctr.wait(timeout=60) == 0
    assert not any("my-db" in line for line in output(served, ctr)[len(lines) :])  # who is gone is not missed


def test_a_network_of_their_own(served: Served) -> None:
    """There a link is one more name of who is there, and who is not there is not missed."""
    served.post("/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": "10.11.16.0/24"}]}})
    other = served.engine.containers.run("busybox", SLEEPER, name="db", network="n")
    ctr = made(served, "sh", "-c", "cat /etc/hosts; env", NetworkMode="n", Links=["db:data", "nobody:there"])
    lines = output(served, ctr)
    assert "10.11.16.2\tdata" in lines
    assert not any("DATA_" in line or "there" in line for line in lines)
    shown = served.get("/containers/web/json").json
    assert shown["NetworkSettings"]["Networks"]["n"]["Links"] == ["db:data", "nobody:there"]
    assert shown["HostConfig"]["Links"] is None
    late = served.engine.containers.run("busybox", SLEEPER, name="late", network="bridge")
    config = {"Links": ["db:deep"]}
    assert served.post("/networks/n/connect", {"Container": "late", "EndpointConfig": config}).status == 200
    assert b"10.11.16.2\tdeep\n" in late.exec_run(["cat", "/etc/hosts"], timeout=60).stdout
    other.stop(0)


@pytest.mark.parametrize(("host", "why"), [
    ({"Links": ["nobody"]}, "could not get container for nobody"),
    ({"Links": ["nobody:x"], "NetworkMode": "bridge"}, "could not get container for nobody"),
    ({"Links": ["a:b"], "NetworkMode": "host"}, "host type networking can't be used with links"),
    ({"Links": ["a:b"], "NetworkMode": "container:a"}, "container type network can't be used with links"),
    ({"Links": ["a:b c"], "NetworkMode": "n"}, "invalid network alias"), ({"Links": ["a:"]}, "bad format for links"),
])  # fmt: skip
def test_what_is_refused(served: Served, host: dict[str, Any], why: str) -> None:
    served.engine.networks.create("n")
    refused = served.post("/containers/create", {"Image": "busybox", "Cmd": ["true"], "HostConfig": host})
    assert (refused.status, why in refused.json["message"]) == (400, True), refused


def test_variables() -> None:
    """A link is told as Docker tells it; of the other's own variables all that says something of it."""
    config = ContainerConfig(
        id="i", name="n", created_at=0, argv=("x",), env={"PATH": "/bin", "HOME": "/", "A": "b=c"}, exposed=("80/tcp",)
    )
    assert variables("/web/db", config, "10.0.0.1") == {
        "DB_PORT": "tcp://10.0.0.1:80", "DB_PORT_80_TCP": "tcp://10.0.0.1:80", "DB_PORT_80_TCP_ADDR": "10.0.0.1",
        "DB_PORT_80_TCP_PORT": "80", "DB_PORT_80_TCP_PROTO": "tcp", "DB_NAME": "/web/db", "DB_ENV_A": "b=c",
    }  # fmt: skip
