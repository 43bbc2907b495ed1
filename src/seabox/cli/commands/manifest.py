"""`manifest`: buildah's words on lists of images, passed on to it."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, LIST, Command, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_PLATFORM = "annotation arch features os os-features os-version variant"
_REACH = "authfile cert-dir creds"
_BOOLS = ("all", "amend", "insecure", "purge", "quiet", "remove-signatures", "rm", "tls-verify")
# verb -> usage, summary, fewest and most words, flags
_VERBS = {
    "add": ("LIST IMAGE", "Add an image to a list", 2, 2, f"all {_PLATFORM} {_REACH} tls-verify"),
    "annotate": ("LIST IMAGE", "Say more of an image of a list", 2, 2, _PLATFORM),
    "create": ("LIST [IMAGE...]", "Make a list of images for several platforms", 1, None, "all amend tls-verify"),
    "exists": ("LIST", "Exit with 0 if there is such a list, else with 1", 1, 1, ""),
    "inspect": ("LIST", "Show a list", 1, 1, f"{_REACH} insecure tls-verify"),
    "push": ("LIST [DESTINATION]", "Give a list, and its images, to a registry", 1, 2,
             f"all {_REACH} digestfile format purge quiet remove-signatures rm sign-by tls-verify"),
    "remove": ("LIST DIGEST", "Take an image off a list", 2, 2, ""),
    "rm": ("LIST [LIST...]", "Remove lists", 1, None, ""),
}  # fmt: skip
_SHORTS = {"amend": "a", "quiet": "q", "purge": "p", "format": "f"}


def command(path: str) -> Command:
    """The command's table."""
    usage, summary, least, most, names = _VERBS[path.partition(" ")[2]]
    flags = tuple(
        Flag(name, _SHORTS.get(name, ""), BOOL if name in _BOOLS else LIST, "See buildah-manifest(1)")
        for name in names.split()
    )
    return Command(path, flags, f"[options] {usage}", summary, run, least=least, most=most, completion="images")


def run(args: Arguments) -> int:
    """buildah does it, in a storage that holds nothing else."""
    from seabox.cli.transfers import check_authfile
    from seabox.images.buildah import BuildFailed
    from seabox.kernel.files import write_file

    verb = args.command.path.partition(" ")[2]
    flags = []
    for flag in args.command.flags:
        name = "rm" if flag.name == "purge" else flag.name
        if flag.name in _BOOLS:
            flags += [f"--{name}={str(args.on(flag.name)).lower()}"] if args.given(flag.name) else []
        elif flag.name != "digestfile":
            flags += [f"--{name}={value}" for value in args.texts(flag.name)]
            if flag.name == "authfile":
                for path in args.texts("authfile"):
                    check_authfile(path)
    words = list(args.rest)
    if verb == "push" and len(words) == 1:
        words *= 2
    if verb == "push" and len(words) == 2 and "://" not in words[1] and not words[1].startswith(("dir:", "oci:")):
        words[1] = f"docker://{words[1]}"
    sys.stdout.flush()
    try:
        with engine(args) as on:
            digest = on.images.manifest(verb, words, flags=flags, stdout=1)
    except BuildFailed as problem:
        return problem.exit_code  # buildah has said why
    for path in args.texts("digestfile") if verb == "push" else ():
        write_file(path, digest.encode(), 0o644)
    return 0
