"""S3, S9: parsers of what strangers write. atheris steers where it is installed; elsewhere chance alone does."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from seabox.container.stored import decode_config
from seabox.errors import SeaboxError
from seabox.images import manifest, reference
from seabox.images.images import Images
from seabox.images.unpack import Limits, unpack
from seabox.kernel import files
from seabox.logs.lines import parse_entry
from seabox.logs.times import parse_when
from seabox.model.container import CreateRequest
from seabox.model.ids import check_name
from seabox.network.ports import parse_expose, parse_publish
from seabox.oci import words
from seabox.spec.facts import host_facts
from seabox.spec.mounts_syntax import parse_tmpfs, parse_volume
from seabox.spec.resolve import resolve
from seabox.testing.images import MemoryImageIndex
from unit.images.archives import archive, entry, folder, hard_link, link, refused
from unit.images.test_hostile import oci_archive

from .world import Tally, World

FAST = "/dev/shm"
CANARY = b"CANARY-OF-THE-HOST"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _one_line(problem: SeaboxError) -> None:
    assert "\n" not in str(problem)


def tar(data: bytes) -> None:
    """A layer: nothing but a refusal, and nothing outside of its directory."""
    with tempfile.TemporaryDirectory(prefix="seabox-fuzz-", dir=FAST) as place:
        os.mkdir(f"{place}/outside", 0o700)
        with open(f"{place}/outside/canary", "wb") as file:
            file.write(CANARY)
        os.mkdir(f"{place}/root")
        with suppress(SeaboxError, OSError):
            unpack(iter([data]), f"{place}/root", packed=len(data), limits=Limits(size=1 << 24, ratio_from=1 << 24))
        assert sorted(os.listdir(place)) == ["outside", "root"]
        with open(f"{place}/outside/canary", "rb") as file:
            assert (os.listdir(f"{place}/outside"), file.read()) == (["canary"], CANARY)
        files.remove_tree(f"{place}/root")


def log(data: bytes) -> None:
    """A line of a log."""
    for line in data.split(b"\n"):
        with suppress(SeaboxError):
            parse_entry(line)


def spec(data: bytes) -> None:
    """A request to create: a configuration, or one clear line."""
    try:
        request = msgspec.json.decode(data, type=CreateRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    try:
        resolve(
            msgspec.structs.replace(request, rootfs="/", image=""), image=None, defaults=_defaults(),
            facts=host_facts(), id="ab" * 32, name="ship", now=0, runtime="/usr/bin/crun",
        )  # fmt: skip
    except SeaboxError as problem:
        _one_line(problem)


def _defaults() -> object:
    from seabox.config import EngineConfig

    return EngineConfig(root="/nowhere", network="none")


def stored(data: bytes) -> None:
    """A stored configuration, a manifest, a runtime's words."""
    with suppress(SeaboxError):
        decode_config(data)
    with suppress(SeaboxError, msgspec.DecodeError):
        manifest.read_manifest(data)
    words.last_error(data)


def times(data: bytes) -> None:
    """--since and --until."""
    with suppress(SeaboxError):
        parse_when(_text(data), now=0)


def syntax(data: bytes) -> None:
    """What stands behind -v, -p, --tmpfs, --name, an image's name, a time."""
    text = _text(data)
    parsers: tuple[Callable[[str], object], ...] = (
        parse_volume, parse_tmpfs, parse_publish, parse_expose, check_name, reference.parse,
    )  # fmt: skip
    for parser in parsers:
        try:
            parser(text)
        except SeaboxError as problem:
            _one_line(problem)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "tar": tar,
    "log": log,
    "spec": spec,
    "stored": stored,
    "syntax": syntax,
    "times": times,
}
SEEDS: dict[str, list[bytes]] = {
    "tar": [
        archive(folder("d"), entry("d/file", data=b"x" * 700), link("l", "d/file"), hard_link("h", "d/file")),
        *refused("/outside").values(),
    ],
    "log": [b"2026-01-01T00:00:00.000000000+00:00 stdout F hello", b"2026-01-01T00:00:00+02:00 stderr P part"],
    "spec": [
        b'{"image":"busybox","command":["sh"],"env":{"A":"b"},"volumes":["/a:/b:ro"],"publish":["80:80"],"user":"1:2"}',
        b'{"sysctls":{"net.ipv4.ip_forward":"1"},"ulimits":["nofile=1:2"],"devices":["/dev/null:/dev/x:rwm"]}',
    ],
    "stored": [b'{"id":"ab","name":"x","created_at":1,"argv":["sh"]}', b'{"schemaVersion":2,"config":{"digest":"x"}}'],
    "times": [b"2026-01-01T00:00:00.5+02:00", b"1h30m", b"1700000000.25", b"2026-01-01"],
    "syntax": [b"/a:/b:ro,z", b"127.0.0.1:80-90:80-90/udp", b"docker.io/library/busybox:1@sha256:ab", b"-5m", b"web_1"],
}


def _mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8, 32))):
        at = chance.randrange(len(out) + 1)
        how = chance.randrange(4)
        if how == 0 and out:
            out[at % len(out)] ^= 1 << chance.randrange(8)
        elif how == 1:
            out[at:at] = chance.choice((b"../", b"/", b"\0", b"\n", b"-1", b"\xff", b"9" * 20, b"{", b"\x1b]0;"))
        elif how == 2:
            del out[at : at + chance.choice((1, 2, 16, 512))]
        else:
            out[at:at] = out[: chance.choice((1, 16, 512))]
    return bytes(out)


def parsers(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S3: the tar extractor and the parsers of logs, requests and flags: refusals and nothing else."""
    del world
    chance, tally = random.Random(seed), Tally()
    each = (sample or 100_000) // len(TARGETS)
    for name, target in TARGETS.items():
        steered = 0
        if sample is None:
            steered = _steered(name, each, tally)
        for _ in range(max(0, each - steered) if name != "tar" or sample else each // 10):
            data = _mutated(chance.choice(SEEDS[name]), chance)
            try:
                target(data)
            except Exception as problem:
                tally.failures.append(f"{name}: {type(problem).__name__}: {problem!s:.300} for {data[:200]!r}")
                break
            tally.kills += 1
        tally.kills += steered
        yield tally


def _steered(name: str, runs: int, tally: Tally) -> int:
    """How often atheris has called the target; 0 where it is not installed."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        return 0
    with tempfile.TemporaryDirectory(prefix="seabox-corpus-") as corpus:
        for number, data in enumerate(SEEDS[name]):
            with open(f"{corpus}/{number}", "wb") as file:
                file.write(data)
        words_of = [
            sys.executable,
            "-m",
            "trust.fuzz",
            name,
            f"-runs={runs}",
            "-max_total_time=60",
            "-rss_limit_mb=2048",
        ]
        done = subprocess.run(
            [*words_of, f"-artifact_prefix={corpus}/", corpus], capture_output=True, text=True, check=False
        )
    if done.returncode:
        tally.failures.append(f"{name}: atheris: {done.stderr[-600:]}")
    counts = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Done ")]
    return int(counts[-1]) if counts else 0


def digests(world: World, *, sample: int | None, seed: int) -> Iterator[Tally]:
    """S9: any byte of any blob of an image is another: refused, or it was no part of the image."""
    del world
    chance, tally = random.Random(seed), Tally()
    for number in range(20):
        layer = archive(folder("d"), entry(f"d/file{number}", data=os.urandom(200)), link("l", "d"))
        whole = oci_archive(layer)
        with tempfile.TemporaryDirectory(prefix="seabox-trust-", dir=FAST) as place:
            genuine = _loaded(place, "genuine", whole)
            assert genuine is not None
            for turn in range((sample or 2000) // 20):
                spoilt = bytearray(whole)
                at = chance.randrange(len(spoilt))
                spoilt[at] ^= 1 << chance.randrange(8)
                found = _loaded(place, f"spoilt{turn}", bytes(spoilt))
                tally.kills += 1
                if found is not None and found != genuine:
                    tally.failures.append(f"image {number}: byte {at} is another, and so is the image")
        yield tally


def _loaded(place: str, name: str, data: bytes) -> tuple[str, str] | None:
    """The image's id and what its layer holds; None if it is refused."""
    path = f"{place}/{name}.tar"
    with open(path, "wb") as file:
        file.write(data)
    images = Images(f"{place}/{name}", MemoryImageIndex())
    try:
        images.load(path)
        (row,) = images.list()
    except (SeaboxError, OSError):
        return None
    finally:
        os.unlink(path)
    return row.id, told_of(images.layer_dir(row.layers[0]))


def told_of(top: str) -> str:
    """A digest of the names and bytes below a directory."""
    told = hashlib.sha256()
    for folder_of, _, names in sorted(os.walk(top)):
        for one in sorted(names):
            told.update(one.encode())
            with suppress(OSError), open(f"{folder_of}/{one}", "rb") as file:
                told.update(file.read())
    return told.hexdigest()


def main() -> None:
    """atheris on one target: python -m trust.fuzz TARGET FLAGS... CORPUS"""
    import atheris

    target = TARGETS[sys.argv[1]]
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
