"""containers.conf: which files count, what of them is read, and what it does to a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from seabox import config, containers_conf
from seabox.errors import InvalidArgument
from seabox.model.container import CreateRequest, Namespaces
from seabox.spec.defaults import allowed_sysctls, with_defaults

TEXT = """
[containers]
annotations = ["a=1"]
default_capabilities = ["CHOWN", "KILL"]
default_sysctls = ["net.ipv4.ip_forward=1", "kernel.shmmax=5"]
default_ulimits = ["nofile=10:20"]
devices = ["/dev/null:/dev/x"]
dns_servers = ["192.0.2.1"]
env = ["FROM=conf"]
http_proxy = false
init = true
log_tag = "t"
no_new_privileges = true
pidns = "host"
pids_limit = 7
seccomp_profile = "/profile.json"
shm_size = "1m"
tz = "UTC"
umask = "0077"
volumes = ["/opt:/opt"]
[engine]
conmon_path = ["/nowhere/conmon", "/bin/true"]
hooks_dir = ["/h"]
runtime = "mine"
stop_timeout = 3
pull_policy = "newer"
[engine.runtimes]
mine = ["/nowhere/x", "/bin/true"]
[engine.runtimes_flags]
mine = ["debug", "--log=x"]
[network]
whatever = 5
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "containers.conf"
    path.write_text(TEXT)
    monkeypatch.setenv("CONTAINERS_CONF", str(path))
    monkeypatch.delenv("CONTAINERS_CONF_OVERRIDE", raising=False)
    return path


def test_settings_of_the_engine(path: Path) -> None:
    found = config.load()
    assert found.containers_conf == (str(path),)
    assert (found.runtime, found.conmon, found.hooks_dir) == ("/bin/true", "/bin/true", ("/h",))
    assert found.runtime_flags == ("--debug", "--log=x")
    assert (found.stop_timeout, found.pids_limit, found.no_new_privileges) == (3, 7, True)
    assert not any(word.startswith("containers_conf") for word in found.words())


def test_an_override_counts_last(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "more.conf").write_text("[engine]\nstop_timeout = 9\n[containers]\ntz = 'local'\n")
    monkeypatch.setenv("CONTAINERS_CONF_OVERRIDE", str(tmp_path / "more.conf"))
    found = config.load()
    assert (found.stop_timeout, found.pids_limit) == (9, 7)
    assert containers_conf.container_defaults(found.containers_conf)["tz"] == "local"


def test_what_a_request_says_goes_first(path: Path) -> None:
    said = containers_conf.container_defaults((str(path),))
    assert (said["http_proxy"], said["pull"]) == (False, "newer")
    found = with_defaults(CreateRequest(), said)
    assert (found.annotations, found.dns, found.init, found.pid) == ({"a": "1"}, ("192.0.2.1",), True, "host")
    assert (found.shm_size, found.tz, found.umask, found.log_options) == (1 << 20, "UTC", 0o077, {"tag": "t"})
    assert (found.ulimits, found.volumes, found.base_env) == (("nofile=10:20",), ("/opt:/opt",), {"FROM": "conf"})
    assert (found.capabilities, found.security_opt) == (("CHOWN", "KILL"), ("seccomp=/profile.json",))
    found = with_defaults(
        CreateRequest(
            annotations={"a": "2"}, dns=("192.0.2.2",), init=False, pid="private", shm_size=5, tz="local", umask=0,
            security_opt=("seccomp=unconfined",), ulimits=("nofile=5",), log_options={"tag": "mine"},
        ),
        said,
    )  # fmt: skip
    assert (found.annotations, found.dns, found.init, found.pid) == ({"a": "2"}, ("192.0.2.2",), False, "private")
    assert (found.shm_size, found.tz, found.umask) == (5, "local", 0)
    assert found.security_opt == ("seccomp=unconfined",)
    assert found.ulimits == ("nofile=10:20", "nofile=5")
    assert found.log_options == {"tag": "mine"}
    assert with_defaults(CreateRequest(privileged=True), said).security_opt == ()


def test_default_sysctls_do_not_reach_the_host(path: Path) -> None:
    request = with_defaults(CreateRequest(), containers_conf.container_defaults((str(path),)))
    assert allowed_sysctls(request, Namespaces(network="host")) == {"kernel.shmmax": "5"}
    assert len(allowed_sysctls(request, Namespaces())) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[containers]\numask = 7\n", "containers.umask must be of type str"),
        ("[containers]\nenv = 'A=1'\n", "containers.env must be of type list"),
        ("[engine]\nstop_timeout = 'x'\n", "engine.stop_timeout must be of type int"),
        ("engine = 5\n", "engine must be a table"),
        ("[engine\n", "reading configuration"),
    ],
)
def test_a_bad_file_is_one_clear_line(path: Path, text: str, words: str) -> None:
    other = path.with_name("bad.conf")  # files are read once in a process
    other.write_text(text)
    read = containers_conf.container_defaults if "containers" in words else containers_conf.engine_settings
    with pytest.raises(InvalidArgument) as caught:
        read((str(other),))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTAINERS_CONF", "/nowhere/at/all")
    with pytest.raises(InvalidArgument, match="open /nowhere/at/all: no such file or directory"):
        config.load()
