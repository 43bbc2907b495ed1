"""`build`: buildah's flags, passed on to it."""

from __future__ import annotations

import os
import sys

from seabox.cli.context import engine, say
from seabox.cli.flags import BOOL, LIST, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_BOOLS = (
    "all-platforms compress disable-compression disable-content-trust force-rm http-proxy identity-label layers "
    "logsplit no-cache no-hosts omit-history quiet rm skip-unused-stages squash stdin tls-verify"
).split()
_VALUES = (
    "add-host annotation arch authfile build-arg build-context cache-from cache-to cache-ttl cap-add cap-drop "
    "cert-dir cgroup-parent cgroupns cpp-flag cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems creds "
    "decryption-key device dns dns-option dns-search env from ignorefile ipc isolation jobs label logfile "
    "manifest memory memory-swap network os os-feature os-version pid output platform retry retry-delay secret "
    "security-opt shm-size sign-by ssh target timestamp ulimit unsetenv userns userns-gid-map userns-gid-map- "
    "group userns-uid-map userns-uid-map-user uts variant volume"
).split()
_SHORTS = {"output": "o", "quiet": "q", "memory": "m", "volume": "v", "cpu-shares": "c"}
_NAMES = ("Containerfile", "Dockerfile")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        *(Flag(name, _SHORTS.get(name, ""), BOOL, "See buildah-build(1)") for name in _BOOLS),
        *(Flag(name, _SHORTS.get(name, ""), LIST, "See buildah-build(1)") for name in _VALUES),
        Flag("file", "f", LIST, "Containerfile", metavar="file", completion="files"),
        Flag("format", "", LIST, "Kind of manifest: oci or docker"),
        Flag("iidfile", "", LIST, "Write the image's id to this file", metavar="file", completion="files"),
        Flag("pull", "", LIST, "When to pull what the image is made from", bare="true"),
        Flag("squash-all", "", BOOL, "One layer for all that is built and what it is made from"),
        Flag("tag", "t", LIST, "Name of the image"),
    )
    return Command(
        path, tuple(sorted(flags, key=lambda flag: flag.name)), "[options] [CONTEXT]", "Build an image with buildah",
        run, most=1, completion="files", examples=("seabox build -t web .",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Build it and print its id."""
    context = args.rest[0] if args.rest else "."
    if not os.path.isdir(context) and "://" not in context and context != "-":
        raise InvalidArgument(f'context must be a directory: "{context}"')
    words = [f"--{name}={str(args.on(name)).lower()}" for name in _BOOLS if args.given(name)]
    for name in (*_VALUES, "format", "pull"):
        words += [f"--{name}={value}" for value in args.texts(name)]
    if args.on("squash-all"):
        words.append("--squash")
    files = args.texts("file")
    typed: bytes | None = None
    if context == "-" or files == ["-"]:
        typed = sys.stdin.buffer.read()
        files = []
    elif not files:
        files = [path for name in _NAMES if os.path.exists(path := os.path.join(context, name))][:1]
    elif not all(map(os.path.exists, files)):
        files = [path if os.path.exists(path) else os.path.join(context, path) for path in files]
    for path in files:
        if not os.path.isfile(path):
            raise InvalidArgument(f"the specified Containerfile or Dockerfile does not exist: {path}")
        words.append(f"--file={path}")
    if not files and typed is None and "://" not in context:
        raise InvalidArgument("no Containerfile or Dockerfile specified or found in context directory")
    with engine(args) as on:
        runtime = on.info()["Host"]["OCIRuntime"]["Path"]
        words.append("" if context == "-" else context)
        id = on.images.build(words, args.texts("tag"), files, containerfile=typed, runtime=runtime)
    for path in args.texts("iidfile"):
        from seabox.kernel.files import write_file

        write_file(path, f"sha256:{id}".encode(), 0o644)
    say(id)
    return 0
