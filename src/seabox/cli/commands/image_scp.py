"""`image scp`: an image goes from one machine's store to another's, by the seabox that is there, through ssh."""

from __future__ import annotations

import os
import re
import shutil
from shlex import quote

from seabox.cli.context import engine, say
from seabox.cli.flags import Command
from seabox.cli.transfers import QUIET, progress
from seabox.errors import InvalidArgument, SeaboxError, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments

_HOST = re.compile(r"\w[\w.@:%-]*", re.ASCII)  # no option of ssh


def command(path: str) -> Command:
    """The command's table."""
    return Command(
        path, (QUIET,), "[options] [[USER@]HOST::]IMAGE [[USER@]HOST::]",
        "Copy an image to or from another machine's store", run, least=1, most=2, completion="images",
        description="Through ssh, and by the seabox that the other machine has. Without a host it is the store here.",
        examples=("seabox image scp web root@db.example.org::", "seabox image scp root@db.example.org::web"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Copy it."""
    from seabox.kernel.nameless import open_nameless

    source, image = _place(args.rest[0])
    target, name = _place(args.rest[1]) if len(args.rest) > 1 else ("", "")
    if not image:
        raise InvalidArgument(f"no image in {args.rest[0]!a}: it is [[USER@]HOST::]IMAGE")
    if name:
        raise InvalidArgument(f"{args.rest[1]!a}: the image keeps its name: the destination is [USER@]HOST::")
    if not (source or target):
        raise InvalidArgument("one of source and destination must be another machine: [USER@]HOST::")
    with engine(args) as on:
        on.images.list()  # there is a store
        archive = open_nameless(on.config.root)
        try:
            if source:
                _ssh(source, f"seabox image save --quiet {quote(image)}", stdout=archive)
            else:
                on.images.save([image], archive)
            os.lseek(archive, 0, os.SEEK_SET)
            if target:
                _ssh(target, f"seabox image load{' --quiet' * args.on('quiet')}", stdin=archive, stdout=1)
            else:
                for found in on.images.load(f"/dev/fd/{archive}", progress=progress(args)):
                    say(f"Loaded image: {found if ':' in found else f'sha256:{found}'}")
        finally:
            os.close(archive)
    return 0


def _place(text: str) -> tuple[str, str]:
    """The host ("" = here) and the image. Raises: InvalidArgument."""
    host, mark, image = text.rpartition("::")
    if mark and not _HOST.fullmatch(host):
        raise InvalidArgument(f"{host!a} is not the name of a host")
    return host, image


def _ssh(host: str, words: str, *, stdin: int | None = None, stdout: int) -> None:
    """The command has run on the host. Raises: Unsupported, SeaboxError: it failed, and has said why."""
    from seabox.kernel.process import reap, spawn

    program = shutil.which("ssh")
    if program is None:
        raise Unsupported("ssh was not found: install it to reach another machine")
    code = reap(spawn([program, "--", host, words], env=os.environ, stdin=stdin, stdout=stdout, stderr=2))
    if code:
        raise SeaboxError(f"{host}: {words}: exit code {code}")
