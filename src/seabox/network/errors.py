"""What goes wrong with networks."""

from __future__ import annotations

from ..errors import Conflict, InUse, InvalidArgument, NotFound, Refused, SeaboxError


class NoSuchNetwork(NotFound):
    """No network has this name, id or unique id prefix."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unable to find network with name or ID {name}: network not found")
        self.name = name


class NothingToRemove(NoSuchNetwork):
    """The network to be removed does not exist."""

    exit_code = 1


class NetworkExists(Conflict):
    """Another network has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"network name {name} already used: network already exists")
        self.name = name


class NetworkInUse(InUse):
    """Containers take part in the network: remove them, or disconnect them, first. `users` are their ids."""

    exit_code = 2

    def __init__(self, name: str, users: tuple[str, ...]) -> None:
        super().__init__(
            f'"{name}" has associated containers with it. Use -f to forcibly delete containers and pods: '
            "network is being used"
        )
        self.name, self.users = name, users


class AddressesTaken(Refused):
    """No address can be had. `owners` have them: those of them that do not run may be made to give theirs back."""

    exit_code = 125

    def __init__(self, text: str, owners: tuple[str, ...]) -> None:
        super().__init__(text)
        self.owners = owners


class PortTaken(Refused):
    """Something on the host listens on a port that is to be published."""


class NetworkFailed(SeaboxError):
    """The backend refused; `words` is what it said."""

    def __init__(self, words: str) -> None:
        super().__init__(f"netavark: {words}")
        self.words = words


class BadSubnet(InvalidArgument):
    """A subnet, gateway, range or address that does not fit."""
