"""`build`: buildah's flags, passed on to it."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, Command, Flag
from seabox.cli.transfers import progress
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.images.skopeo import Access

_BOOLS = (
    "all-platforms compress disable-compression disable-content-trust force-rm http-proxy identity-label layers load "
    "logsplit no-cache no-hosts omit-history quiet rm skip-unused-stages squash stdin tls-verify"
).split()
_VALUES = (
    "add-host annotation arch authfile build-arg build-context cache-from cache-to cache-ttl cap-add cap-drop "
    "cert-dir cgroup-parent cgroupns cpp-flag cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems creds "
    "decryption-key device dns dns-option dns-search env from ignorefile ipc isolation jobs label logfile "
    "memory memory-swap network os os-feature os-version pid output platform retry retry-delay secret "
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
        Flag("manifest", "", LIST, "Add the image to this list of images", metavar="list"),
        Flag("pull", "", LIST, "When to pull what the image is made from", bare="true"),
        Flag("pull-always", "", BOOL, "Pull what the image is made from", hidden=True),
        Flag("pull-never", "", BOOL, "Do not pull what the image is made from", hidden=True),
        Flag("squash-all", "", BOOL, "One layer for all that is built and what it is made from"),
        Flag("tag", "t", LIST, "Name of the image"),
    )
    return Command(
        path, tuple(sorted(flags, key=lambda flag: flag.name)), "[options] [CONTEXT]", "Build an image with buildah",
        run, most=1, completion="files", examples=("seabox build -t web .",),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Build it; the last thing that buildah says is its id."""
    context = args.rest[0] if args.rest else "."
    if not os.path.isdir(context) and "://" not in context and context != "-":
        raise InvalidArgument(f'context must be a directory: "{context}"')
    if (args.given("squash") and args.given("layers")) or (args.given("squash-all") and args.given("squash")):
        raise InvalidArgument("cannot specify --squash with --layers and --squash-all with --squash")
    with ExitStack() as opened:
        return _build(args, context, _words(args, opened))


def _build(args: Arguments, context: str, words: list[str]) -> int:
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
            what = "is a directory" if os.path.isdir(path) else "no such file or directory"
            raise InvalidArgument(f"the specified Containerfile or Dockerfile does not exist: {path}: {what}")
        words.append(f"--file={path}")
    if not files and typed is None and "://" not in context:
        raise InvalidArgument("no Containerfile or Dockerfile specified or found in context directory")
    from seabox.images.buildah import BuildFailed

    sys.stdout.flush()
    try:
        with engine(args) as on:
            id = on.images.build(
                [*words, "" if context == "-" else context], names=tuple(args.texts("tag")), files=tuple(files),
                containerfile=typed, build_args=tuple(args.texts("build-arg")), pull=_policy(args),
                access=_access(args),
                runtime=on.runtime, runtime_flags=tuple(on.config.runtime_flags),
                mounts_file=args.outer.text("default-mounts-file") if args.outer else "", stdout=1,
                progress=progress(args),
            )  # fmt: skip
            for name in args.texts("manifest"):
                on.images.manifest("create", [name], flags=["--amend"])
                on.images.manifest("add", [name, id])
    except BuildFailed as problem:
        return problem.exit_code  # buildah has said why
    for path in args.texts("iidfile"):
        from seabox.kernel.files import write_file

        write_file(path, f"sha256:{id}".encode(), 0o644)
    return 0


def _words(args: Arguments, opened: ExitStack) -> list[str]:
    """buildah's flags. As podman's do, builds keep their steps, and --squash keeps the layers that were there."""
    passed = [name for name in _BOOLS if name not in ("squash", "load")]
    words = [f"--{name}={str(args.on(name)).lower()}" for name in passed if args.given(name)]
    if not args.given("layers"):
        squash = args.on("squash") or args.on("squash-all")
        layers = os.environ.get("BUILDAH_LAYERS", "true").lower() in ("true", "1") and not squash
        words.append(f"--layers={str(layers).lower()}")
    if args.on("squash-all"):
        words.append("--squash")
    if not args.given("force-rm"):
        words.append("--force-rm")
    for name in (*_VALUES, "format"):
        values = args.texts(name)
        if name in ("build-arg", "env"):  # without a value: ours, which buildah does not see
            values = [f"{key}={os.environ[key]}" if key in os.environ else key for key in values]
        elif name == "secret":
            values = [_secret(value, opened) for value in values]
        words += [f"--{name}={value}" for value in values]
    return [*words, f"--pull={'never' if _policy(args) == 'never' else 'false'}"]


def _secret(text: str, opened: ExitStack) -> str:
    """A secret as buildah is told of it. Our variables it does not see: one that is meant is a file in our memory."""
    said = dict(word.partition("=")[::2] for word in text.split(","))
    id = said.get("id", "")
    kind = said.get("type") or ("env" if "env" in said or ("src" not in said and id in os.environ) else "file")
    value = os.environ.get(said.get("env") or said.get("src") or id)
    if not id or kind != "env" or value is None:
        return text
    from seabox.kernel.nameless import in_memory

    fd = in_memory(os.fsencode(value))
    opened.callback(os.close, fd)
    return f"id={id},src=/proc/{os.getpid()}/fd/{fd}"


def _policy(args: Arguments) -> str:
    """When the images are pulled that it is made from."""
    if args.on("pull-always"):
        return "always"
    if args.on("pull-never"):
        return "never"
    said = args.texts("pull")[-1].strip().lower() if args.texts("pull") else "false"
    return {"true": "always", "false": "missing", "ifmissing": "missing", "ifnewer": "newer"}.get(said, said)


def _access(args: Arguments) -> Access:
    from seabox.cli.transfers import check_authfile
    from seabox.images.skopeo import Access

    def last(name: str) -> str:
        return (args.texts(name) or [""])[-1]

    check_authfile(last("authfile"))
    tls = args.on("tls-verify") if args.given("tls-verify") else None
    return Access(authfile=last("authfile"), cert_dir=last("cert-dir"), creds=last("creds"), tls_verify=tls)
