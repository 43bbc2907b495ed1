"""buildah over a containers-storage of our own: for builds, and for lists of images.

    <top>/<driver>    the storage
    <top>/.lock       shared by all who use it, held alone by whoever clears away

buildah sees mounts of its own, which end with it, and is asked to end when we are killed.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager

import msgspec

from ..errors import SeaboxError, Unsupported
from ..kernel.files import make_dirs, remove_tree, write_all, write_file
from ..kernel.process import end_group, reap, spawn
from ..kernel.programs import run
from ..kernel.watch import Watch
from ..model.decoding import decode
from .sharing import shared
from .skopeo import registries_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from ..kernel.watch import Cancel
    from .needs import Host

    Account = Callable[[int, bytes], None]

_LOCK_TIMEOUT = 60.0  # s
_GRACE = 10.0  # s, until buildah has ended what it runs
_TAIL = 200  # bytes
_VERSION = re.compile(r"version (\d+(?:\.\d+)*)")


class BuildFailed(SeaboxError):
    """buildah ended with an error, which it has explained on stderr; its exit code is ours."""

    def __init__(self, code: int) -> None:
        super().__init__(f"building failed: buildah ended with exit code {code}")
        self.exit_code = code


class Stored(msgspec.Struct, frozen=True):
    """What the storage knows of an image, or a container."""

    id: str
    names: list[str] | None = None
    created: str = ""


class Buildah:
    """buildah, its storage below `top`. `place`: a directory that ends with what is done.

    `account` hears what it writes to 1 and 2, in place of our own; it ends when `cancel` is fired.
    """

    def __init__(
        self, top: str, host: Host, driver: str, mounts_file: str = "", *, account: Account | None = None,
        cancel: Cancel | None = None,
    ) -> None:  # fmt: skip
        if not host.buildah:
            raise Unsupported("buildah was not found: install it to build images")
        self._top, self._host, self._driver, self._mounts_file = top, host, driver, mounts_file
        self._account, self._cancel = account, cancel
        self._registries = registries_option(host.env)
        self._apart = [host.setpriv, "--pdeathsig", "TERM"] if host.setpriv else []
        self._apart += [host.unshare, "--mount", "--propagation", "private"] if host.unshare else []
        self.place = ""

    @contextmanager
    def ready(self, known: Collection[str] | None = None) -> Iterator[None]:
        """The storage is there, and what killed builds left is gone from it. Raises: Busy.

        `known`: of the images with a name, those with other ids are gone as well, and all that led to them.
        """
        make_dirs(self._top)
        with shared(f"{self._top}/.lock", "the storage of buildah", lambda: self._clear(known), _LOCK_TIMEOUT):
            yield

    def _clear(self, known: Collection[str] | None) -> None:
        self.place = f"{self._top}/.run"
        try:
            if self._stored("containers"):
                self.run("rm", "--all", quiet=True)
            if known is not None:
                gone = [image.id for image in self._stored("images") if image.names and image.id not in known]
                if gone:
                    self.run("rmi", "--force", *gone, quiet=True)
        finally:
            remove_tree(self.place)

    def _stored(self, what: str) -> list[Stored]:
        return stored(f"{self._store}/{self._driver}-{what}", what)

    def give(self, directory: str, name: str) -> None:
        """The image in the directory (in skopeo's form `dir:`) is in the storage."""
        target = f"containers-storage:[{self._driver}@{self._store}+{self.place}/run]{name}"
        self._run([self._host.skopeo, *self._registries, "copy", "-q", f"dir:{directory}", target])

    def run(self, *words: str, quiet: bool = False, stdout: int = 2) -> bytes:
        """It has done this; the end of what it said, which is on `stdout` as well. Raises: BuildFailed."""
        store = ["--root", self._store, "--runroot", f"{self.place}/run", "--storage-driver", self._driver]
        store += ["--default-mounts-file", self._mounts_file] if self._mounts_file else []
        return self._run([self._host.buildah, *store, *self._registries, *words], quiet=quiet, stdout=stdout)

    @property
    def _store(self) -> str:
        return f"{self._top}/{self._driver}"

    def _run(self, argv: Sequence[str], *, quiet: bool = False, stdout: int = 2) -> bytes:
        def tell(stream: int, piece: bytes) -> None:
            if self._account is not None and not quiet:
                self._account(stream, piece)
            elif not quiet:
                write_all(stdout if stream == 1 else 2, piece)

        both = quiet or self._account is not None
        code, said = _ended([*self._apart, *argv], self._environment(), tell, self._cancel, both=both)
        if code != 0 and not quiet:
            raise BuildFailed(code if code is not None and code > 0 else 125)
        return said

    def _environment(self) -> Mapping[str, str]:
        """Without a configuration of the user's, one that has no plugins of the kind that older buildahs look for."""
        if "CONTAINERS_CONF" in self._host.env:
            return self._host.env
        path = f"{self.place}/containers.conf"
        make_dirs(self.place)
        if not os.path.exists(path):
            write_file(path, b'[network]\nnetwork_backend = "netavark"\n')
        return {**self._host.env, "CONTAINERS_CONF": path}


def stored(folder: str, what: str) -> list[Stored]:
    """The `what` ("images", "containers") in this folder of a storage; none, if that cannot be read."""
    try:
        with open(f"{folder}/{what}.json", "rb") as file:
            return decode(file.read(), list[Stored])
    except (OSError, msgspec.DecodeError):
        return []


def version(host: Host) -> tuple[int, ...]:
    """The host's buildah, as (1, 28, 2); () if it does not say. Raises: OSError, TimedOut."""
    said = run([host.buildah, "--version"], env=host.env, timeout_seconds=_LOCK_TIMEOUT).out.decode(errors="replace")
    found = _VERSION.search(said)
    return tuple(map(int, found[1].split("."))) if found else ()


def _ended(
    argv: Sequence[str], env: Mapping[str, str], tell: Account, cancel: Cancel | None, *, both: bool
) -> tuple[int | None, bytes]:
    """The program's exit code, and the end of its output; `tell` heard its words (`both`: its complaints as well)."""
    with ExitStack() as undo:
        streams: dict[int, int] = {}
        theirs: dict[int, int] = {}
        for stream in (1, 2) if both else (1,):
            ours, theirs[stream] = os.pipe()
            streams[ours] = stream
            undo.callback(os.close, ours)
        try:
            pid = spawn(argv, env=env, cwd=os.getcwd(), stdout=theirs[1], stderr=theirs.get(2, 2), new_group=True)
        finally:
            for fd in theirs.values():
                os.close(fd)
        said = b""
        try:
            with Watch(cancel) as watch:
                for fd in streams:
                    watch.add_fd(fd)
                left = len(streams)
                while left:
                    for fd in streams.keys() & watch.wait():
                        piece = os.read(fd, 1 << 16)
                        if not piece:
                            watch.drop_fd(fd)
                            left -= 1
                            continue
                        tell(streams[fd], piece)
                        if streams[fd] == 1:
                            said = (said + piece)[-_TAIL:]
            return reap(pid), said
        except BaseException:
            end_group(pid, _GRACE)  # killed at once, it would leave what it runs
            raise
