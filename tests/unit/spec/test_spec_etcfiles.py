"""hosts, hostname, resolv.conf, .containerenv and passwd, made in the bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seabox.errors import Refused
from seabox.model.container import ContainerConfig
from seabox.spec.etcfiles import etc_mounts, write_etc_files
from seabox.spec.place import Place
from seabox.spec.users import look_up

Resolve = Callable[..., ContainerConfig]
Written = Callable[..., dict[str, str]]


@pytest.fixture
def written(resolved: Resolve, place: Place) -> Written:
    def call(place: Place = place, **fields: Any) -> dict[str, str]:
        config = resolved(**fields)
        identity = look_up(place.rootfs, config.user)
        write_etc_files(config, place, identity)
        for mount in etc_mounts(config, place, identity):
            assert Path(mount.source).stat().st_mode & 0o777 == 0o644
        return {path.name: path.read_text() for path in Path(place.bundle).iterdir()}

    return call


def test_without_a_network(written: Written) -> None:
    files = written(hostname="boat", add_hosts=("db;cache:10.0.0.7", "six:[2001:db8::1]"))
    lines = files["hosts"].splitlines()
    assert "10.0.0.7\tdb cache" in lines
    assert "2001:db8::1\tsix" in lines
    assert "127.0.0.1\tboat ship" in lines
    assert any(line.startswith("::1\tlocalhost") for line in lines)
    assert "host-entry" not in files["hosts"]
    assert files["hostname"] == "boat\n"
    assert files["resolv.conf"] == "search example.org\nnameserver 192.0.2.53\n"
    assert files[".containerenv"] == ""
    assert "passwd" not in files


def test_on_the_hosts_network(written: Written) -> None:
    files = written(network="host", add_hosts=("me:host-gateway",))
    assert "192.0.2.1 host-entry\n" in files["hosts"]
    assert "127.0.0.1\tme\n" in files["hosts"]
    assert "127.0.0.1\thost.containers.internal host.docker.internal\n" in files["hosts"]
    assert "127.0.1.1\tlocalhost ship\n" in files["hosts"]
    assert files["resolv.conf"] == "search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n"


def test_on_a_network_of_its_own(written: Written, place: Place) -> None:
    there = msgspec.structs.replace(place, addresses=("10.88.0.5", "fd00::5"), gateway="10.88.0.1")
    lines = written(there, network="private", hostname="boat")["hosts"].splitlines()
    assert {"10.88.0.5\tboat ship", "fd00::5\tboat ship"} <= set(lines)
    assert "10.88.0.1\thost.containers.internal host.docker.internal" in lines


def test_no_gateway_to_name(written: Written) -> None:
    with pytest.raises(Refused, match='unable to replace "host-gateway" of host entry "me:host-gateway"'):
        written(add_hosts=("me:host-gateway",))


def test_with_anothers_network_its_files_count(resolved: Resolve, place: Place, tmp_path: Path) -> None:
    shared = msgspec.structs.replace(place, network_bundle=str(tmp_path / "other"))
    config = resolved(network="container:other")
    identity = look_up(place.rootfs, "")
    write_etc_files(config, shared, identity)
    sources = {mount.destination: mount.source for mount in etc_mounts(config, shared, identity)}
    assert sources["/etc/hosts"] == str(tmp_path / "other/hosts")
    assert sources["/etc/resolv.conf"] == str(tmp_path / "other/resolv.conf")
    assert sources["/etc/hostname"] == f"{place.bundle}/hostname"
    assert not (Path(place.bundle) / "hosts").exists()


def test_containerenv_of_a_privileged_container(written: Written) -> None:
    lines = written(privileged=True)[".containerenv"].splitlines()
    assert [line.partition("=")[0] for line in lines] == ["engine", "name", "id", "image", "imageid", "rootless"]
    assert 'name="ship"' in lines


def test_a_user_that_passwd_does_not_list(written: Written, root: Path) -> None:
    before = (root / "etc/passwd").read_text()
    assert written(user="4321:5")["passwd"] == before + "4321:*:4321:5:container user:/:/bin/sh\n"
    (root / "etc/passwd").write_text("no newline at the end")
    assert written(user="4321")["passwd"].splitlines()[1].startswith("4321:")
    (root / "etc/passwd").unlink()
    (Path(root).parent / "bundle/passwd").unlink()
    assert "passwd" not in written(user="4321")


def test_read_only_root_has_read_only_files(resolved: Resolve, place: Place) -> None:
    identity = look_up(place.rootfs, "")
    assert all("ro" in mount.options for mount in etc_mounts(resolved(read_only=True), place, identity))
    assert not any("ro" in mount.options for mount in etc_mounts(resolved(), place, identity))


def test_lines_of_another_file(written: Written, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.write_text("10.0.0.1 one uno # and so on\n\n# nothing\n127.0.0.1 localhost\n10.0.0.2\ttwo\n")
    lines = written(hosts_file=str(base), host_address="10.9.9.9", add_hosts=("x:10.0.0.3",))["hosts"].splitlines()
    assert lines == [
        "10.0.0.3\tx", "10.0.0.1\tone uno", "10.0.0.2\ttwo",
        "127.0.0.1\tlocalhost localhost.localdomain localhost4 localhost4.localdomain4",
        "::1\tlocalhost localhost.localdomain localhost6 localhost6.localdomain6",
        "10.9.9.9\thost.containers.internal host.docker.internal", lines[-1],
    ]  # fmt: skip
    assert lines[-1].startswith("127.0.0.1\t")
    own = written(hosts_file=str(base), hostname="two")["hosts"].splitlines()
    assert [line for line in own if "two" in line] == ["10.0.0.2\ttwo"]  # who is in it already gets no line more


def test_lines_of_the_images_file(written: Written, place: Place, tmp_path: Path) -> None:
    hosts = Path(place.rootfs) / "etc/hosts"
    hosts.write_text("10.0.0.7 inside\n")
    assert "10.0.0.7\tinside\n" in written(hosts_file="image")["hosts"]
    hosts.unlink()
    hosts.symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("10.0.0.8 outside\n")
    assert "outside" not in written(hosts_file="image")["hosts"]
    assert "inside" not in written(hosts_file="none")["hosts"]
