"""Files into containers and out of them, for both APIs: who they are, and how that is told in a header."""

from __future__ import annotations

import posixpath
import stat
from base64 import b64encode

import msgspec

from ..errors import InvalidArgument
from ..model.times import rfc3339
from .routing import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..container.container import Container
    from ..container.copy import Outgoing
    from .request import Request

PATH = text("path", about="Where in the container")
KINDS = {"C": 0, "A": 1, "D": 2}  # of changes, as both APIs number them
_HEADER = "X-Docker-Container-Path-Stat"
# Go's bits of a mode beyond those for reading, writing and executing
_KINDS = {
    stat.S_IFDIR: 1 << 31, stat.S_IFLNK: 1 << 27, stat.S_IFBLK: 1 << 26, stat.S_IFIFO: 1 << 25, stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}  # fmt: skip
_BITS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


def go_mode(mode: int) -> int:
    """A mode as Go counts it."""
    return stat.S_IMODE(mode) & 0o777 | _KINDS.get(stat.S_IFMT(mode), 0) | sum(
        go for bit, go in _BITS if mode & bit
    )  # fmt: skip


def given_path(ask: Request) -> str:
    """Where in the container. Raises: InvalidArgument."""
    if not (path := ask.text("path")):
        raise InvalidArgument("missing `path` parameter: bad parameter: 'path' cannot be empty")
    return path


def cleaned(path: str) -> str:
    """The path from the root on, without detours; what says that it is a directory, "/" or "/.", stays at its end."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    if clean != "/":
        if path.endswith("/."):
            return clean + "/."
        if path.endswith("/"):
            return clean + "/"
    return clean


def told(ctr: Container, path: str, found: Outgoing) -> dict[str, str]:
    """The header that says what is at the path, as Docker has it: a link is one, and where it leads."""
    name = posixpath.basename(path.rstrip("/")) or "/"
    target = _whole(ctr, found.leads_to(path)) if stat.S_ISLNK(found.mode) else ""
    return _header(_about(found, name, target))


def told_to_podman(ctr: Container, path: str, found: Outgoing) -> dict[str, str]:
    """As `told`, as podman has it: of what a link leads to, and always with the whole path."""
    target = _whole(ctr, path if path.endswith("/") else found.leads_to(path))
    return _header(_about(found, posixpath.basename(target) or "/", target) | {"isDir": found.is_dir})


def _whole(ctr: Container, path: str) -> str:
    """The path from the root on, without detours."""
    return posixpath.normpath(posixpath.join("/", ctr.config().workdir or "/", path))


def _about(found: Outgoing, name: str, target: str) -> dict[str, object]:
    return {
        "name": name, "size": found.size, "mode": go_mode(found.mode), "mtime": rfc3339(found.modified),
        "linkTarget": target,
    }  # fmt: skip


def _header(about: dict[str, object]) -> dict[str, str]:
    return {_HEADER: b64encode(msgspec.json.encode(about)).decode()}
