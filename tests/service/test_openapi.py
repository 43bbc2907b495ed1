"""The service's description of itself."""

from __future__ import annotations

import re
from collections import Counter

from seabox.service.openapi import document
from seabox.service.routes import ROUTES


def test_every_route_is_described() -> None:
    """Once, with all that its path has to be filled in with."""
    paths = document(ROUTES)["paths"]
    operations = [(path, method) for path, methods in paths.items() for method in methods]
    assert len(operations) == len(ROUTES)
    for path, methods in paths.items():
        for operation in methods.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"], operation["operationId"]


def test_no_route_is_there_twice() -> None:
    counted = Counter((route.method, re.sub(r"\{\w+", "{", route.pattern)) for route in ROUTES)
    assert [each for each, count in counted.items() if count > 1] == []
