"""Lines of /etc/passwd that the engine adds for users that the image does not know."""

from __future__ import annotations

import pwd

from ..errors import InvalidArgument
from .identity import is_number
from .text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.container import ContainerConfig
    from .users import Identity


def check_entry(text: str) -> str:
    """`text`, if it can be a line of passwd. Raises: InvalidArgument."""
    if text and plain("passwd entry", text).count(":") < 6:
        raise InvalidArgument(f"invalid passwd entry {text!a}: it needs seven fields")
    return text


def host_users(names: Iterable[str]) -> tuple[str, ...]:
    """The lines that users of this host have in its passwd. Raises: InvalidArgument for one that it does not know."""
    found = []
    for name in names:
        try:
            user = pwd.getpwuid(int(name)) if is_number(name) else pwd.getpwnam(plain("user", name))
        except (KeyError, OverflowError):
            raise InvalidArgument(f"user: unknown user {name}") from None
        found.append(f"{user.pw_name}:*:{user.pw_uid}:{user.pw_gid}:{user.pw_gecos}:{user.pw_dir}:/bin/sh")
    return tuple(found)


def missing(config: ContainerConfig, identity: Identity, known: bytes) -> bytes:
    """The lines to add to a passwd file that says `known`: for the container's user, and for the host's users."""
    lines = []
    if config.passwd and not identity.listed and identity.uid:
        lines.append(_own(config, identity))
    taken = {line.split(b":")[0] for line in known.splitlines()}
    lines += [line for line in config.host_users if line.partition(":")[0].encode() not in taken]
    if not lines:
        return b""
    gap = "" if not known or known.endswith(b"\n") else "\n"
    return (gap + "".join(f"{line}\n" for line in lines)).encode()


def _own(config: ContainerConfig, identity: Identity) -> str:
    uid, gid, home = str(identity.uid), str(identity.gid), identity.home
    if not config.passwd_entry:
        return f"{uid}:*:{uid}:{gid}:container user:{home}:/bin/sh"
    line = config.passwd_entry
    for name, value in (("USERNAME", uid), ("UID", uid), ("GID", gid), ("NAME", uid), ("HOME", home)):
        line = line.replace(f"${name}", value)
    return line
