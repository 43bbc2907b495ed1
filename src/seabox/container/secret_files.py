"""A container's own copies of its secrets: made when it is created, whatever becomes of the secrets after.

They are in its static directory, which is closed to everybody else: a file each, by the number of the secret in the
configuration, with the owner and the mode that it has in the container.
"""

from __future__ import annotations

from msgspec.structs import replace

from ..errors import Damaged, InvalidArgument
from ..kernel import files
from ..kernel.durable import write_durable
from ..model.container import Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import ContainerConfig, SecretUse
    from .services import Services

FOLDER = "secrets"
_OPTIONS = ("bind", "rprivate", "ro", "nosuid", "nodev")


def keep(on: Services, config: ContainerConfig) -> None:
    """The container, which is being created, has its copies. Raises: NoSuchSecret, InvalidArgument, OSError."""
    folder = f"{on.config.static_dir(config.id)}/{FOLDER}"
    files.make_dir(folder)
    for number, use in enumerate(config.secrets):
        data = on.secrets.data(use.id)
        if use.type == "env":
            _text(use, data)
        write = files.write_file if config.auto_remove else write_durable  # what a power cut takes would go anyway
        write(f"{folder}/{number}", data)
    own(config, folder)


def own(config: ContainerConfig, folder: str) -> None:
    """The copies, which are all in the directory, belong to whom they should. Raises: FileNotFoundError, OSError."""
    for number, use in enumerate(config.secrets):
        if use.type == "mount":
            files.chown(f"{folder}/{number}", use.uid, use.gid)
        files.chmod(f"{folder}/{number}", use.mode if use.type == "mount" else 0o600)


def with_variables(config: ContainerConfig, static: str) -> ContainerConfig:
    """The configuration with its secrets among its variables, as far as they are such: for a process, never to be
    stored. Raises: Damaged.
    """
    found = {}
    for number, use in enumerate(config.secrets):
        if use.type == "env":
            try:
                with open(f"{static}/{FOLDER}/{number}", "rb") as file:
                    found[use.target] = _text(use, file.read())
            except (OSError, InvalidArgument):
                raise Damaged(f"the secret {use.name} of container {config.id} is lost") from None
    return replace(config, env=config.env | found)


def provided(config: ContainerConfig, static: str) -> ContainerConfig:
    """The configuration with its secrets among its mounts and variables: as above, for the first process."""
    mounts = [
        Mount(type="bind", source=f"{static}/{FOLDER}/{number}", destination=use.target, options=_OPTIONS)
        for number, use in enumerate(config.secrets) if use.type == "mount"
    ]  # fmt: skip
    return replace(with_variables(config, static), mounts=(*config.mounts, *mounts))


def _text(use: SecretUse, data: bytes) -> str:
    """The value of a variable. Raises: InvalidArgument."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidArgument(f"secret {use.name} cannot be a variable: it holds a NUL or is not UTF-8")
    return text
