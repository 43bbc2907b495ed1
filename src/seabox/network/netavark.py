"""netavark, the program that builds bridges, addresses, firewall rules and name service out of a JSON document."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from signal import SIGKILL

from ..diagnostics import debug
from ..errors import SeaboxError, Unsupported
from ..kernel import files, process, programs
from ..kernel.locks import lock_file, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from ..model.container import ContainerConfig
    from ..model.network import Connection, Membership, Port

_SECONDS = 60.0  # for one call
_LOCK_SECONDS = 120.0  # many containers may start at once, and each call takes its turn
_ORPHAN_SECONDS = 20.0
_LEAVING_SECONDS = 2.0
_PID = "aardvark.pid"


class Netavark:
    """NetworkBackend by way of netavark and aardvark-dns; `folder` is where these keep what ends with the boot."""

    __slots__ = ("_aardvark", "_folder", "_program")

    def __init__(self, program: str, aardvark: str, folder: str) -> None:
        self._program, self._aardvark, self._folder = program, aardvark, folder

    @contextmanager
    def setting_up(self, netns: str, document: bytes) -> Iterator[Callable[[], dict[str, Connection]]]:
        """Inside the block the namespace is being connected as the document says.

        What is yielded waits for that, and says what it got, by network id. Raises: NetworkFailed...
        """
        if not self._program:
            raise Unsupported("netavark was not found: install it, or set netavark in seabox.conf")
        with self._calling("setup", netns, document) as answer:
            yield lambda: _read_answer(answer())

    def tear_down(self, netns: str, document: bytes) -> None:
        """What `setting_up` made of the document is gone, as far as it was there. Raises: NetworkFailed..."""
        if self._program:
            with self._calling("teardown", netns, document) as answer:
                answer()

    @contextmanager
    def _calling(self, verb: str, netns: str, document: bytes) -> Iterator[Callable[[], bytes]]:
        """Inside the block the program runs, alone: it makes and removes what networks share without a lock of its own.

        It has ended after the block. What is yielded waits for its answer, once.
        """
        argv = [self._program, "--config", self._folder]
        if self._aardvark:
            argv += ["-a", self._aardvark]
        lock = f"{self._folder}/lock"
        files.make_dirs(self._folder, 0o700)
        fd = lock_file(lock, timeout=_LOCK_SECONDS)
        if fd is None:
            from ..errors import Busy
            from ..kernel.locks import holder_of

            raise Busy("the network", f"process {holder_of(lock)}")
        try:
            if os.fstat(fd).st_size:  # who held the lock died at work, and its netavark may not have noticed
                for orphan in process.spawned_for(self._folder, (os.path.basename(self._program),)):
                    process.wait_gone(orphan, _ORPHAN_SECONDS)
                self._see_off_aardvark(False)
            files.write_file(lock, b"busy\n")
            running = programs.Running(
                [*argv, verb, netns], env=process.clean_env(), input=document, timeout_seconds=_SECONDS
            )

            pending = True

            def answer() -> bytes:
                nonlocal pending
                pending = False
                done = running.finish()
                if verb == "teardown":
                    self._see_off_aardvark(done.code != 0)
                files.write_file(lock, b"")
                if done.code:
                    raise _failure(verb, done)
                return done.out

            try:
                yield answer
            finally:
                if pending:  # something else went wrong meanwhile
                    with suppress(SeaboxError):
                        answer()
        finally:
            unlock(fd)

    def _see_off_aardvark(self, failed: bool) -> None:
        """An aardvark-dns that has no names left to serve is gone before the next one may be needed.

        It ends by itself, but not at once; one that had not written its pid yet when netavark looked never would, so
        it is found by what it was told, not by that file.
        """
        folder = f"{self._folder}/aardvark-dns"
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return
        if set(names) - {_PID}:
            return
        for each in process.spawned_for(folder, ("aardvark-dns",)):
            if not process.wait_gone(each, 0.0 if failed else _LEAVING_SECONDS) and process.send_signal(each, SIGKILL):
                process.wait_gone(each, _LEAVING_SECONDS)
        files.remove_file(f"{folder}/{_PID}")


def _read_answer(out: bytes) -> dict[str, Connection]:
    import msgspec

    try:
        return connections(msgspec.json.decode(out))
    except (msgspec.DecodeError, AttributeError, TypeError, KeyError):
        from .errors import NetworkFailed

        raise NetworkFailed(f"it answered {out[:200]!r}") from None


def _failure(verb: str, done: programs.Finished) -> Exception:
    from .errors import NetworkFailed

    words = ""
    try:
        import json

        words = str(json.loads(done.out)["error"])
    except (ValueError, KeyError, TypeError):
        words = done.err.decode(errors="replace").strip() or f"{verb} ended with code {done.code}"
    debug("netavark %s: %s", verb, words)
    return NetworkFailed(" ".join(words.split()))


def document(
    config: ContainerConfig, name: str, members: Sequence[Membership], addresses: Mapping[str, Sequence[str]],
    macs: Mapping[str, str],
) -> bytes:  # fmt: skip
    """What netavark is told about a container: `addresses` and `macs` by network id.

    Networks go by their ids, for the names of chains and files follow from what they are called here, and other
    stores on this host may use the same names.
    """
    import msgspec

    told = {
        "container_id": config.id,
        "container_name": name,
        "port_mappings": list(_mappings(config.ports)),
        "networks": {
            member.network.id: {
                "interface_name": member.attachment.interface,
                "static_ips": list(addresses[member.network.id]),
                "static_mac": macs[member.network.id],
                "aliases": list(dict.fromkeys((*member.attachment.aliases, config.id[:12], config.hostname))),
            }
            for member in members
        },
        "network_info": {member.network.id: _network(member) for member in members},
    }
    return msgspec.json.encode(told)


def _network(member: Membership) -> dict[str, Any]:
    network = member.network
    found: dict[str, Any] = {
        "name": network.id,
        "id": network.id,
        "driver": network.driver,
        "network_interface": network.interface,
        "subnets": [{"subnet": subnet.subnet, "gateway": subnet.gateway} for subnet in network.subnets],
        "ipv6_enabled": network.ipv6,
        "internal": network.internal,
        "dns_enabled": network.dns,
        "ipam_options": {"driver": "host-local"},
        "options": dict(network.options),
    }
    return found


def _mappings(ports: Sequence[Port]) -> Iterator[dict[str, Any]]:
    for port in ports:
        yield {
            "container_port": port.container,
            "host_ip": port.host_ip,
            "host_port": port.host,
            "protocol": port.protocol,
            "range": port.count,
        }


def connections(status: dict[str, Any]) -> dict[str, Connection]:
    """netavark's answer in our words, by network id."""
    from ..model.network import Connection

    found = {}
    for network, told in status.items():
        for interface, facts in told["interfaces"].items():
            subnets = facts.get("subnets") or ()
            found[network] = Connection(
                interface=interface,
                mac=facts.get("mac_address", ""),
                addresses=tuple(subnet["ipnet"] for subnet in subnets),
                gateways=tuple(subnet["gateway"] for subnet in subnets if subnet.get("gateway")),
                nameservers=tuple(told.get("dns_server_ips") or ()),
                search=tuple(told.get("dns_search_domains") or ()),
            )
    return found
