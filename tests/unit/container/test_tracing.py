"""Spans of the operations that the reference traces."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from seabox.errors import OCIRuntimeFailed, StateConflict
from seabox.testing.rooms import FakeRooms


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return found


def test_init_and_start_are_spans(rooms: FakeRooms, spans: InMemorySpanExporter) -> None:
    ctr = rooms.container()
    ctr.init()
    ctr.start()
    ctr.pause()
    seen = [(each.name, dict(each.attributes or {})) for each in spans.get_finished_spans()]
    about = {"struct": "container", "container.id": ctr.id}
    assert seen == [("containerInit", about), ("containerStart", about)]


def test_a_failure_is_in_its_span(rooms: FakeRooms, spans: InMemorySpanExporter) -> None:
    ctr = rooms.container()
    rooms.fake.refuse.add("start")
    with pytest.raises(OCIRuntimeFailed):
        ctr.start()
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert [event.attributes["exception.type"] for event in span.events if event.attributes] == [
        "seabox.errors.OCIRuntimeFailed"
    ]


def test_a_span_of_the_callers_is_the_parent(rooms: FakeRooms, spans: InMemorySpanExporter) -> None:
    ctr = rooms.container()
    with trace.get_tracer("mine").start_as_current_span("mine"):
        ctr.start()
        with pytest.raises(StateConflict):
            ctr.start()
    *ours, mine = spans.get_finished_spans()
    assert {each.parent.span_id for each in ours if each.parent} == {mine.context.span_id}
    assert len(ours) == 2


def test_nobody_who_does_not_use_it_pays_for_it() -> None:
    script = "import sys, seabox.container.container; print(any(n.startswith('opentelemetry') for n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
