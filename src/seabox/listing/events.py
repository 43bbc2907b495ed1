"""What is told of an event, under podman's field names, and the conditions that choose among events."""

from __future__ import annotations

import time

from seabox.errors import InvalidArgument
from seabox.listing.matching import combined, label_fits
from seabox.state.execs import COMMAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from seabox.model.record import Event

    Test = Callable[[Event], bool]

_SECOND = 10**9


def matcher(texts: Iterable[str]) -> Test:
    """Whether an event fits the conditions: those of one key are alternatives. Raises: InvalidArgument."""
    tests: list[tuple[str, Test]] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise InvalidArgument(f'failed to parse event filters: "{text}" is not KEY=VALUE')
        tests.append((key.lower(), _test(key.lower(), value)))
    return combined(tests)


def _test(key: str, value: str) -> Test:
    if key == "container":
        return lambda event: event.type == "container" and (event.name == value or event.id.startswith(value))
    if key in ("event", "status"):
        return lambda event: event.kind == value
    if key == "image":
        return lambda event: value in (event.image, event.image.removesuffix(":latest"), event.id, event.name)
    if key == "type":
        return lambda event: event.type == value
    if key == "label":
        return lambda event: label_fits(attributes(event), value)
    if key in ("pod", "volume", "network", "secret"):
        return lambda event: event.type == key and (event.name == value or event.id.startswith(value))
    raise InvalidArgument(f"failed to parse event filters: {key} is an invalid filter")


def attributes(event: Event) -> dict[str, str]:
    """What else is known of the event, and told by podman."""
    found = all_attributes(event)
    found.pop(COMMAND, None)
    return found


def all_attributes(event: Event) -> dict[str, Any]:
    """What else is known of the event: texts, and the command of an exec session as a list of them."""
    if not event.attributes:
        return {}
    import json

    found: dict[str, Any] = json.loads(event.attributes)
    return found


def fields(event: Event) -> dict[str, object]:
    """The event under the field names of podman's templates; its id is always whole there."""
    return {
        "ID": event.id,
        "Image": event.image,
        "Name": event.name,
        "Status": event.kind,
        "Time": time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(event.at // _SECOND)),
        "TimeNano": event.at,
        "Type": event.type,
        "Attributes": attributes(event),
        "ContainerExitCode": event.exit_code,
        "HealthStatus": "",
        "Network": event.name if event.type == "network" else "",
        "PodID": "",
        "Details": {"ID": event.id, "Attributes": attributes(event)},
    }


def json_fields(event: Event) -> dict[str, object]:
    """The event as `--format json` shows it."""
    found: dict[str, object] = {
        "Name": event.name,
        "Status": event.kind,
        "Type": event.type,
        "ID": event.id,
        "Image": event.image,
        "time": event.at // _SECOND,
        "timeNano": event.at,
        "Attributes": attributes(event) or None,
    }
    return found if event.exit_code is None else found | {"ContainerExitCode": event.exit_code}
