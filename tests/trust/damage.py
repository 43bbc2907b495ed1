"""R4, R5: the state directory as a crash may leave it, and with bits that have flipped.

R4 records every write of a workload with strace and opens what any prefix of them leaves, with the last write torn, or
with writes that nobody had synced dropped. R5 flips bits, or cuts a file off. Neither needs a runtime.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import seabox
from seabox.errors import NoSuchContainer, SeaboxError

from .world import Tally, World

STRACE = shutil.which("strace")
CONTAINERS = 20
FAST = "/dev/shm"


def _engine(folder: str) -> seabox.Engine:
    return seabox.Engine(root=f"{folder}/root", runroot=f"{folder}/run", runtime="runc", network="none")


# --- R5 --------------------------------------------------------------------------------------------------------------


def flips(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R5: 2,000 times one bit is flipped, or a file cut off: the engine opens, and after a repair all are there."""
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory(prefix="seabox-trust-", dir=FAST) as folder:
        good = f"{folder}/good"
        with _engine(good) as engine:
            engine.images.embed("busybox")
            ids = {engine.containers.create("busybox", ["true"], name=f"c{n}").id for n in range(CONTAINERS)}
            for n in range(CONTAINERS):
                engine.secrets.create(f"s{n}", f"bytes {n}", labels={"n": str(n)})
        subprocess.run(["rm", "-rf", f"{good}/root/layers", f"{good}/root/blobs"], check=True)
        for _ in range(sample or 2000):
            place = f"{folder}/bad"
            subprocess.run(["rm", "-rf", place], check=True)
            shutil.copytree(good, place, symlinks=True)
            label = _spoil(place, chance)
            tally.kills += 1
            tally.points.add(("flip", label))
            tally.failures += [f"{label}: {text}" for text in _mended(place, ids)]
            yield tally


def _spoil(place: str, chance: random.Random) -> str:
    copies = sorted(str(path) for path in Path(place).rglob("container.json"))
    path = chance.choice([f"{place}/root/seabox.db"] * 8 + [chance.choice(copies)])
    data = bytearray(Path(path).read_bytes())
    at = chance.randrange(len(data))
    if chance.random() < 0.05:
        what, data = f"cut at {at}", data[:at]
    else:
        bit = chance.randrange(8)
        data[at] ^= 1 << bit
        what = f"bit {bit} of {at}"
    Path(path).write_bytes(data)
    return f"{os.path.relpath(path, place)[:24]}: {what}"


def _mended(place: str, ids: set[str]) -> Iterator[str]:
    """What is wrong with how a damaged store is dealt with."""
    try:
        with _engine(place) as engine:
            with suppress(SeaboxError):  # one line that says so
                for seen in engine.containers.list():
                    with suppress(SeaboxError):
                        engine.containers.get(seen.facts.id).inspect()
            with suppress(SeaboxError):
                engine.images.list()
            with suppress(SeaboxError):
                for secret in engine.secrets.list():
                    if engine.secrets.data(secret.id) != f"bytes {secret.name.removeprefix('s')}".encode():
                        yield f"the secret {secret.name} holds another's bytes"
            with suppress(SeaboxError):
                list(engine.events())
            engine.check(repair=True)
            found = {seen.facts.id for seen in engine.containers.list()}
            if found != ids:
                yield f"{len(ids - found)} containers are lost, {len(found - ids)} are strangers"
            left = [each for each in engine.check() if each.kind in ("database", "container")]
            if left:
                yield f"after the repair: {left[0]}"
    except SeaboxError as problem:
        yield f"not mended: {type(problem).__name__}: {problem}"
    except Exception as problem:
        yield f"{type(problem).__name__}: {problem}"


# --- R4 --------------------------------------------------------------------------------------------------------------

_WORKLOAD = """
import os, random, sys
import seabox
from seabox.container.container import Container
chance = random.Random(int(sys.argv[2]))
engine = seabox.Engine(root=sys.argv[1] + "/root", runroot=sys.argv[1] + "/run", runtime="runc", network="none")
names = []
for turn in range(int(sys.argv[3])):
    if names and chance.random() < 0.35:
        name = names.pop(chance.randrange(len(names)))
        os.write(99, f"going {name}\\n".encode())
        engine.containers.get(name).remove()
        os.write(99, f"gone {name}\\n".encode())
    elif names and chance.random() < 0.3:
        ctr = engine.containers.get(chance.choice(names))
        ctr.update(restart=chance.choice(("no", "always", "on-failure:3")))
    else:
        name = f"c{turn}"
        engine.containers.create("busybox", ["true"], name=name)
        names.append(name)
        os.write(99, f"here {name}\\n".encode())
    if turn % 25 == 24:
        engine.close()
engine.close()
"""

_CALLS = ("pwrite64", "write", "ftruncate", "unlink", "fsync", "fdatasync", "openat", "rename", "link", "linkat")
_FD = re.compile(r"^(?:AT_FDCWD|\d+)<([^>]*)>")


class _Write:
    """One change of the file system: of `kind`, on `path`."""

    __slots__ = ("at", "data", "kind", "path", "to")

    def __init__(self, kind: str, path: str, at: int = 0, data: bytes = b"", to: str = "") -> None:
        self.kind, self.path, self.at, self.data, self.to = kind, path, at, data, to


def images(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """R4: 10,000 states that a crash or a power cut can leave: each opens, and what was acknowledged is there."""
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory(prefix="seabox-trust-", dir=FAST) as folder:
        with _engine(folder) as engine:
            engine.images.embed("busybox")
        base = {str(p.relative_to(folder)): p.read_bytes() for p in Path(f"{folder}/root").glob("seabox.db*")}
        writes = _record(folder, seed, 200)
        places = sorted(chance.randrange(len(writes) + 1) for _ in range(sample or 10_000))
        with tempfile.TemporaryDirectory(prefix="seabox-trust-", dir=FAST) as target:
            for place in places:
                how = chance.choice(("whole", "torn", "power cut"))
                tally.kills += 1
                tally.points.add((how, str(place)))
                files, told = _image(base, writes, place, how, chance)
                tally.failures += [f"{how} at write {place} of {len(writes)}: {x}" for x in _opens(target, files, told)]
                yield tally


def _record(folder: str, seed: int, turns: int) -> list[_Write]:
    """What a workload of 200 operations wrote below root, in order; with what it had acknowledged in between."""
    assert STRACE is not None, "strace is not installed"
    log = f"{folder}/strace"
    words = [STRACE, "-f", "-qq", "-y", "-xx", "-s", "200000", "-o", log, "-e", f"trace={','.join(_CALLS)}",
             sys.executable, "-c", _WORKLOAD, folder, str(seed), str(turns)]  # fmt: skip
    read, write = os.pipe()
    os.dup2(write, 99)
    try:
        subprocess.run(words, check=True, pass_fds=[99], env=os.environ | {"SEABOX_NETWORK": "none"})
    finally:
        for fd in (read, write, 99):
            os.close(fd)
    found = []
    with open(log) as lines:
        for line in lines:
            found += list(_parsed(line, folder))
    return found


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _parsed(line: str, folder: str) -> Iterator[_Write]:
    rest = line.partition(" ")[2].strip()
    name, _, arguments = rest.partition("(")
    if ") = -1" in rest or name not in _CALLS:
        return
    strings = re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)
    on = _FD.match(arguments)
    path = _bytes(on.group(1)).decode() if on and on.group(1).startswith("\\x") else (on.group(1) if on else "")
    path = path.removesuffix(" (deleted)")
    prefix = f"{folder}/"
    if name in ("unlink", "rename", "openat", "link", "linkat"):
        paths = [_bytes(text).decode() for text in strings]
        if not paths or not paths[0].startswith(f"{prefix}root/"):
            return
        first = paths[0].removeprefix(prefix)
        if name == "unlink":
            yield _Write("unlink", first)
        elif name == "rename":
            yield _Write("rename", first, to=paths[1].removeprefix(prefix))
        elif name.startswith("link"):
            yield _Write("link", first, to=paths[1].removeprefix(prefix))
        elif "O_CREAT" in arguments:
            yield _Write("create", first, data=b"t" if "O_TRUNC" in arguments else b"")
        return
    if name == "write" and arguments.startswith("99"):
        yield _Write("told", "", data=_bytes(strings[0]))
        return
    if not path.startswith(f"{prefix}root/"):
        return
    path = path.removeprefix(prefix)
    if name in ("fsync", "fdatasync"):
        yield _Write("sync", path)
    elif name == "ftruncate":
        yield _Write("truncate", path, at=int(arguments.rpartition(",")[2].partition(")")[0]))
    elif name == "pwrite64":
        yield _Write("write", path, at=int(arguments.partition(") = ")[0].rpartition(",")[2]), data=_bytes(strings[0]))
    else:
        yield _Write("append", path, data=_bytes(strings[0]))


def _image(
    base: dict[str, bytes], writes: list[_Write], place: int, how: str, chance: random.Random
) -> tuple[dict[str, bytearray], list[str]]:
    """The files after the first `place` writes, and what had been acknowledged by then."""
    files = {path: bytearray(data) for path, data in base.items() if not path.endswith("-shm")}
    told: list[str] = []
    unsynced = _unsynced(writes[:place]) if how == "power cut" else set()
    dropped = {number for number in unsynced if chance.random() < 0.5}
    for number, write in enumerate(writes[:place]):
        if number in dropped or write.path.endswith("-shm"):
            continue
        data = write.data
        if how == "torn" and number == place - 1 and write.kind in ("write", "append"):
            data = data[: chance.randrange(len(data) + 1)]
        if write.kind == "told":
            told += data.decode().splitlines()
        elif write.kind == "unlink":
            files.pop(write.path, None)
        elif write.kind == "rename" and write.path in files:
            files[write.to] = files.pop(write.path)
        elif write.kind == "link":
            files[write.to] = files[write.path]  # one file, by two names
        elif write.kind == "create":
            if write.path not in files or data:
                files[write.path] = bytearray()
        elif write.kind == "truncate":
            one = files.setdefault(write.path, bytearray())
            one[:] = one[: write.at] + bytes(max(0, write.at - len(one)))
        elif write.kind in ("write", "append"):
            one = files.setdefault(write.path, bytearray())
            at = len(one) if write.kind == "append" else write.at
            one.extend(bytes(max(0, at - len(one))))
            one[at : at + len(data)] = data
    return files, told


def _unsynced(writes: list[_Write]) -> set[int]:
    """The writes to the database's files after the last sync of that file: a power cut may lose any of them."""
    pending: dict[str, list[int]] = defaultdict(list)
    for number, write in enumerate(writes):
        if write.kind == "sync":
            pending[write.path].clear()
        elif write.kind == "write" and ".db" in write.path:
            pending[write.path].append(number)
    return {number for numbers in pending.values() for number in numbers}


def _opens(target: str, files: dict[str, bytearray], told: list[str]) -> Iterator[str]:
    subprocess.run(["rm", "-rf", f"{target}/root", f"{target}/run"], check=True)
    for path, data in files.items():
        place = Path(target, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    last = {line.split()[1]: line.split()[0] for line in told}
    try:
        with _engine(target) as engine:
            names = {seen.facts.name for seen in engine.containers.list()}
            yield from (
                f"{n} was acknowledged and is lost" for n, was in last.items() if was == "here" and n not in names
            )
            yield from (f"{n} was removed and is back" for n, was in last.items() if was == "gone" and n in names)
            for name in sorted(names)[:3]:
                with suppress(NoSuchContainer):  # a removal that this completes
                    engine.containers.get(name).inspect()
            yield from (str(each) for each in engine.check() if each.kind == "database")
    except SeaboxError as problem:
        yield f"{type(problem).__name__}: {problem}"
    except Exception as problem:
        yield f"{type(problem).__name__}: {problem!r}"
