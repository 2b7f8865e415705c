"""How a call is answered, from its head on: who calls, the body, the route, the reply.

- A token is looked at before the body is read, of which a program may have 44 MiB.
- What takes long to read, do or write is done beside the server's loop.

Source: docs/spec/20-faces.md section 7; docs/spec/30-access.md section 3.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sealhold.frontends.http.api import (
    BEARER,
    JSON,
    PARTS,
    RANGE,
    ApiDesk,
    ApiRoute,
    Call,
    Reply,
    Role,
    body_of,
    response_of,
    role_of,
    shown_error,
    written,
)
from sealhold.frontends.http.bodies import (
    UPLOAD_BYTES,
    UPLOAD_SECONDS,
    announced,
    parse_fields,
    read_body,
)
from sealhold.frontends.http.crowd import Places
from sealhold.frontends.http.problems import NoTokenError, no_token
from sealhold.frontends.http.repeating import (
    KEY,
    REPLAYED,
    Kept,
    key_of,
    packed,
    unpacked,
    whole_of,
)
from sealhold.frontends.http.showing import presented
from sealhold.frontends.http.wire import LONG, is_long
from sealhold.frontends.web.visit import Fields
from sealhold.model.errors import DeniedError, InvalidError, LockedError, SealholdError
from sealhold.model.principals import Presented
from sealhold.model.repeats import Once
from sealhold.model.underway import Underway

LONGEST_TOLD = 40  # characters of a name that is told back


async def answer(route: ApiRoute, desk: ApiDesk, request: Request) -> Response:
    """Return the answer of `route`."""
    token = _token(request)
    role = Role.PUBLIC if Role.PUBLIC in route.roles else None
    try:
        if role is None:
            # THREAT T194: whoever holds no token makes the server keep no body, of any length
            token = presented(route.path, route.scope, route.all_headers, token, request)
            role = await _admit(route, desk, token)
        async with _place(route, desk, request, token):
            call = Call(
                vault=desk.vault,
                sign_ins=desk.sign_ins,
                token=token,
                role=role,
                names=request.path_params,
                query=_query(route, request),
                body=await _body(route, request, desk, token),
                headers=_headers(route, request),
                counts=desk.counts,
            )
            reply = await _reply(route, desk, call)
    except NoTokenError:
        return no_token()
    except SealholdError as err:
        return shown_error(err, role)
    # THREAT T330: nobody waits for an answer of somebody else that takes long to write
    return (
        await run_in_threadpool(response_of, reply) if is_long(reply.value) else response_of(reply)
    )


def _query(route: ApiRoute, request: Request) -> Fields:
    """Return the query of a request.

    Raises:
        InvalidError: it has a parameter that the address does not take.
    """
    found = parse_fields(request.scope["query_string"])
    for name in found.names():
        # what is misspelt would be passed over, and the answer be another one than was asked for
        if name not in route.query:
            taken = ", ".join(f"`{each}`" for each in route.query) or "none"
            told = name.encode("unicode_escape").decode()[:LONGEST_TOLD]
            raise InvalidError(f"this address takes no parameter `{told}`; it takes: {taken}")
    return found


def _place(
    route: ApiRoute, desk: ApiDesk, request: Request, token: str
) -> AbstractAsyncContextManager[None]:
    """Return what holds the place of a body as long as it is in memory.

    Raises:
        TooLongError: it says that it is longer than the route takes.
    """
    if route.is_long:
        return _taken(desk.long_bodies, _sender(token))
    size = announced(request, route.body_bytes) if route.weighs else 0
    return desk.room.taken(_sender(token), size) if size > LONG else nullcontext()


@asynccontextmanager
async def _taken(places: Places, sender: str) -> AsyncIterator[None]:
    # THREAT T201: a long body is kept in memory whole, so few are taken in at once
    with places.taken(sender):
        yield


async def _admit(route: ApiRoute, desk: ApiDesk, token: str) -> Role:
    is_plain = token.count("_") <= PARTS  # a bound of uses is counted on the disk
    try:
        if route.begin is not None and desk.vault.is_near and is_plain:
            return role_of(route, desk, token)
        return await run_in_threadpool(role_of, route, desk, token)
    except DeniedError as err:
        if not isinstance(err, NoTokenError | LockedError):
            await run_in_threadpool(desk.vault.callers.refused, token)
        raise


async def _reply(route: ApiRoute, desk: ApiDesk, call: Call) -> Reply:
    """Return the reply of a route; what waits for a disk of this machine alone takes no thread.

    A long body does, since it is to be read first.
    """
    begin = route.begin
    if route.repeats is not None and KEY in call.headers:
        return await run_in_threadpool(_written, partial(_once, route, route.repeats), call)
    if begin is None:
        return await run_in_threadpool(_written, route.run, call)
    if len(call.body) > LONG:
        return await desk.arrivals.beside(lambda: written(begin(call).wait()))
    if desk.vault.is_near and not route.in_thread:
        return await desk.arrivals.arrive(begin(call))
    underway, reply = await run_in_threadpool(_until_long, begin, call)
    if reply is not None:
        return reply
    return await desk.arrivals.beside(lambda: written(underway.wait()))


def _until_long(
    begin: Callable[[Call], Underway[Reply]], call: Call
) -> tuple[Underway[Reply], Reply | None]:
    """Take the steps of a call up to one that takes long; return the reply if there is none."""
    underway = begin(call)
    return underway, written(underway.value) if underway.wait_until_long() else None


def _written(run: Callable[[Call], Reply], call: Call) -> Reply:
    return written(run(call))


def _once(route: ApiRoute, shows: Callable[[Any], Reply], call: Call) -> Reply:
    """Return what a route answers to a request under a key, carried out now or before."""

    def told(came: Any) -> bytes:  # noqa: ANN401  # reason: what the route shows
        reply = shows(came)
        return packed(Kept(reply.status, reply.media, reply.etag, body_of(reply)))

    whole = whole_of(call.names, call.headers, call.body)
    once = Once(
        route=f"{route.method} {route.path}", key=key_of(call.header(KEY)), body=whole, told=told
    )
    claim = call.vault.repeats.claim(call.token, once)
    try:
        if claim.answer is None:
            return route.run(msgspec.structs.replace(call, claim=claim))
        kept = unpacked(claim.answer)
    finally:
        claim.release()
    again = {REPLAYED: "true"}
    return Reply(
        value=kept.body, status=kept.status, media=kept.media, etag=kept.etag, headers=again,
        is_file=kept.media != JSON,
    )  # fmt: skip


async def _body(route: ApiRoute, request: Request, desk: ApiDesk, token: str) -> bytes:
    if route.takes_file:
        data = await read_body(request, UPLOAD_BYTES, UPLOAD_SECONDS)
    else:
        data = await read_body(request, route.body_bytes)
    if isinstance(token, Presented) and token.asked.proving is not None:
        await run_in_threadpool(desk.vault.callers.check_body, token, data)
    if route.takes_file:
        return data
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    takes = (JSON,) if route.body is not None else route.takes
    if takes and declared not in takes:
        raise InvalidError(f"the content type of a body is {takes[0]}")
    return data


def _headers(route: ApiRoute, request: Request) -> dict[str, str]:
    # a range is for GET alone (RFC 9110 section 14.2)
    names = [name for name in route.all_headers if request.method != "HEAD" or name != RANGE]
    given = {name: request.headers.getlist(name) for name in names}
    if any(len(values) > 1 for values in given.values()):
        raise InvalidError("a header was sent twice")
    return {name: values[0] for name, values in given.items() if values}


def _sender(token: str) -> str:
    """Return the part of a token that is the same however its holder narrowed it."""
    return "_".join(token.split("_", PARTS)[:PARTS])


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if len(given) != 1 or given[0][: len(BEARER)].lower() != BEARER:
        return ""
    return given[0][len(BEARER) :].strip()
