"""One route of the API, and how it is called: token, role, body, answer.

- Each route names the roles that may call: the owner by the token of a sign-in, apps, people and
  officers by theirs. No token counts as another's, and a cookie for nothing here.
- An app or a person is told DENIED in the same bytes for all that they may not know.

Source: docs/spec/20-faces.md section 7; docs/spec/30-access.md section 3.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response

from sealhold.frontends.http.arriving import Arrivals, Many
from sealhold.frontends.http.bodies import FORM_BYTES
from sealhold.frontends.http.counting import Counts
from sealhold.frontends.http.crowd import Places, Room
from sealhold.frontends.http.problems import NoTokenError, outside_problem, problem
from sealhold.frontends.http.repeating import KEY
from sealhold.frontends.http.session import SignIns
from sealhold.frontends.http.streaming import streamed
from sealhold.frontends.http.wire import to_wire
from sealhold.frontends.seam import Vault
from sealhold.frontends.web.visit import Fields
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, InvalidError, SealholdError
from sealhold.model.repeats import Claim
from sealhold.model.underway import Underway

JSON = "application/json"
BYTES = "application/octet-stream"
MOST = 500  # items of one answer
MAX_DIGITS = 15
DEFAULT_LIMIT = 50
SUBMISSION_BYTES = 46_137_344  # a program of 32 MiB in base64, beside manifest and request
BEARER = "bearer "
RANGE = "range"
PARTS = 2  # of a token that nobody narrowed, after its prefix
NAMED = re.compile(r"/\{\w+\}")

Body = TypeVar("Body", bound=msgspec.Struct)


class Role(StrEnum):
    """Who may call."""

    PUBLIC = "public"
    OWNER = "owner"
    APP = "app"
    PERSON = "person"  # one of an app's people
    OFFICER = "officer"  # who answers for data protection
    MONITOR = "monitor"  # a program that watches how the service does
    PUSHER = "pusher"  # a program that pushes into one source


TOLD = frozenset(map(Role, ("public", "owner", "officer", "monitor", "pusher")))  # hear why not


class Call(msgspec.Struct, frozen=True, kw_only=True):  # made in a tenth of a dataclass's time
    """One call, after its token was looked at."""

    vault: Vault
    sign_ins: SignIns
    token: str
    role: Role  # as which the caller came
    names: Mapping[str, str]
    query: Fields
    body: bytes
    headers: Mapping[str, str]  # those that the route takes, by their name in small letters
    counts: Counts
    claim: Claim | None = None  # of a request that is carried out once

    def header(self, name: str) -> str:
        """Return a header that the route takes; empty if it was not sent."""
        return self.headers.get(name, "")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a route answers; a value becomes JSON, bytes stay as they are."""

    value: Plain = None
    status: int = 200
    media: str = JSON
    etag: str = ""
    chunks: Iterator[bytes] | None = None  # in place of a value: made while they are sent
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)  # beside those of every answer
    is_file: bool = True  # whether bytes are to be kept as a file


def _nothing(_call: Call) -> Reply:
    return Reply()


@dataclass(frozen=True, kw_only=True)
class ApiRoute:
    """One method on one path."""

    method: str
    path: str
    role: Role
    about: str
    run: Callable[[Call], Reply] = _nothing
    begin: Callable[[Call], Underway[Reply]] | None = None  # in place of `run`: in steps
    many: Many | None = None  # of equal calls that come in one moment
    in_thread: bool = False  # what is begun is taken in a thread from its first step
    also: tuple[Role, ...] = ()  # further roles that may call
    answer: object = None  # a type hint; None: no content or bytes
    body: type[msgspec.Struct] | None = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()  # that must be sent, in small letters
    optional: tuple[str, ...] = ()  # headers that may be sent
    takes: tuple[str, ...] = ()  # media types of a body that is JSON of any form
    takes_file: bool = False
    body_bytes: int = FORM_BYTES  # at most, unless it takes a file
    weighs: bool = False  # long bodies are counted by their bytes, and wait for room
    status: int = 200
    also_status: tuple[int, ...] = ()  # other statuses with the same answer
    repeats: Callable[[Any], Reply] | None = None  # what it answers, if it may be sent again
    media: str = JSON

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """All roles that may call."""
        return (self.role, *self.also)

    @cached_property
    def scope(self) -> str:
        """The part of the API, and whether it is read or written: `profile:read`."""
        part = NAMED.sub("", self.path).rstrip("/").rpartition("/")[2]
        return f"{part}:{'read' if self.method == 'GET' else 'write'}"

    @cached_property
    def all_headers(self) -> tuple[str, ...]:
        """All headers that it takes beside a token, in small letters."""
        return (*self.headers, *self.optional, *((KEY,) if self.repeats else ()))

    @property
    def is_long(self) -> bool:
        """Whether a body may be longer than a form, and takes one of few places for that."""
        return not self.weighs and (self.takes_file or self.body_bytes > FORM_BYTES)


@dataclass(frozen=True, slots=True)
class ApiDesk:
    """What every route needs."""

    vault: Vault
    sign_ins: SignIns
    long_bodies: Places
    room: Room
    arrivals: Arrivals
    counts: Counts


def read(call: Call, form: type[Body]) -> Body:
    """Return the JSON body of `call`.

    Raises:
        InvalidError: not JSON of that form; the message names the place, never a value.
    """
    try:
        return msgspec.json.decode(call.body, type=form, strict=True)
    except msgspec.ValidationError as err:
        raise InvalidError(f"the body does not fit: {str(err)[:200]}") from err
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidError("the body is not JSON") from err


def number(call: Call, name: str, default: int | None) -> int | None:
    """Return a whole number of the query.

    Raises:
        InvalidError: not one.
    """
    text = call.query.one(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidError(f"`{name}` is not a whole number")
    return int(text)


def limit(call: Call) -> int:
    """Return how many items are wanted: 1 to 500, 50 if nothing is said."""
    wanted = number(call, "limit", DEFAULT_LIMIT) or 1
    return max(1, min(wanted, MOST))


def shown_error(err: SealholdError, role: Role | None) -> Response:
    """Return `err` as a caller of this role is told it."""
    return problem(err) if role in TOLD else outside_problem(err)


def role_of(route: ApiRoute, desk: ApiDesk, token: str) -> Role:
    """Return the role of whoever holds `token`, one that the route takes.

    Raises:
        NoTokenError: there is none, or none of the owner where only the owner may call.
        DeniedError: it does not hold, or the route takes others.
    """
    if not token:
        raise NoTokenError
    if Role.OWNER in route.roles and desk.sign_ins.is_owner(token):
        return Role.OWNER
    if route.roles == (Role.OWNER,):
        raise NoTokenError
    role = Role(desk.vault.callers.kind(token).value)
    # THREAT T292: a token that holds opens no route of another role
    if role not in route.roles:
        raise DeniedError("denied")
    return role


def written(reply: Reply) -> Reply:
    """Return a reply with its value as JSON already: the loop is there for everybody."""
    if reply.value is None or isinstance(reply.value, bytes):
        return reply
    return msgspec.structs.replace(reply, value=msgspec.Raw(body_of(reply)))


def response_of(reply: Reply) -> Response:
    """Return a reply as an answer."""
    if reply.chunks is not None:
        return streamed(reply.chunks, reply.status, reply.media, _told_headers(reply))
    headers = _told_headers(reply)
    if reply.value is None:
        return Response(status_code=reply.status, headers=headers)
    if isinstance(reply.value, bytes) and reply.is_file:
        headers["content-disposition"] = "attachment"
    media = reply.media if isinstance(reply.value, bytes) else JSON
    return Response(body_of(reply), reply.status, headers, media_type=media)


def body_of(reply: Reply) -> bytes:
    """Return the body of a reply."""
    value = reply.value
    return value if isinstance(value, bytes) else msgspec.json.encode(to_wire(value))


def _told_headers(reply: Reply) -> dict[str, str]:
    return {**reply.headers, **({"etag": reply.etag} if reply.etag else {})}
