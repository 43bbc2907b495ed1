"""How an error is told to an HTTP client: its status, and a body that Docker's clients and podman's understand."""

from __future__ import annotations

import errno
import sys
import traceback

from ..errors import NoSuchContainer, NoSuchImage, SeaboxError
from .response import Response, json
from .routing import WrongMethod

_OF_ERRNO = {
    errno.ENOENT: 404, errno.ENOTDIR: 400, errno.EISDIR: 400, errno.ENAMETOOLONG: 400, errno.ELOOP: 400,
    errno.EINVAL: 400, errno.EACCES: 403, errno.EPERM: 403, errno.EROFS: 403, errno.EEXIST: 409, errno.EBUSY: 409,
    errno.ENOSPC: 507, errno.EDQUOT: 507,
}  # fmt: skip
_CAUSES = ((NoSuchContainer, "no such container"), (NoSuchImage, "image not known"))


def status_of(problem: Exception) -> int:
    """The status that tells an HTTP client what to do about it."""
    if isinstance(problem, SeaboxError):
        return problem.http_status
    if isinstance(problem, OSError) and problem.errno is not None:
        return _OF_ERRNO.get(problem.errno, 500)
    return 500


def answer(problem: Exception, *, libpod: bool = False) -> Response:
    """What the client is told. One that nobody expects is also told to whoever runs the service."""
    status = status_of(problem)
    if not isinstance(problem, (SeaboxError, OSError)):
        traceback.print_exception(problem, file=sys.stderr)
    headers = {"Allow": ", ".join(problem.allowed)} if isinstance(problem, WrongMethod) else None
    return json(body(problem, status, libpod=libpod), status, headers)


def body(problem: Exception, status: int, *, libpod: bool) -> dict[str, object]:
    """The error in words, and the last of its causes, which podman's clients look for."""
    text = str(problem) or type(problem).__name__
    if isinstance(problem, NoSuchContainer) and not libpod:
        text = f"No such container: {problem.name}"  # some of Docker's clients look for that
    return {"cause": _cause(problem, text), "message": text, "response": status}


def _cause(problem: Exception, text: str) -> str:
    """podman's words for it; Docker's clients are told the same in others."""
    for kind, words in _CAUSES:
        if isinstance(problem, kind):
            return words
    return text.rpartition(": ")[2]
