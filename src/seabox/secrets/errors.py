"""What goes wrong with secrets. No text holds any of their bytes."""

from __future__ import annotations

from ..errors import Conflict, NotFound


class NoSuchSecret(NotFound):
    """No secret has this name, id or unique id prefix."""

    def __init__(self, name: str) -> None:
        super().__init__(f'no secret with name or id "{name}": no such secret')
        self.name = name


class SecretExists(Conflict):
    """Another secret has this name: remove it, or replace it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: secret name in use")
        self.name = name


class AmbiguousSecret(Conflict):
    """More than one secret's id begins so: give more of it."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"more than one result secret with prefix {prefix}: secret is ambiguous")
        self.prefix = prefix
