"""Builds, for both APIs: the context is unpacked, buildah builds, and the client hears of it as it goes."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import partial

import msgspec

from ..errors import InvalidArgument
from ..images.arrival import is_address
from ..images.buildah import BuildFailed
from ..images.skopeo import Access
from ..kernel.files import make_dir, write_file
from .build_account import Account
from .build_context import Context
from .build_network import network
from .build_order import build_arguments, cache_from, policy, words
from .credentials import several
from .image_names import complete, short
from .progress import failure, on_loopback
from .response import json_line
from .telling import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..engine import Engine
    from ..kernel.watch import Cancel
    from .request import Request
    from .response import Response
    from .telling import Tell

    More = Callable[[Context, str], Sequence[str]]

_STATUS = re.compile(r"exit status (\d{1,3})$")
_FAILED = re.compile(r'building at STEP "RUN (.*)": while running runtime: exit status (\d{1,3})')
_IN_DOCKER = re.compile(r"returned a non-zero code: (\d{1,3})$")


def build(
    on: Engine, ask: Request, *, docker: bool, names: Sequence[str], containerfile: str, further: More
) -> Response:
    """The image is built. `further`: words for buildah that depend on the context and a private directory.

    What is wrong with the request has a status of its own; what fails later is told in the stream.
    """
    with ExitStack() as undo:
        place = undo.enter_context(on.images.workspace())
        context = Context(f"{place}/context")
        make_dir(context.path, 0o700)
        text = _arrived(ask, context)
        if text is None:
            containerfile, text = context.containerfile(containerfile)
        arguments = build_arguments(ask)
        flags = [*words(ask), *further(context, place), *(f"--build-arg={each}" for each in arguments)]
        flags += undo.enter_context(network(on, ask))
        write_file(f"{place}/ignored", context.ignored(containerfile))
        flags.append(f"--ignorefile={place}/ignored")
        if _without_cache(on, ask):
            flags.append("--no-cache=true")
        access = _access(ask, place)
        if access.authfile:
            flags.append(f"--authfile={access.authfile}")
        flags.append(f"--pull={'never' if policy(ask) == 'never' else 'false'}")
        options: dict[str, Any] = {
            "names": tuple(names), "containerfile": text, "build_args": tuple(arguments), "pull": policy(ask),
            "access": access, "runtime": on.runtime,
            "runtime_flags": tuple(on.config.runtime_flags), "strange": True,
            "registry": "docker.io" if docker else "", "reach": partial(_reach, access) if docker else None,
        }  # fmt: skip
        quiet = ask.flag("q")
        rest = undo.pop_all()

    def work(tell: Tell, cancel: Cancel) -> None:
        with rest:
            account = Account(tell, docker=docker, quiet=quiet)
            try:
                id = on.images.build(
                    [*flags, context.path], progress=account.pulling, cancel=cancel, account=account.heard, **options
                )
                account.over()
            except BuildFailed as problem:
                account.over()
                why = account.complaint or str(problem)
                raise BuildRefused(_in_docker(why) if docker else why, problem.exit_code) from None
            if not docker:
                tell(json_line({"stream": f"{id}\n"}))
            elif quiet:
                tell(json_line({"stream": f"sha256:{id}\n"}))
            else:
                tell(json_line({"aux": {"ID": f"sha256:{id}"}}))
                account.say(f"Successfully built {id[:12]}\n")
                for name in names:
                    account.say(f"Successfully tagged {short(name)}\n")

    try:
        return telling(work, ask.cancel, failure, at_once=True)
    except BaseException:
        rest.close()
        raise


class BuildRefused(BuildFailed):
    """buildah ended with an error, in its own words; `code` is of the command that failed in the build, 0 if none."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(code)
        self.args = (words,)
        found = _STATUS.search(words) or _IN_DOCKER.search(words)
        self.code = int(found[1]) if found else 0


def _in_docker(words: str) -> str:
    """buildah's words; those on a command that failed as dockerd has them, by which clients know what failed."""
    found = _FAILED.fullmatch(words)
    return f"The command '/bin/sh -c {found[1]}' returned a non-zero code: {found[2]}" if found else words


def docker_names(ask: Request) -> list[str]:
    """The complete names that docker's clients want for the image. Raises: InvalidArgument."""
    found = [complete(name) for name in ask.texts("t") if name]
    for name in found:
        if "@" in name:
            raise InvalidArgument(f"{name}: a name that is given to an image cannot have a digest")
    return found


def _arrived(ask: Request, context: Context) -> bytes | None:
    """The context is there; the Containerfile's text, if that came alone. Raises: as Context.unpack."""
    remote = ask.text("remote")
    if remote in ("", "client-session"):
        context.unpack(ask.pieces)
        return None
    if not is_address(remote) or remote.partition("#")[0].endswith(".git"):
        raise InvalidArgument("remote must be the address (http, https) of an archive or a Containerfile")
    return context.fetch(remote)


def _reach(access: Access, name: str) -> Access:
    return msgspec.structs.replace(access, tls_verify=on_loopback(complete(name)))


def _without_cache(on: Engine, ask: Request) -> bool:
    """Whether the client names images whose steps may be taken, and none of them is here."""
    names = cache_from(ask)
    return bool(names) and not any(on.images.exists(name) for name in names)


def _access(ask: Request, place: str) -> Access:
    """Credentials in a file that goes with the directory: everybody can read an argv."""
    accounts = several(ask)
    if not accounts:
        return Access()
    entries = {name: account.entry() for name, account in accounts.items()}
    write_file(f"{place}/auth.json", msgspec.json.encode({"auths": entries}))
    return Access(authfile=f"{place}/auth.json")
