"""Containers join networks and leave them, as clients ask and see it."""

from __future__ import annotations

from engine.home import SLEEPER
from service.served import Served


def test_who_takes_part(served: Served) -> None:
    """A container joins and leaves while it runs; it cannot join twice, and the network cannot go meanwhile."""
    id = served.post("/networks/create", {"Name": "web", "IPAM": {"Config": [{"Subnet": "10.11.14.0/24"}]}}).json["Id"]
    ctr = served.engine.containers.run("busybox", SLEEPER, network="bridge", name="c")
    host = served.engine.containers.run("busybox", SLEEPER, network="host")
    for name, there in (("bridge", [ctr.id]), ("host", [host.id]), ("none", [])):
        assert list(served.get(f"/networks/{name}").json["Containers"]) == there
    config = {"IPAMConfig": {"IPv4Address": "10.11.14.9"}, "Aliases": ["www"], "MacAddress": "0a:01:73:78:43:18"}
    wanted = {"Container": "c", "EndpointConfig": config | {"Links": None, "DriverOpts": {
        "com.docker.network.endpoint.ifname": "web0", "other": "1",
    }}}  # fmt: skip
    assert served.post("/networks/web/connect", wanted).status == 200
    assert served.post("/networks/web/connect", wanted).status == 403
    assert served.post("/libpod/networks/web/connect", {"container": "c"}).status == 403
    assert served.get("/containers/c/json").json["NetworkSettings"]["Networks"]["web"]["DriverOpts"] == {
        "com.docker.network.endpoint.ifname": "web0", "other": "1",
    }  # fmt: skip
    shown = served.get("/networks/web").json["Containers"]
    assert len(shown[ctr.id].pop("EndpointID")) == 64
    assert shown == {ctr.id: {
        "Name": "c", "MacAddress": "0a:01:73:78:43:18", "IPv4Address": "10.11.14.9/24", "IPv6Address": "",
    }}  # fmt: skip
    assert served.get("/libpod/networks/web/json").json["containers"] == {ctr.id: {"name": "c", "interfaces": {"web0": {
        "subnets": [{"ipnet": "10.11.14.9/24", "gateway": "10.11.14.1"}], "mac_address": "0a:01:73:78:43:18",
    }}}}  # fmt: skip
    assert served.delete(f"/networks/{id}").status == 403
    assert served.delete("/libpod/networks/web").status == 409
    assert served.post("/networks/prune").json == {"NetworksDeleted": []}
    assert served.post("/networks/web/disconnect", {"Container": "c", "Force": True}).status == 200
    assert served.post("/networks/web/disconnect", {"Container": "c", "Force": True}).status == 403
    assert served.get("/networks/web").json["Containers"] == {}
    for path, body, status in (
        ("/networks/web/connect", {"Container": "c", "EndpointConfig": {"Links": ["one:"]}}, 400),
        ("/networks/web/connect", {"Container": "nobody"}, 404), ("/networks/web/connect", {}, 400),
        ("/networks/nope/connect", {"Container": "c"}, 404), ("/networks/host/connect", {"Container": "c"}, 403),
        ("/libpod/networks/web/disconnect", {}, 400), ("/libpod/networks/web/connect", {"container": "nobody"}, 404),
    ):  # fmt: skip
        assert served.post(path, body).status == status


def test_one_that_does_not_run(served: Served) -> None:
    """It may be told anew how it takes part; podman's `force` takes it away with the network."""
    served.post("/networks/create", {"Name": "web", "IPAM": {"Config": [{"Subnet": "10.11.15.0/24"}]}})
    ctr = served.engine.containers.create("busybox", ["true"], network="bridge", name="c")
    for last in ("8", "9"):
        config = {"IPAMConfig": {"IPv4Address": f"10.11.15.{last}"}}
        assert served.post("/networks/web/connect", {"Container": "c", "EndpointConfig": config}).status == 200
    assert served.get("/networks/web").json["Containers"] == {}
    assert served.delete("/libpod/networks/web", force=True).status == 200
    assert not ctr.exists()
