"""The OpenAPI 3.1 document, made from the route table.

- What is not in the table is not served, and what is served is in the document.

Source: docs/spec/20-faces.md section 7; OpenAPI 3.1.1.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from sealhold import __version__
from sealhold.frontends.http.api import TOLD, ApiRoute, Reply, Role
from sealhold.frontends.http.repeating import KEY
from sealhold.frontends.http.wire import Known, Schema, schema_of
from sealhold.model.encoding import Plain

NAMED = re.compile(r"\{(\w+)\}")
WHOLE = frozenset({"limit", "before", "seq"})  # query parameters that are whole numbers
MATCH, RANGE, TYPE = "if-match", "range", "content-type"
SAID_WITH = {
    401: "WWW-Authenticate",
    416: "Content-Range",
    429: "Retry-After",
    503: "Retry-After",
}
REF = "#/components/schemas/{name}"
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457; an app is told `DENIED` for all that it may not know.",
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "kind": {"type": "string"},
        "remedy": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
    },
    "required": ["code", "kind", "status", "title"],
}


def described(routes: tuple[ApiRoute, ...], origin: str) -> tuple[ApiRoute, ...]:
    """Return `routes` and one more, which answers the document of them all."""
    told: Schema = {}
    own = ApiRoute(
        method="GET",
        path="/v1/openapi.json",
        role=Role.PUBLIC,
        about="This document",
        run=lambda _call: Reply(value=told),
        answer=Plain,
    )
    told.update(document((*routes, own), origin))
    return (*routes, own)


def document(routes: tuple[ApiRoute, ...], origin: str) -> Schema:
    """Return the document for `routes`, served at `origin`."""
    known = Known()
    known["Problem"] = PROBLEM
    bodies = sorted(
        {route.body for route in routes if route.body is not None},
        key=lambda body: (body.__name__, body.__module__),
    )
    refs, described = msgspec.json.schema_components(bodies, ref_template=REF)
    of_body = dict(zip(bodies, refs, strict=True))  # two of one name have longer names there
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known, of_body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sealhold",
            "version": __version__,
            "summary": "Your data stays. Answers leave.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": origin}],
        "paths": paths,
        "components": {
            "schemas": known | described,
            "securitySchemes": {
                role.value: {"type": "http", "scheme": "bearer"}
                for role in Role
                if role is not Role.PUBLIC
            },
        },
    }


def _operation(route: ApiRoute, known: Known, of_body: Mapping[type, Schema]) -> Schema:
    told: Schema = {
        "operationId": _operation_id(route),
        "summary": route.about,
        "tags": [route.role.value],
        "x-roles": [role.value for role in route.roles],
        "security": [{role.value: []} for role in route.roles if role is not Role.PUBLIC],
        "parameters": _parameters(route),
        "responses": {
            **{
                str(status): _success(route, known) for status in (route.status, *route.also_status)
            },
            **{str(status): _refusal(status) for status in sorted(_refusals(route))},
        },
    }
    if route.body is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": of_body[route.body]}},
        }
    elif route.takes:
        told["requestBody"] = {"required": True, "content": {media: {} for media in route.takes}}
    elif route.takes_file:
        told["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return told


def _statuses(route: ApiRoute) -> tuple[int, ...]:
    return (route.status, *route.also_status)


def _parameters(route: ApiRoute) -> list[Schema]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in NAMED.findall(route.path)
    ]
    in_query = [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "integer", "minimum": 0} if name in WHOLE else {"type": "string"},
        }
        for name in route.query
    ]
    in_headers: list[Schema] = [
        {"name": name, "in": "header", "required": must, "schema": {"type": "string"}}
        for names, must in (
            (route.headers, True),
            (route.optional, False),
            ((KEY,) if route.repeats else (), False),
        )
        for name in names
        if name != TYPE  # which OpenAPI tells of beside the body
    ]
    return in_path + in_query + in_headers


def _refusals(route: ApiRoute) -> set[int]:
    """Return the statuses with which a route says no; a fault of ours, 500, is not planned."""
    changes = route.method != "GET"
    tells = not TOLD.isdisjoint(route.roles)  # to an app or a person all of this is DENIED
    said = {
        401: Role.PUBLIC not in route.roles,
        403: True,
        404: tells,
        408: changes,
        409: (changes and (tells or Role.PERSON in route.roles)) or route.repeats is not None,
        412: MATCH in (*route.headers, *route.optional),
        413: changes,
        416: RANGE in route.optional,
        422: True,
        428: MATCH in (*route.headers, *route.optional),
        429: True,
        503: True,
        507: True,  # each use is written into the log first
    }
    return {status for status, is_said in said.items() if is_said}


def _refusal(status: int) -> Schema:
    told: Schema = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    if status in SAID_WITH:
        told["headers"] = {SAID_WITH[status]: {"schema": {"type": "string"}}}
    return told


def _success(route: ApiRoute, known: Known) -> Schema:
    if route.answer is not None:
        schema = schema_of(route.answer, known)
        return {"description": route.about, "content": {"application/json": {"schema": schema}}}
    if route.status == 204:  # noqa: PLR2004 - reason: no content
        return {"description": route.about}
    return {"description": route.about, "content": {route.media: {}}}


def _operation_id(route: ApiRoute) -> str:
    words = NAMED.sub(r"\1", route.path).strip("/").replace("/", "_").replace("v1_", "", 1)
    return f"{route.method.lower()}_{words}"


def _ref(name: str) -> Schema:
    return {"$ref": REF.format(name=name)}
