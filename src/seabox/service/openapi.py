"""The service's own description, made of its routes: OpenAPI 3.1 at /openapi.json."""

from __future__ import annotations

import msgspec

from .. import __version__
from .response import JSON, Response, json
from .routing import FILTERS, FLAG, NUMBER, TEXTS, Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..engine import Engine
    from .request import Request
    from .routing import Parameter

_BYTES = "application/octet-stream"
_REFERENCE = "#/components/schemas/{name}"
_KINDS: dict[str, dict[str, Any]] = {
    FLAG: {"type": "boolean"},
    NUMBER: {"type": "integer", "format": "int64", "minimum": -(1 << 63), "maximum": (1 << 63) - 1},
    TEXTS: {"type": "array", "items": {"type": "string", "pattern": "^[^\\x00]*$"}},
}
_TEXT = {"type": "string", "pattern": "^[^\\x00]*$"}
_PLACE = {"type": "string", "minLength": 1, "pattern": "^[^\\x00-\\x1f]+$"}
_CONDITIONS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
_PROBLEM = {
    "type": "object", "required": ["cause", "message", "response"],
    "properties": {"cause": {"type": "string"}, "message": {"type": "string"}, "response": {"type": "integer"}},
}  # fmt: skip
_ANSWERS: dict[str | None, dict[str, Any]] = {
    None: {},
    "json": {JSON: {"schema": {}}},
    "text": {"text/plain": {"schema": {"type": "string"}}},
    "raw": {"*/*": {}},
    "lines": {"*/*": {}},
    "stream": {"*/*": {}},
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Every route with its parameters, its body and what it answers."""
    found = list(routes)
    bodies = {route.body for route in found if isinstance(route.body, type)}
    refs, schemas = msgspec.json.schema_components(bodies, ref_template=_REFERENCE)
    of_body = dict(zip(bodies, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in found:
        path = route.pattern.replace("...}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, of_body)
    schemas["Problem"] = _PROBLEM
    return {
        "openapi": "3.1.0",
        "info": {"title": "seabox", "version": __version__, "description": "Docker's Engine API and podman's own"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas},
    }


def _operation(route: Route, of_body: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    places: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PLACE} for name in route.places
    ]
    libpod = route.pattern.startswith("/libpod/")
    problem = {"$ref": _REFERENCE.format(name="Problem")}
    refused = {"description": "Refused: the body says why", "content": {JSON: {"schema": problem}}}
    if route.method == "HEAD":
        refused = {"description": "Refused"}
    found: dict[str, Any] = {
        "operationId": f"{route.method.lower()} {route.pattern}",
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "tags": ["libpod" if libpod else "docker"],
        "parameters": places + [_parameter(each) for each in route.parameters.values()],
        "responses": {
            str(status): {"description": "Done", "content": {} if status in (204, 304) else _ANSWERS[route.answer]}
            for status in (route.status, *route.also)
        } | {"4XX": refused, "501": refused},
    }  # fmt: skip
    if route.body == "raw":
        found["requestBody"] = {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
    elif route.body is not None:
        found["requestBody"] = {"content": {JSON: {"schema": of_body[route.body]}}}
    return found


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {"name": parameter.name, "in": "query"}
    if parameter.about:
        found["description"] = parameter.about
    if parameter.kind == FILTERS:
        return found | {"content": {JSON: {"schema": _CONDITIONS}}}
    schema = dict(_KINDS.get(parameter.kind, _TEXT))
    if parameter.default not in (None, ""):
        schema["default"] = parameter.default
    if parameter.kind == TEXTS:
        found |= {"style": "form", "explode": True}
    return found | {"schema": schema}


def show(on: Engine, ask: Request) -> Response:
    """The service's description in OpenAPI."""
    from .routes import ROUTES

    return json(document(ROUTES))


ROUTES = (Route("GET", "/openapi.json", show),)
