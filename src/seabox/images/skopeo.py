"""skopeo: registries, their mirrors, credentials and policies are its affair; this runs it and hears what it says."""

from __future__ import annotations

import base64
import os
from contextlib import ExitStack, contextmanager

import msgspec

from ..errors import InvalidArgument, SeaboxError, TimedOut
from ..kernel.files import remove_file, write_file
from ..kernel.process import kill_group, reap, spawn
from ..kernel.programs import Running
from ..kernel.watch import Watch
from ..model.digests import hex_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..kernel.watch import Cancel

    Progress = Callable[[str], None]

_INSPECT_TIMEOUT = 300.0  # s
_MANIFEST_LIMIT = 16 << 20
_UNKNOWN = ("manifest unknown", "name unknown", "repository name not known", "access to the resource is denied")


class TransferFailed(SeaboxError):
    """The registry, or the way to it, refused; `words` is what skopeo said."""

    http_status = 500

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a registry is reached. "" and None = as the host's configuration says."""

    authfile: str = ""
    creds: str = ""  # USERNAME:PASSWORD
    token: str = ""  # an identity token, as some registries give for a password; USERNAME may then be ""
    cert_dir: str = ""
    tls_verify: bool | None = None


class NotInRegistry(TransferFailed):
    """The registry has no such image, or does not let everybody know that it has."""

    http_status = 404


def _refusal(words: str) -> TransferFailed:
    return (NotInRegistry if any(each in words for each in _UNKNOWN) else TransferFailed)(words)


def registries_option(env: Mapping[str, str]) -> tuple[str, ...]:
    """What makes skopeo and buildah read the registries.conf that podman's variable names: they do not know it."""
    path = env.get("CONTAINERS_REGISTRIES_CONF", "")
    return ("--registries-conf", path) if path else ()


class Skopeo:
    """The program at `path`, run with the environment `env`; when `cancel` is fired, what blocks raises Cancelled."""

    __slots__ = ("_argv", "_cancel", "_env")

    def __init__(self, path: str, env: Mapping[str, str], cancel: Cancel | None = None) -> None:
        self._argv, self._env, self._cancel = (path, *registries_option(env)), env, cancel

    def manifest(self, reference: str, access: Access, workspace: str) -> bytes:
        """The raw manifest, or index, of REGISTRY/NAME:TAG or @DIGEST. Blocks.

        Raises: TransferFailed.
        """
        with access_flags(access, workspace, reference) as flags:
            return self._inspect(["--raw", *flags, f"docker://{reference}"], reference)

    def config(self, reference: str, access: Access, workspace: str) -> bytes:
        """The raw configuration of an image that is no index. Raises: TransferFailed."""
        with access_flags(access, workspace, reference) as flags:
            return self._inspect(["--config", "--raw", *flags, f"docker://{reference}"], reference)

    def tags(self, repository: str, access: Access, workspace: str) -> list[str]:
        """The tags of REGISTRY/NAME. Raises: TransferFailed."""
        with access_flags(access, workspace, repository) as flags:
            said = self._ask(["list-tags", *flags, f"docker://{repository}"])
        return [str(tag) for tag in msgspec.json.decode(said).get("Tags") or []]

    def sign(self, manifest: str, reference: str, identity: str, output: str) -> None:
        """`output` is a signature by this key of the manifest in the file. Raises: TransferFailed."""
        self._ask(["standalone-sign", "--output", output, manifest, reference, identity])

    def _inspect(self, arguments: Sequence[str], reference: str) -> bytes:
        try:
            done = Running(
                [*self._argv, "inspect", *arguments], env=self._env, timeout_seconds=_INSPECT_TIMEOUT,
                output_limit=_MANIFEST_LIMIT,
            ).finish(self._cancel)
        except TimedOut:
            raise TransferFailed(f"initializing source docker://{reference}: no answer in time") from None
        if done.code:
            words = _said(done.err).partition(f'docker://{reference}": ')
            raise _refusal(f"initializing source docker://{reference}: {words[2] or words[0]}")
        return done.out

    def copy(
        self, source: str, target: str, *, progress: Progress | None, source_access: Access | None = None,
        target_access: Access | None = None, workspace: str, options: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """The image is copied; what skopeo says meanwhile goes line by line to `progress`. Blocks.

        Raises: TransferFailed.
        """
        with ExitStack() as undo:
            flags: list[str] = []
            for word, access, place in (("src", source_access, source), ("dest", target_access, target)):
                if access is not None:
                    found = undo.enter_context(access_flags(access, workspace, place.partition("://")[2] or place))
                    flags += [flag.replace("--", f"--{word}-", 1) for flag in found]
            self._stream(["copy", *flags, *options, source, target], progress)

    def login(self, registry: str, username: str, password: str, access: Access) -> str:
        """The credentials are right and kept in the authentication file; what skopeo says. Raises: TransferFailed."""
        flags = [*_plain_flags(access), "--username", username, "--password-stdin", registry]
        return self._ask(["login", *flags], password.encode() + b"\n")

    def user(self, registry: str, access: Access) -> str:
        """Who is logged in there. Raises: TransferFailed."""
        return self._ask(["login", "--get-login", *_plain_flags(access), registry])

    def logout(self, registry: str, access: Access) -> str:
        """No credentials for the registry (all, if it is "") are kept. Raises: TransferFailed."""
        flags = ["--authfile", access.authfile] if access.authfile else []
        return self._ask(["logout", *flags, *([registry] if registry else ["--all"])])

    def _ask(self, arguments: Sequence[str], answer: bytes = b"") -> str:
        done = Running([*self._argv, *arguments], env=self._env, input=answer, timeout_seconds=60).finish(self._cancel)
        if done.code:
            raise _refusal(_said(done.err))
        return done.out.decode(errors="replace").strip()

    def _stream(self, arguments: Sequence[str], progress: Progress | None) -> None:
        with ExitStack() as undo:
            said = os.memfd_create("stderr")
            undo.callback(os.close, said)
            ours, theirs = os.pipe()
            undo.callback(os.close, ours)
            try:
                pid = spawn(
                    [*self._argv, *arguments], env=self._env, stdout=theirs, stderr=said, new_group=True
                )  # fmt: skip
            finally:
                os.close(theirs)
            try:
                for line in self._lines(ours):
                    if progress is not None and line.strip():
                        progress(line.rstrip())
                code = reap(pid)
            except BaseException:
                kill_group(pid)
                raise
            if code:
                raise _refusal(_said(os.pread(said, 1 << 16, 0)))


    def _lines(self, fd: int) -> Iterator[str]:
        """What is written to the pipe, until its end. Raises: Cancelled."""
        kept = b""
        with Watch(self._cancel) as watch:
            watch.add_fd(fd)
            while watch.wait() and (data := os.read(fd, 1 << 16)):
                *whole, kept = (kept + data).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
        yield kept.decode(errors="replace")


def _said(words: bytes) -> str:
    """The message of skopeo's last line: `time="..." level=fatal msg="..."`."""
    line = (words.decode(errors="replace").strip().splitlines() or ["skopeo failed"])[-1]
    _, found, text = line.partition(" msg=")
    if found and text.startswith('"'):
        try:
            return str(msgspec.json.decode(text.encode()))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return text.strip('"')
    return text if found else line


def _plain_flags(access: Access) -> list[str]:
    flags = []
    if access.authfile:
        flags += ["--authfile", access.authfile]
    if access.cert_dir:
        flags += ["--cert-dir", access.cert_dir]
    if access.tls_verify is not None:
        flags.append(f"--tls-verify={str(access.tls_verify).lower()}")
    return flags


@contextmanager
def access_flags(access: Access, workspace: str, place: str) -> Iterator[list[str]]:
    """skopeo's words for it. Credentials go through a file of ours, for everybody can read an argv."""
    if not (access.creds or access.token):
        yield _plain_flags(access)
        return
    if access.authfile:
        raise InvalidArgument("--authfile and --creds cannot be set together")
    registry = place.partition("/")[0]
    path = f"{workspace}/auth.{os.urandom(4).hex()}"
    entry = {"auth": base64.b64encode((access.creds or ":").encode()).decode()}
    if access.token:
        entry["identitytoken"] = access.token
    write_file(path, msgspec.json.encode({"auths": {registry: entry}}))
    try:
        yield _plain_flags(msgspec.structs.replace(access, creds="", token="", authfile=path))
    finally:
        remove_file(path)


def layout_digest(workspace: str) -> str:
    """The sha256 of the manifest of an OCI layout with one image."""
    with open(f"{workspace}/index.json", "rb") as file:
        index = msgspec.json.decode(file.read())
    return hex_digest(index["manifests"][0]["digest"])
