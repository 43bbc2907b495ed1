"""How much is taken at one look: what comes in quick succession together, and nothing waits for what is not coming."""

from __future__ import annotations

import pytest

from seabox.streams.pump import MESSAGE, receive_batch

FULL = b"x" * MESSAGE
NOTHING = b""


class Arriving:
    """Messages in this order; NOTHING: the reader finds nothing yet."""

    def __init__(self, *messages: bytes) -> None:
        self.messages = list(messages)

    def receive(self, into: memoryview) -> tuple[int, int] | None:
        if not self.messages:
            return None
        message = self.messages.pop(0)
        if message == NOTHING:
            raise BlockingIOError
        into[: len(message)] = message
        return 1, len(message)

    def fileno(self) -> int:
        return -1

    def send(self, data: bytes) -> int:
        return len(data)

    def shutdown(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("messages", "taken", "left"),
    [
        ((FULL, NOTHING, FULL, b"last"), 2 * MESSAGE + 4, 0),  # the next one is on its way
        ((FULL, NOTHING, FULL, NOTHING, FULL), 2 * MESSAGE, 1),  # but it is waited for once
        ((b"short", NOTHING, FULL), 5, 1),  # no more is to be expected
        ((NOTHING, FULL), 0, 1),
        ((*[FULL] * 3, NOTHING, FULL), 3 * MESSAGE, 1),  # enough
    ],
)
def test_one_look(messages: tuple[bytes, ...], taken: int, left: int) -> None:
    connection = Arriving(*messages)
    runs, _ = receive_batch(connection, memoryview(bytearray(4 * MESSAGE)))
    assert sum(len(data) for _, data in runs) == taken
    assert len(connection.messages) == left
