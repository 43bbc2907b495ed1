"""S1: each flaw that container engines have had, by its number, against this one; under both runtimes.

The attacks come from an image (a directory as root, made for the test), from an archive, or from a request.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import select
import shutil
import signal
import stat
import subprocess
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import seabox
from engine.home import SLEEPER, Home, init_of
from seabox.config import find_program
from seabox.container.container import Container
from seabox.errors import SeaboxError
from seabox.kernel import process
from seabox.testing.killpoints import record
from unit.images.archives import archive, entry, folder, hard_link, link

CANARY = b"CANARY-OF-THE-HOST"
ROOT_CAPABILITIES = 0x800405FB
SECRET = "s3cr3t-c4n4ry"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A directory of the host that no container may reach."""
    place = tmp_path / "canary"
    place.mkdir(mode=0o700)
    (place / "secret").write_bytes(CANARY)
    (place / "secret").chmod(0o600)
    return place


def untouched(canary: Path) -> bool:
    found = canary / "secret"
    return os.listdir(canary) == ["secret"] and found.read_bytes() == CANARY and found.stat().st_mode == 0o100600


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What an image may hold: busybox, and what the test adds."""
    root = tmp_path / "tree"
    for name in ("bin", "etc", "tmp", "root"):
        (root / name).mkdir(parents=True)
    shutil.copy(find_program("busybox"), root / "bin/busybox")
    for name in ("sh", "cat", "id", "ls", "sleep", "grep", "true", "ulimit"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nusers:x:100:\nwheel:x:10:bob\n")
    return root


Said = Callable[..., str]


@pytest.fixture
def said(engine: seabox.Engine, tree: Path) -> Said:
    """What a container that stands on `tree` prints."""

    def run(*command: str, **options: Any) -> str:
        ctr = engine.containers.create(command=command, rootfs=str(tree), network="none", **options)
        try:
            with ctr.start_and_attach() as session:
                return session.read_all(120).stdout.decode()
        finally:
            ctr.remove(force=True, timeout=0)

    return run


def sleeper(engine: seabox.Engine, tree: Path, **options: Any) -> Container:
    return engine.containers.run(command=SLEEPER, rootfs=str(tree), network="none", stop_timeout=0, **options)


def refused_or_inside(call: Callable[[], object], canary: Path) -> None:
    """Either is right; the host is not touched."""
    with suppress(SeaboxError, OSError):
        call()
    assert untouched(canary)


def text(data: object) -> bytes:
    return b"".join(data) if not isinstance(data, bytes) else data  # type: ignore[call-overload, no-any-return]


# --- A: paths in a tree that the attacker has made --------------------------------------------------------------------


def test_cve_2018_15664_copy_through_a_link(engine: seabox.Engine, tree: Path, canary: Path) -> None:
    (tree / "out").symlink_to(canary)
    ctr = engine.containers.create(command=SLEEPER, rootfs=str(tree), network="none")
    refused_or_inside(lambda: ctr.copy_in("/out", archive(entry("secret", data=b"evil"))), canary)


def test_cve_2019_10152_copy_in_through_a_link_of_a_running_one(
    engine: seabox.Engine, tree: Path, canary: Path
) -> None:
    (tree / "out").symlink_to(canary)
    ctr = sleeper(engine, tree)
    refused_or_inside(lambda: ctr.copy_in("/out", archive(entry("secret", data=b"evil"))), canary)


@pytest.mark.parametrize("path", ["/out/secret", "/out/.", "/up/secret", "/proc/1/root"])
def test_cve_2019_18466_copy_out_through_a_link(engine: seabox.Engine, tree: Path, canary: Path, path: str) -> None:
    (tree / "out").symlink_to(canary)
    (tree / "up").symlink_to(f"{'../' * 16}{str(canary)[1:]}")
    ctr = engine.containers.create(command=SLEEPER, rootfs=str(tree), network="none")
    with suppress(SeaboxError, OSError):
        assert CANARY not in text(ctr.copy_out(path))


def test_cve_2021_30465_mount_target_is_a_link(said: Said, tree: Path, canary: Path, tmp_path: Path) -> None:
    (tree / "target").symlink_to(canary)
    (tmp_path / "data").mkdir()
    with suppress(SeaboxError):
        said("sh", "-c", "echo evil >/target/secret", volumes=[f"{tmp_path}/data:/target"])
    assert untouched(canary)


def test_cve_2024_1753_mount_below_a_link(said: Said, tree: Path, canary: Path, tmp_path: Path) -> None:
    (tree / "a").symlink_to(f"{'../' * 16}{str(canary)[1:]}")
    (tmp_path / "data").mkdir()
    with suppress(SeaboxError):
        said("true", volumes=[f"{tmp_path}/data:/a/made"])
    assert untouched(canary)


@pytest.mark.parametrize("name", ["dev", "proc", "sys", "dev/null", "dev/console", "dev/pts", "dev/shm"])
def test_cve_2025_31133_52565_52881_places_of_the_runtime_are_links(
    said: Said, tree: Path, canary: Path, name: str
) -> None:
    """With CVE-2026-41579 and CVE-2026-47766: Debian's runc and crun are older than their mends."""
    place = tree / name
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(canary if "/" not in name or name.endswith(("pts", "shm")) else canary / "secret")
    with suppress(SeaboxError):
        said("sh", "-c", "echo evil >/dev/null; echo evil >/dev/console", tty=name.endswith("console"))
    assert untouched(canary)


def test_cve_2023_28642_proc_is_a_link(said: Said, tree: Path, canary: Path) -> None:
    (tree / "elsewhere").mkdir()
    (tree / "proc").symlink_to("elsewhere")
    with suppress(SeaboxError):
        assert said("sh", "-c", "echo x 2>&- >/proc/sysrq-trigger || echo masked").strip() == "masked"


@pytest.mark.parametrize("target", ["/proc", "/proc/self", "/proc/sys", "/proc/../proc/sys/kernel"])
def test_cve_2019_16884_no_volume_over_proc(said: Said, tmp_path: Path, target: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(SeaboxError):
        said("true", volumes=[f"{tmp_path}/data:{target}"])


def test_cve_2022_23648_volumes_of_an_image_stay_inside(said: Said, canary: Path) -> None:
    assert CANARY.decode() not in said("sh", "-c", f"cat {canary}/secret 2>&1")


HOSTILE: dict[str, Callable[[str], bytes]] = {
    "cve_2025_11395_link_then_file": lambda out: archive(link("x", out), entry("x/secret", data=b"evil")),
    "cve_2026_17106_hard_link_to_the_host": lambda out: archive(hard_link("x", f"{out}/secret"), entry("x", data=b"e")),
    "cve_2025_47290_absolute_link": lambda out: archive(
        link("x", "/proc/self/root"), entry(f"x{out}/secret", data=b"e")
    ),
    "cve_2021_32760_mode_through_a_link": lambda out: archive(link("x", f"{out}/secret"), entry("x", mode=0o777)),
    "cve_2026_20613_dot_dot": lambda out: archive(entry(f"{'../' * 16}{out[1:]}/secret", data=b"evil")),
    "cve_2019_14271_directory_over_a_link": lambda out: archive(link("x", out), folder("x", mode=0o777)),
    "cve_2024_24557_link_chain": lambda out: archive(link("a", "b"), link("b", out), entry("a/secret", data=b"evil")),
    "cve_2018_1002200_dot_dot_inside": lambda out: archive(folder("d"), entry(f"d/{'../' * 16}{out[1:]}/s", data=b"e")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archive(engine: seabox.Engine, tree: Path, canary: Path, name: str) -> None:
    ctr = engine.containers.create(command=SLEEPER, rootfs=str(tree), network="none")
    refused_or_inside(lambda: ctr.copy_in("/tmp", HOSTILE[name](str(canary))), canary)
    path = tree.parent / "evil.tar"
    path.write_bytes(HOSTILE[name](str(canary)))
    refused_or_inside(lambda: engine.images.import_tar(str(path), "evil"), canary)
    refused_or_inside(lambda: engine.images.load(str(path)), canary)


@pytest.mark.parametrize("kind", ["fifo", "zero", "sparse"])
def test_cve_2024_9676_a_passwd_file_that_is_none(said: Said, tree: Path, kind: str) -> None:
    passwd = tree / "etc/passwd"
    passwd.unlink()
    if kind == "fifo":
        os.mkfifo(passwd)
    elif kind == "zero":
        passwd.symlink_to("/dev/zero")
    else:
        passwd.touch()
        os.truncate(passwd, 1 << 30)
    began = time.monotonic()
    with suppress(SeaboxError):
        said("true", user="bob")
    assert time.monotonic() - began < 60  # and not for ever


def test_cve_2019_5736_the_runtime_is_not_written_to(said: Said, tree: Path, runtime: str) -> None:
    program = find_program(runtime)
    before = hashlib.sha256(Path(program).read_bytes()).digest()
    (tree / "evil").write_text("#!/proc/self/exe\n")
    (tree / "evil").chmod(0o755)
    with suppress(SeaboxError):
        said("/evil")
    with suppress(SeaboxError):
        said("sh", "-c", "for p in /proc/[0-9]*/exe; do (echo evil >$p) 2>/dev/null; done")
    assert hashlib.sha256(Path(program).read_bytes()).digest() == before


# --- C: what leaks into a container, and what of it runs outside ------------------------------------------------------


@pytest.mark.parametrize("fd", [3, 6, 7, 8, 9, 12])
def test_cve_2024_21626_working_directory_is_a_descriptor(
    engine: seabox.Engine, tree: Path, said: Said, fd: int
) -> None:
    with suppress(SeaboxError):
        assert "canary" not in said("ls", "../../..", workdir=f"/proc/self/fd/{fd}")
    ctr = sleeper(engine, tree)
    with suppress(SeaboxError):
        done = ctr.exec_run(["ls", "../../.."], workdir=f"/proc/self/fd/{fd}", timeout=10)
        assert b"canary" not in done.stdout


def test_cve_2024_21626_no_descriptor_leaks(engine: seabox.Engine, tree: Path, said: Said) -> None:
    assert said("ls", "/proc/self/fd").split() == ["0", "1", "2", "3"]
    assert sleeper(engine, tree).exec_run(["ls", "/proc/self/fd"]).stdout.split() == [b"0", b"1", b"2", b"3"]


def _traps(tree: Path, canary: Path) -> None:
    """Programs of the image that an engine might call, which say so on the host."""
    for name in ("xz", "unxz", "gzip", "gunzip", "tar", "ps", "zstd", "nsenter", "mount", "newuidmap"):
        place = tree / "bin" / name
        place.write_text(f"#!/bin/sh\ntouch /called-{name} {canary}/called\n")
        place.chmod(0o755)
    for name in ("libnss_files.so.2", "libc.so.6"):
        (tree / "lib").mkdir(exist_ok=True)
        (tree / "lib" / name).write_bytes(b"\x7fELFevil")
    (tree / "etc/nsswitch.conf").write_text("passwd: evil\n")


def _called(tree: Path) -> list[str]:
    return [name for name in os.listdir(tree) if name.startswith("called")]


def test_cve_2019_14271_no_library_of_the_container_is_loaded(engine: seabox.Engine, tree: Path, canary: Path) -> None:
    _traps(tree, canary)
    ctr = sleeper(engine, tree)
    ctr.copy_in("/tmp", archive(entry("file", data=b"x")))
    text(ctr.copy_out("/etc"))
    ctr.export(str(tree.parent / "out.tar"))
    assert _called(tree) == []
    assert untouched(canary)


def test_cve_2026_41567_no_program_of_the_container_decompresses(
    engine: seabox.Engine, tree: Path, canary: Path
) -> None:
    _traps(tree, canary)
    ctr = sleeper(engine, tree)
    ctr.copy_in("/tmp", lzma.compress(archive(entry("file", data=b"x"))))
    assert (tree / "tmp/file").read_bytes() == b"x"
    assert _called(tree) == []
    assert untouched(canary)


def test_cve_2022_1227_top_calls_nothing_in_the_container(engine: seabox.Engine, tree: Path, canary: Path) -> None:
    _traps(tree, canary)
    titles, rows = sleeper(engine, tree).top()
    assert "PID" in titles
    assert len(rows) == 1
    assert _called(tree) == []


@pytest.mark.parametrize("way", ["run", "exec"])
def test_cve_2020_14370_2021_3602_nothing_of_our_environment(
    engine: seabox.Engine, tree: Path, said: Said, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("LEAKED", SECRET)
    first = sleeper(engine, tree, env={"ONLY_MINE": SECRET})
    if way == "run":
        assert SECRET not in said("sh", "-c", "cat /proc/self/environ /proc/1/environ")
    else:
        second = sleeper(engine, tree)
        assert SECRET.encode() not in second.exec_run(["cat", "/proc/self/environ"]).stdout
    conmon = first.snapshot().state.conmon
    assert conmon is not None
    assert SECRET.encode() not in Path(f"/proc/{conmon.pid}/environ").read_bytes()


def test_cve_2019_13509_no_secret_on_command_lines_or_in_the_log(
    engine: seabox.Engine, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ctr = sleeper(engine, tree, env={"PASSWORD": SECRET})
    ctr.exec_run(["true"], env={"TOKEN": SECRET})
    for folder_of in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            assert SECRET.encode() not in Path(f"/proc/{folder_of}/cmdline").read_bytes()
    ctr.remove(force=True)
    assert SECRET not in caplog.text
    assert all(SECRET not in str(vars(event) if hasattr(event, "__dict__") else event) for event in engine.events())


# --- B: metadata that is taken for a command --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sysctl",
    ["kernel.core_pattern", "kernel.shm_rmid_forced=1+kernel.core_pattern", "vm.swappiness",
     "net/../kernel/core_pattern", "kernel/core_pattern", "fs.suid_dumpable", "net.ipv4.ip_forward\nfs.x"],
)  # fmt: skip
def test_cve_2022_0811_sysctls_of_the_host(said: Said, sysctl: str) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    with pytest.raises(SeaboxError):
        said("true", sysctls={sysctl: "|/evil"})
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def _bundle(engine: seabox.Engine, ctr: Container) -> dict[str, Any]:
    ctr.init()
    data = Path(f"{engine.config.runroot}/containers/{ctr.id}/config.json").read_text()
    loaded: dict[str, Any] = json.loads(data.replace(ctr.id, "ID").replace(ctr.id[:12], "ID"))
    return loaded


ANNOTATIONS = (
    "org.systemd.property.ExecStart", "run.oci.handler", "run.oci.hooks.stderr", "run.oci.keep_original_groups",
    "io.podman.annotations.privileged", "io.podman.annotations.seccomp", "io.kubernetes.cri-o.userns-mode",
    "org.criu.config", "io.containers.trace-syscall", "run.oci.seccomp.plugins", "run.oci.mount_context_type",
    "io.container.manager", "org.opencontainers.image.stopSignal", "cdi.k8s.io/evil", "krun.fork_server",
)  # fmt: skip


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_cve_2026_94603_an_images_labels_change_nothing(engine: seabox.Engine, name: str) -> None:
    """With CVE-2024-3154, CVE-2026-53488, -53489, -53492, -50195, CVE-2024-8676, CVE-2026-121885."""
    plain = engine.containers.create("busybox", SLEEPER, network="none")
    made = engine.images.commit(plain.id, "evil", changes=[f"LABEL {name}=/evil"])
    evil = engine.containers.create(made, SLEEPER, network="none")
    one, other = _bundle(engine, plain), _bundle(engine, evil)
    for each in (one, other):
        each["root"]["path"] = ""
        each["mounts"] = [mount["destination"] for mount in each["mounts"]]
        each["hostname"] = ""
        each["process"]["env"] = []
        each["linux"]["cgroupsPath"] = ""
    assert one == other


@pytest.mark.parametrize(
    "options",
    [{"workdir": "/a\nevil:x:0:0::/:/bin/sh"}, {"env": {"HOME": "/\nevil:x:0:0::/:/bin/sh"}, "user": "4321"},
     {"hostname": "a\n127.0.0.1 b"}, {"user": "4321\nevil"}, {"add_hosts": ["a:127.0.0.1\nb"]},
     {"dns": ["1.1.1.1\nx"]}],
)  # fmt: skip
def test_cve_2022_4318_a_line_feed_adds_no_line(said: Said, options: dict[str, Any]) -> None:
    with suppress(SeaboxError):
        shown = said("cat", "/etc/passwd", "/etc/hosts", "/etc/resolv.conf", **options)
        assert not any(line.startswith(("evil", "b ", "x")) for line in shown.splitlines())
        assert "127.0.0.1 b" not in shown


# --- identity and capabilities ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user",
    ["2147483648", "4294967295", "4294967296", "-1", "1e30", "\u0663", "0x0", "99999999999999999999", "1:4294967296"],
)
def test_cve_2024_40635_2026_47262_uids_do_not_wrap(said: Said, user: str) -> None:
    with pytest.raises(SeaboxError):
        said("id", user=user)


def test_cve_2026_30892_exec_as_another_user(engine: seabox.Engine, tree: Path) -> None:
    ctr = sleeper(engine, tree)
    assert ctr.exec_run(["id", "-u"], user="1").stdout == b"1\n"
    assert ctr.exec_run(["id", "-u"], user="bob").stdout == b"1000\n"


def _capabilities(status: str) -> dict[str, int]:
    lines = (line.split() for line in status.splitlines())
    return {words[0][3:6]: int(words[1], 16) for words in lines if words and words[0].startswith("Cap")}


@pytest.mark.parametrize("user", ["", "bob"])
def test_cve_2022_27649_24769_nothing_is_inheritable(said: Said, user: str) -> None:
    found = _capabilities(said("cat", "/proc/self/status", user=user))
    assert found["Inh"] == found["Amb"] == 0
    assert found["Eff"] == (0 if user else ROOT_CAPABILITIES)


@pytest.mark.parametrize("user", ["", "bob"])
@pytest.mark.parametrize("privileged", [False, True])
def test_cve_2022_29162_nothing_is_inheritable_in_exec(
    engine: seabox.Engine, tree: Path, user: str, privileged: bool
) -> None:
    done = sleeper(engine, tree).exec_run(["cat", "/proc/self/status"], user=user, privileged=privileged)
    assert _capabilities(done.stdout.decode())["Inh"] == 0


@pytest.mark.parametrize("way", ["run", "exec"])
def test_cve_2022_2989_2990_36109_2023_25173_groups(engine: seabox.Engine, tree: Path, said: Said, way: str) -> None:
    if way == "run":
        shown = said("id", "-G", user="bob")
    else:
        shown = sleeper(engine, tree).exec_run(["id", "-G"], user="bob").stdout.decode()
    assert set(shown.split()) == {"100", "10"}


# --- F: who may read what ---------------------------------------------------------------------------------------------


def test_cve_2021_41091_41103_2024_25621_state_is_closed(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", SLEEPER, network="none", stop_timeout=0)
    ctr.exec_run(["true"])
    for top in (home.root, home.runroot):
        done = subprocess.run(
            ["find", top, "-mindepth", "1", "-readable"], capture_output=True, text=True, user=65534, check=False
        )
        assert done.stdout == ""
    for path in Path(home.root, "containers").rglob("*"):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path


def test_cve_2020_15257_no_abstract_socket(engine: seabox.Engine, tree: Path) -> None:
    before = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "@" in line}
    sleeper(engine, tree)
    after = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "@" in line}
    assert not any("seabox" in name or "conmon" in name or "attach" in name for name in after - before)


def test_cve_2021_4024_2019_25067_nobody_listens(engine: seabox.Engine, tree: Path) -> None:
    def listening() -> set[str]:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {row[1] for row in rows if row[3] == "0A"}

    before = listening()
    ctr = sleeper(engine, tree)
    ours = {each.pid for each in process.spawned_for(ctr.id, ("conmon",))}
    assert ours
    assert listening() - before == set() or not ours & _owners(listening() - before)


def _owners(sockets: set[str]) -> set[int]:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1] in sockets}
    owners = set()
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            if any(os.readlink(f"/proc/{pid}/fd/{fd}") in inodes for fd in os.listdir(f"/proc/{pid}/fd")):
                owners.add(int(pid))
    return owners


# --- E: too much ------------------------------------------------------------------------------------------------------


def test_cve_2021_20291_garbled_layers_hang_nobody(engine: seabox.Engine, tmp_path: Path) -> None:
    good = archive(folder("d"), entry("d/file", data=b"x" * 5000), link("l", "d"))
    began = time.monotonic()
    for number in range(100):
        data = bytearray(good)
        data[(number * 7919) % len(data)] ^= 1 << (number % 8)
        path = tmp_path / "layer.tar"
        path.write_bytes(data[: len(data) - (number * 37) % 600])
        with suppress(SeaboxError):
            engine.images.import_tar(str(path), f"garbled{number % 5}")
    assert time.monotonic() - began < 300


def test_cve_2023_25153_2026_95838_bombs(engine: seabox.Engine, tmp_path: Path) -> None:
    def memory() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    before = memory()
    names = io.BytesIO()
    with tarfile.open(fileobj=names, mode="w:gz") as tar:
        for number in range(20_000):
            tar.addfile(tarfile.TarInfo(f".wh..wh..opq{number % 2 or ''}"))
    (tmp_path / "whiteouts").write_bytes(names.getvalue())
    began = time.monotonic()
    with suppress(SeaboxError):
        engine.images.import_tar(str(tmp_path / "whiteouts"), "bomb")
    (tmp_path / "deep").write_bytes(archive(*[folder("/".join("d" * depth)) for depth in range(1, 2000, 400)]))
    with suppress(SeaboxError):
        engine.images.import_tar(str(tmp_path / "deep"), "bomb")
    assert time.monotonic() - began < 120
    assert memory() - before < 64 << 20


def test_cve_2024_3056_shared_memory_is_bounded(said: Said) -> None:
    shown = said("sh", "-c", "busybox df -k /dev/shm | busybox tail -n 1")
    assert int(shown.split()[1]) <= 65536


def test_cve_2022_31030_much_output_of_exec(engine: seabox.Engine, tree: Path) -> None:
    """What nobody reads does not gather in memory; the client goes, and so does the process."""
    ctr = sleeper(engine, tree)
    before = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    with ctr.exec(["busybox", "yes"]):
        select.poll().poll(2000)
        assert int(Path("/proc/self/statm").read_text().split()[1]) * 4096 - before < 96 << 20  # 64 are kept


def test_cve_2024_fork_bomb_is_bounded(said: Said) -> None:
    limit = said("sh", "-c", "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null")
    assert 0 < int(limit.split()[0]) <= 2048


def test_cve_2025_0750_a_log_stays_in_its_directory(engine: seabox.Engine, tree: Path, canary: Path) -> None:
    with suppress(SeaboxError):
        ctr = sleeper(engine, tree, name="x", labels={"io.kubernetes.container.logpath": f"../../{canary}/secret"})
        assert ctr.inspect()["HostConfig"]["LogConfig"]["Path"].startswith(f"{engine.config.root}/")
    with pytest.raises(SeaboxError):
        sleeper(engine, tree, name="../../evil")
    assert untouched(canary)


def test_cve_2026_19730_a_shorter_file_replaces_a_longer_one(engine: seabox.Engine, tree: Path) -> None:
    ctr = engine.containers.create(command=SLEEPER, rootfs=str(tree), network="none", name="long" * 30)
    path = Path(f"{engine.config.root}/containers/{ctr.id}/container.json")
    before = path.stat().st_size
    ctr.rename("s")
    assert path.stat().st_size < before
    assert json.loads(path.read_bytes())["name"] == "s"


def test_an_end_by_a_signal_is_never_a_success(engine: seabox.Engine, tree: Path) -> None:
    """podman#18889 and others: a lost exit code that became 0."""
    ctr = sleeper(engine, tree)
    os.kill(init_of(ctr).pid, signal.SIGKILL)
    assert ctr.wait(timeout=120) == 137


def test_the_helper_of_the_harness_sees_steps() -> None:
    """The points that R1 kills at are counted, not guessed: an action without effects has none."""
    assert record(lambda: None) == []
