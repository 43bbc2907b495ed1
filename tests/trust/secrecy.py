"""S6, S7, S10: links that are swapped, secrets, control characters on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import random
import select
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.test_copy_race import SECRET, exchanging, prepared
from seabox.container.container import Container
from seabox.errors import SeaboxError
from unit.images.archives import archive, entry

from .world import NAME, Tally, World

if TYPE_CHECKING:
    from seabox.model.options import CreateOptions

CANARY = "s3cr3t-c4n4ry-7f"
SLEEPER = ["sleep", "1000"]


def races(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S6: a directory and a link to the host are exchanged without pause: 2,000 copies, exports and commits stay in."""
    tally, chance = Tally(), random.Random(seed)
    place = Path(world.rooms.config.root).parent / "race"
    place.mkdir()
    ctr, canary, folder = prepared(world.engine, place)
    evil = archive(entry("made", data=b"evil"), entry("secret", data=b"evil"))
    went: Counter[str] = Counter()
    try:
        with exchanging(folder, b"a", b"b"):
            for turn in range(sample or 2000):
                way = "in" if turn % 2 else chance.choice(("out", "out", "out", "export", "commit"))
                tally.kills += 1
                tally.points.add((way, str(turn)))
                found = b""
                with suppress(SeaboxError, OSError):
                    if way == "in":
                        ctr.copy_in("/t/a", evil)
                    elif way == "out":
                        found = b"".join(ctr.copy_out(("/t/a", "/t/a/secret", "/t")[turn % 3]))
                    elif way == "export":
                        out = io.BytesIO()
                        ctr.export(out)
                        found = out.getvalue()
                    else:
                        world.engine.images.remove(world.engine.images.commit(ctr.id, "raced"), force=True)
                    went[way] += 1
                if SECRET in found or os.listdir(canary) != ["secret"] or (canary / "secret").read_bytes() != SECRET:
                    tally.failures.append(f"{way}: the host was reached")
                    break
                yield tally
    finally:
        os.close(folder)
    tally.failures += [f"{way} never went through: it was not tried" for way in ("in", "out") if not went[way]]
    ctr.remove(force=True, timeout=0)
    yield tally


def secrets(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S7: a secret in a container's environment is in no command line, no other process, no event, no open file.

    Nor is one that was made as such, be it a file in the container or a variable; what is told of the container, and
    the image that is made of it, do not hold that either.
    """
    del seed
    tally = Tally()
    os.chmod(Path(world.rooms.config.root).parent, 0o755)  # it is for the store itself to let nobody in
    world.engine.secrets.create("canary", CANARY)
    for turn in range(sample or 20):
        made = ["canary", "canary,type=env,target=PASSWORD"]
        given: CreateOptions = {"env": {"PASSWORD": CANARY}} if turn % 2 else {"secrets": made}
        ctr = world.engine.containers.run("busybox", SLEEPER, name=NAME, stop_timeout=0, **given)
        ctr.exec_run(["true"], env={"TOKEN": CANARY})
        tally.failures += seen_by_others(_members(world, ctr.id))
        tally.kills += 1
        for event in world.engine.events():
            if CANARY in f"{event.attributes} {event.name} {event.image}":
                tally.failures.append(f"in {event!r}")
        for top in (world.rooms.config.root, world.rooms.config.runroot):
            done = subprocess.run(
                ["find", top, "-mindepth", "1", "-readable"], capture_output=True, text=True, user=65534, check=False
            )
            if done.stdout:
                tally.failures.append(f"readable by anybody: {done.stdout.splitlines()[0]}")
        if "secrets" in given:
            tally.failures += _told(world, ctr)
        ctr.remove(force=True)
        yield tally
    world.engine.secrets.remove_all()


def seen_by_others(inside: Collection[int]) -> Iterator[str]:
    """In whose command line the secret is, and in the environment of whom but those inside of the container."""
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            program = words.partition(b"\0")[0].decode(errors="replace")
            if CANARY.encode() in words:
                yield f"in the command line of {program}"
            if int(pid) not in inside and CANARY.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                yield f"in the environment of {program}"


def _told(world: World, ctr: Container) -> Iterator[str]:
    """Where a container's secrets turn up that nobody asked for."""
    if CANARY in json.dumps(ctr.inspect()):
        yield "in what is told of the container"
    out = io.BytesIO()
    ctr.export(out)
    if CANARY.encode() in out.getvalue():
        yield "in the container's files as they are exported"
    id = world.engine.images.commit(ctr.id, "told")
    layer = world.engine.images.get(id).layers[-1]
    held = subprocess.run(["grep", "-rlF", CANARY, world.rooms.layer_dir(layer)], capture_output=True, check=False)
    if held.stdout or CANARY in str(world.engine.images.get(id)):
        yield "in an image that was made of the container"
    world.engine.images.remove(id, force=True)


def _members(world: World, id: str) -> set[int]:
    return set(world.rooms.runtime(world.rooms.chosen_runtime).processes(id))


EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\x08\r"
QUIET = (["port", NAME], ["container", "exists", EVIL])  # these have nothing to say


def terminals(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S10: no control character of a label, a command, a mount or an error reaches a terminal."""
    del seed, sample
    tally = Tally()
    world.engine.containers.create(
        "busybox", ["sh", "-c", EVIL], name=NAME, labels={"l": EVIL}, env={"E": EVIL}, network="none"
    )
    commands = (
        ["ps", "-a"], ["ps", "-a", "--no-trunc", "--format", "{{.Command}} {{.Labels}}"], ["inspect", NAME],
        ["inspect", "--format", "{{.Config.Env}} {{.Config.Labels}} {{.Config.Cmd}}", NAME],
        ["events", "--stream=false"], ["images"], ["info"], ["inspect", EVIL], ["start", EVIL], ["rm", EVIL], [EVIL],
        ["run", "--rm", "busybox", EVIL], ["run", "--rm", EVIL], ["create", "--name", EVIL, "busybox"], ["logs", EVIL],
        ["create", "-v", EVIL, "busybox"], ["run", "--user", EVIL, "busybox"], ["start", NAME],
        ["ps", "--filter", EVIL], ["ps", f"--{EVIL}"], ["network", "inspect", EVIL], ["container", "exists", EVIL],
        ["system", "df"],
        ["top", EVIL], ["port", NAME], ["history", "busybox"], ["update", NAME, "--memory", EVIL],
        ["exec", NAME, EVIL],
    )  # fmt: skip
    for words in commands:
        shown = on_a_terminal([*world.command_line(), *words])
        tally.kills += 1
        if not shown and words not in QUIET:
            tally.failures.append(f"{words!r} wrote nothing")
        if bad := control_characters(shown):
            tally.failures.append(f"{words!r}: {bad[:5]} in {shown[:300]!r}")
        yield tally
    world.clear()
    yield tally


def control_characters(shown: bytes) -> list[str]:
    """Those of what was written to a terminal that are more than the end of a line or a tab."""
    bad = [f"{byte:#x}" for byte in shown.replace(b"\r\n", b"\n") if byte < 0x20 and byte not in (9, 10)]
    return bad + [f"U+{ord(char):04X}" for char in shown.decode(errors="replace") if 0x7F <= ord(char) < 0xA0]


def on_a_terminal(words: list[str]) -> bytes:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    process.kill()
    process.wait()
    return shown
