"""One more process in a running container: as the first one, but for what was asked otherwise."""

from __future__ import annotations

import errno
import os

import msgspec

from ..errors import InvalidArgument, Refused
from ..kernel.files import open_in_root, write_file
from ..kernel.process import alive
from ..model import oci
from . import capabilities
from .identity import check_user
from .process import first_process
from .text import content, plain
from .users import look_up
from .workdir import absolute_workdir, leads_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig, ExecRequest, Security
    from ..model.record import ProcessId
    from .facts import HostFacts

_MAX_SIZE = 65535  # rows, or columns
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.ENAMETOOLONG)


def check(request: ExecRequest) -> ExecRequest:
    """`request`, its capabilities and working directory in our form, if it makes sense in some container.

    Raises: InvalidArgument.
    """
    if not request.command or not request.command[0]:
        raise InvalidArgument("must provide a non-empty command to start an exec session")
    for word in request.command:
        content("command", word)
    for name, value in request.env.items():
        if not plain("environment variable", name) or "=" in name:
            raise InvalidArgument(f"invalid environment variable name {name!r}")
        content(f"environment variable {name}", value)
    if request.size is not None and not all(0 < length <= _MAX_SIZE for length in request.size):
        raise InvalidArgument("a terminal of {} rows and {} columns cannot be".format(*request.size))
    if not 0 <= request.timeout < 2**31:
        raise InvalidArgument(f"invalid timeout {request.timeout}: must be a number of seconds, 0 for none")
    for fd in request.preserve_fds:
        _require_open(fd)
    if request.user is not None:
        check_user(request.user)
    add, drop = capabilities.parse_changes(request.cap_add, request.cap_drop)
    workdir = None if request.workdir is None else absolute_workdir(request.workdir)
    return msgspec.structs.replace(request, cap_add=add, cap_drop=drop, workdir=workdir)


def _require_open(fd: int) -> None:
    try:
        os.fstat(fd)
    except (OSError, OverflowError):
        raise InvalidArgument(f"file descriptor {fd} is not open: it cannot be preserved") from None


def exec_process(config: ContainerConfig, request: ExecRequest, root: str, facts: HostFacts) -> oci.Process:
    """The process that a checked request describes, in the container whose files are seen below `root`.

    Raises: Refused (126): no such user or group, no such directory, a capability that is not ours to give.
    """
    identity = look_up(root, config.user if request.user is None else request.user, config.groups, config.host_users)
    security = _security(config.security, request)
    env = dict(config.env)
    if request.tty:
        env.setdefault("TERM", "xterm")
    same = msgspec.structs.replace(
        config,
        argv=request.command,
        init=False,
        tty=request.tty,
        env=env | request.env,
        workdir=config.workdir if request.workdir is None else request.workdir,
        security=security,
    )
    _check_workdir(same, root)
    process = first_process(same, identity, capabilities.held(security, facts), facts)
    if request.size is None:
        return process
    return msgspec.structs.replace(process, console_size=oci.ConsoleSize(height=request.size[0], width=request.size[1]))


def write_process(
    config: ContainerConfig, request: ExecRequest, init: ProcessId, path: str, facts: HostFacts
) -> None:
    """The file `path` is what a runtime needs to execute this request beside the process `init`.

    Users and directories are looked up as that process sees them, with all that is mounted there.

    Raises: as `exec_process`; ProcessLookupError (`init` has ended).
    """
    try:
        root = os.open(f"/proc/{init.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProcessLookupError(errno.ESRCH, "the container has ended") from None
    try:
        if not alive(init):  # asked after the root was opened: it is this process's and no later one's
            raise ProcessLookupError(errno.ESRCH, "the container has ended")
        process = exec_process(config, request, f"/proc/self/fd/{root}", facts)
    finally:
        os.close(root)
    write_file(path, oci.encode(process), 0o600)


def _security(security: Security, request: ExecRequest) -> Security:
    """What the process may do; of `privileged` only the capabilities: filters and masks are the container's."""
    if request.privileged:
        security = msgspec.structs.replace(security, privileged=True, cap_drop=())
    gone = frozenset(request.cap_drop)
    kept = tuple(name for name in security.cap_add if name not in gone and "ALL" not in gone)
    dropped = tuple(name for name in security.cap_drop if name not in request.cap_add)
    return msgspec.structs.replace(
        security, cap_add=(*kept, *request.cap_add), cap_drop=(*dropped, *request.cap_drop)
    )


def _check_workdir(config: ContainerConfig, root: str) -> None:
    """The working directory is a directory of the container, by whatever links one comes to it."""
    try:
        fd = open_in_root(root, config.workdir, os.O_PATH | os.O_DIRECTORY)
    except OSError as problem:
        if problem.errno not in _NOT_THERE:
            raise
        raise Refused(f'workdir "{config.workdir}" does not exist on container {config.id}') from None
    try:
        found = os.readlink(f"/proc/self/fd/{fd}").removeprefix(os.path.realpath(root).rstrip("/")) or "/"
    finally:
        os.close(fd)
    if leads_out(found):
        raise Refused(f'workdir "{config.workdir}" on container {config.id} is a link to {found!r}: not followed')
