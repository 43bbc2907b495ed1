"""Spans for OpenTelemetry, where the program around us uses it; without it they cost a look-up in a dict."""

from __future__ import annotations

import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def span(name: str, container_id: str) -> Iterator[None]:
    """The block is a span of this name below the current one; an error that leaves the block is recorded in it.

    A program that wants spans has imported OpenTelemetry to say where they go; we never import it (extra `otel`).
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        yield
        return
    attributes = {"struct": "container", "container.id": container_id}
    with trace.get_tracer("seabox").start_as_current_span(name, attributes=attributes):
        yield
