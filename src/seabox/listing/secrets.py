"""What lists and inspections tell of a secret, under podman's field names, and conditions that choose among secrets."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.listing.matching import combined, pattern
from seabox.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from seabox.model.secret import Secret

    Test = Callable[[Secret], bool]


def matcher(texts: Iterable[str]) -> Test:
    """Whether a secret fits the conditions: those of one key are alternatives. Raises: InvalidArgument."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgument(f"filter input must be in the form of filter=value: {text} is invalid")
        tests.append((key.lower(), _test(key, value)))
    return combined(tests)


def _test(key: str, value: str) -> Test:
    if key.lower() not in ("name", "id"):
        raise InvalidArgument(f'invalid filter "{key}"')
    fits = pattern(value)
    return (lambda secret: fits(secret.name)) if key.lower() == "name" else lambda secret: fits(secret.id)


def inspected(secret: Secret, data: bytes | None = None) -> dict[str, Any]:
    """Everything about a secret as JSON shows it, its bytes only if they are given."""
    found: dict[str, Any] = {
        "ID": secret.id,
        "CreatedAt": rfc3339(secret.created_at),
        "UpdatedAt": rfc3339(secret.updated_at),
        "Spec": {
            "Name": secret.name,
            "Driver": {"Name": secret.driver, "Options": dict(secret.driver_options)},
            "Labels": dict(secret.labels),
        },
    }
    return found if data is None else found | {"SecretData": data.decode(errors="replace")}
