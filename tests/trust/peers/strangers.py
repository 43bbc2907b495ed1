"""podman and S1 to S10: what strangers write, what others can see, what a container may do."""

from __future__ import annotations

import os
import random
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.test_copy_race import SECRET, exchanging
from seabox.kernel.watch import Watch
from unit.images.archives import archive, entry
from unit.images.test_hostile import oci_archive

from .. import profile, service
from ..fuzz import told_of
from ..secrecy import CANARY, EVIL, control_characters, on_a_terminal, seen_by_others
from ..world import Tally
from .podman import NAME, Podman


def links(podman: Podman, chance: random.Random) -> str:
    """S1: `volume import` of a link to a directory of the host, and a file behind it."""
    del chance
    with tempfile.TemporaryDirectory(prefix="seabox-canary-") as folder:
        link, behind = tarfile.TarInfo("x"), tarfile.TarInfo("x/pwned")
        link.type, link.linkname = tarfile.SYMTYPE, folder
        evil = f"{folder}.tar"
        with tarfile.open(evil, "w") as tar:
            tar.addfile(link)
            tar.addfile(behind)
        try:
            podman("volume", "create", "data")
            podman("volume", "import", "data", evil)
        finally:
            os.remove(evil)
        return "import leaves root" if os.listdir(folder) else "import stays inside"


def probed(podman: Podman, chance: random.Random) -> str:
    """S2: how many of the doors that are closed here are open there."""
    del chance
    with tempfile.TemporaryDirectory(prefix="seabox-probe-") as folder:
        shown = podman("run", "--rm", "--volume", f"{profile.probe(folder)}:/probe:ro", "busybox", "/probe").stdout
    found = profile.answers(shown)
    opened = [name for name in profile.CLOSED if found.get(name) not in profile.REFUSED]
    return f"{len(opened)} of {len(profile.CLOSED)} open" if found else "not measured"


def served(podman: Podman, chance: random.Random) -> str:
    """S5: its service, and what web pages and requests with two lengths get of it."""
    del chance
    words = podman.argv("system", "service", "--time", "0", f"tcp://127.0.0.1:{service.PORT}")
    server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Watch(timeout=20) as pause:
            while not service.answers():
                pause.wait(0.05)
        pages, doubled = Tally(), Tally()
        service.from_web_pages(pages)
        service.two_in_one(doubled)
    finally:
        server.kill()
        server.wait()
    answered, taken = len(pages.failures), len(doubled.failures)
    return f"{answered} of {pages.kills} pages answered, {taken} of {doubled.kills} doubtful ones taken"


def races(podman: Podman, chance: random.Random) -> str:
    """S6: a directory and a link to the host exchanged while `cp` goes in and out."""
    del chance
    canary, out = Path(podman.folder, "canary"), Path(podman.folder, "out")
    canary.mkdir()
    (canary / "secret").write_bytes(SECRET)
    made = Path(podman.folder, "made")
    made.write_bytes(b"evil")
    podman.sleeping()
    podman("exec", NAME, "sh", "-c", f"mkdir -p /t/a; echo inside > /t/a/secret; ln -s {canary} /t/b")
    folder = os.open(f"/proc/{podman.facts()['State']['Pid']}/root/t", os.O_RDONLY | os.O_DIRECTORY)
    reached = turns = 0
    try:
        with exchanging(folder, b"a", b"b"):
            for turns in range(1, 41):
                if turns % 2:
                    podman("cp", str(made), f"{NAME}:/t/a/made")
                else:
                    podman("cp", f"{NAME}:/t/a/secret", str(out))
                held = out.read_bytes() if out.is_file() else b""
                reached += held == SECRET or os.listdir(canary) != ["secret"]
                (canary / "made").unlink(missing_ok=True)
                out.unlink(missing_ok=True)
    finally:
        os.close(folder)
    return f"{reached} of {turns} reach the host"


def secrets(podman: Podman, chance: random.Random) -> str:
    """S7: where a secret in the environment and one made as such turn up that nobody asked for."""
    del chance
    file = Path(podman.folder, "canary.env")
    file.write_text(f"PASSWORD={CANARY}\n")
    podman.sleeping("--env-file", str(file))
    shown = list(seen_by_others({int(podman.facts()["State"]["Pid"])}))
    shown += ["in an event"] * (CANARY in podman("events", "--stream=false", "--since", "5m").stdout)
    podman.without()
    file.write_text(CANARY)
    podman("secret", "create", "canary", str(file))
    podman.sleeping("--secret", "canary", "--secret", "canary,type=env,target=PASSWORD")
    shown += list(seen_by_others({int(podman.facts()["State"]["Pid"])}))
    shown += ["in inspect"] * (CANARY in podman("inspect", NAME).stdout)
    shown += ["in export"] * (CANARY in podman("export", NAME).stdout)
    podman("commit", NAME, "told")
    shown += ["in an image"] * (CANARY in podman("image", "inspect", "told").stdout)
    return ", ".join(sorted(set(shown))) or "nowhere"


def digests(podman: Podman, chance: random.Random) -> str:
    """S9: images with one bit changed: how many are loaded as another?"""
    podman("rmi", "--all", "--force")
    whole = oci_archive(archive(entry("file", data=os.urandom(200))))
    genuine = _loaded(podman, whole)
    if genuine is None:
        return "not measured: it does not load the genuine one"
    other = 0
    for _ in range(30):
        spoilt = bytearray(whole)
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        other += _loaded(podman, bytes(spoilt)) not in (None, genuine)
    return f"{other} of 30 another"


def _loaded(podman: Podman, data: bytes) -> tuple[str, str] | None:
    """The image's id and what it holds; None if it is refused."""
    path = Path(podman.folder, "image.tar")
    path.write_bytes(data)
    done = podman("load", "--input", str(path))
    ids = podman("images", "--quiet", "--no-trunc").stdout.split()
    if done.returncode or len(ids) != 1:
        return None
    held = told_of(podman("image", "mount", ids[0]).stdout.strip())
    podman("image", "umount", ids[0])
    podman("rmi", "--all", "--force")
    return ids[0], held


def terminals(podman: Podman, chance: random.Random) -> str:
    """S10: how many commands write control characters of others to a terminal."""
    del chance
    podman("create", "--name", NAME, "--label", f"l={EVIL}", "--env", f"E={EVIL}", "busybox", "sh", "-c", EVIL)
    commands = (
        ("ps", "-a"), ("ps", "-a", "--no-trunc", "--format", "{{.Command}} {{.Labels}}"), ("inspect", NAME),
        ("inspect", "--format", "{{.Config.Env}} {{.Config.Labels}} {{.Config.Cmd}}", NAME),
        ("events", "--stream=false", "--since", "5m"), ("images",), ("inspect", EVIL), ("start", EVIL), ("rm", EVIL),
        ("logs", EVIL), ("run", "--rm", "busybox", EVIL), ("create", "--name", EVIL, "busybox"), ("start", NAME),
        ("top", EVIL), ("port", NAME), ("update", NAME, "--memory", EVIL), ("exec", NAME, EVIL),
    )  # fmt: skip
    shown = 0
    for words in commands:
        with suppress(subprocess.SubprocessError):
            shown += bool(control_characters(on_a_terminal(podman.argv(*words))))
    return f"{shown} of {len(commands)} show them"


