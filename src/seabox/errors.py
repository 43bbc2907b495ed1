"""Every error seabox raises on purpose: the class says what the caller can do about it.

`http_status` and `exit_code` are class attributes, so the two faces (HTTP service, command line) need no table
of their own. Facts are attributes; the text is one line made from them. Rooms add narrower classes beside the
code that raises them.
"""

from __future__ import annotations

_CONTROLS = {code: ascii(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


class SeaboxError(Exception):
    """Base of every error this package raises on purpose; its text is one line whatever a caller or a runtime said."""

    http_status = 500
    exit_code = 125

    def __str__(self) -> str:
        return super().__str__().translate(_CONTROLS)


class InvalidArgument(SeaboxError):
    """The request itself is wrong: mend it and call again. Nothing was changed."""

    http_status = 400


class Unsupported(SeaboxError):
    """This host, runtime or version of seabox cannot do it; the text names what is missing and how to get it."""

    http_status = 501


class NotFound(SeaboxError):
    """The named object does not exist."""

    http_status = 404


class NoSuchContainer(NotFound):
    """No container has this name, id or unique id prefix."""

    def __init__(self, name: str) -> None:
        super().__init__(f'no container with name or ID "{name}" found: no such container')
        self.name = name


class RemovalFinished(NoSuchContainer):
    """A removal that had been cut short was completed by this call: the container is gone. For a remover, success."""


class NoSuchImage(NotFound):
    """No image has this name or id in the local store."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: image not known")
        self.name = name


class Conflict(SeaboxError):
    """The object exists but its present condition forbids the call: change the condition first."""

    http_status = 409


class NameInUse(Conflict):
    """Another container has this name."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(
            f'the container name "{name}" is already in use by {owner}. You have to remove that container to be able '
            "to reuse that name: that name is already in use"
        )
        self.name, self.owner = name, owner


class NoSuchPod(NotFound):
    """No pod has this name, id or unique id prefix."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no pod with name or ID {name} found: no such pod")
        self.name = name


class PodNameInUse(Conflict):
    """A pod has this name, or a container where a pod is to have it: they share their names."""

    def __init__(self, name: str, kind: str = "pod") -> None:
        super().__init__(f'name "{name}" is in use: {kind} already exists')
        self.name = name


class AmbiguousName(Conflict):
    """The id prefix fits more than one object: give more of it."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"more than one result for container name or ID {prefix}: container already exists")
        self.prefix = prefix


class StateConflict(Conflict):
    """The container is in a state that forbids the operation."""

    def __init__(self, container_id: str, status: str, wanted: tuple[str, ...], text: str = "") -> None:
        super().__init__(
            (text or f"container {container_id} is {status}; this needs it to be {' or '.join(wanted)}")
            + ": container state improper"
        )
        self.container_id, self.status, self.wanted = container_id, status, wanted


class InUse(Conflict):
    """Something else still depends on the object."""


class ImageInUse(InUse):
    """Containers stand on the image: remove them first, or the image by force."""

    exit_code = 2

    def __init__(self, image_id: str, container_id: str) -> None:
        super().__init__(f"image used by {container_id}: image is in use by a container")
        self.image_id, self.container_id = image_id, container_id


class Busy(Conflict):
    """Another live process works on the container: try again later. `holder` says which."""

    def __init__(self, what: str, holder: str) -> None:
        super().__init__(f"{what} is held by {holder}")
        self.what, self.holder = what, holder


class TimedOut(SeaboxError):
    """The time given to the call ran out; the container goes on and the call may be repeated."""

    http_status = 504


class Cancelled(SeaboxError):
    """The call was cancelled by its caller; the container goes on."""

    http_status = 499


class OCIRuntimeFailed(SeaboxError):
    """The OCI runtime or conmon refused; `words` is what it said."""

    def __init__(self, runtime: str, words: str) -> None:
        super().__init__(f"{runtime}: {words}: OCI runtime error")
        self.runtime, self.words = runtime, words


class CommandNotFound(OCIRuntimeFailed):
    """The command to run does not exist in the container."""

    http_status = 400
    exit_code = 127

    def __init__(self, runtime: str, words: str) -> None:
        SeaboxError.__init__(
            self, f"{runtime}: {words}: OCI runtime attempted to invoke a command that was not found"
        )
        self.runtime, self.words = runtime, words


class CommandNotExecutable(OCIRuntimeFailed):
    """The command to run exists but may not be executed, or another permission is missing."""

    http_status = 400
    exit_code = 126

    def __init__(self, runtime: str, words: str) -> None:
        SeaboxError.__init__(self, f"{runtime}: {words}: OCI permission denied")
        self.runtime, self.words = runtime, words


class Refused(SeaboxError):
    """The container cannot be started as it is configured (unknown user, missing working directory...): 126."""

    http_status = 400
    exit_code = 126


class ExitCodeUnknown(SeaboxError):
    """The container ended but nobody could see how; never to be taken for a number.

    `reason` is "reboot", "conmon_lost" or another word from the container's state.
    """

    def __init__(self, container_id: str, reason: str) -> None:
        super().__init__(f"the exit code of container {container_id} is unknown ({reason})")
        self.container_id, self.reason = container_id, reason


class NeverStarted(Conflict):
    """The container has not run yet, so there is no exit code to wait for (not the same as exit code 0)."""

    def __init__(self, container_id: str) -> None:
        super().__init__(f"container {container_id} was never started")
        self.container_id = container_id


class ConmonDied(SeaboxError):
    """conmon was killed from outside: the exit code could not be retrieved; the container counts as exited."""

    def __init__(self, container_id: str) -> None:
        super().__init__(
            f"container {container_id} conmon exited prematurely, exit code could not be retrieved: "
            "conmon process killed"
        )
        self.container_id = container_id


class Detached(SeaboxError):
    """The user typed the detach keys: the session is over, the container goes on."""

    exit_code = 0


class Disconnected(SeaboxError):
    """Too much output was waiting for its reader: the session is over, the container goes on. Attach again."""


class Damaged(SeaboxError):
    """A stored record cannot be read; `seabox system check` says more. Other records are not affected."""


class SchemaTooNew(SeaboxError):
    """The store was written by a newer seabox: use that version, or another root."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"the store has schema version {found}, this seabox knows up to {known}: use a newer seabox")
        self.found, self.known = found, known
