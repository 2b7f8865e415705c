"""What an app may do with its people: make, read, change, find and erase; and the owner's schema.

- `Sealhold-Purpose` says what for. A change names, in `If-Match`, the version that it was made for.
- What people are found by travels in a body, so that it gets into no list of addresses.

Source: docs/spec/24-people.md section 8.
"""

from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.frontends.http.leased import LEASE
from sealhold.frontends.http.processing_api import caller
from sealhold.frontends.http.showing import PURPOSE
from sealhold.frontends.http.versions import etag, version_of
from sealhold.frontends.ruleforms import NewRule
from sealhold.model.ids import FieldName, SubjectId
from sealhold.model.people import (
    ErasedView,
    PersonView,
    ProfileView,
    SchemaView,
)
from sealhold.model.underway import Underway

MATCH = "if-match"
PROFILE_BYTES = 1_048_576


class NewSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All fields of an app's profiles, and the owner's proof."""

    fields: dict[str, NewRule]
    passphrase: str


class NewProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole profile."""

    fields: dict[str, str | int | bool]


class ProfileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some fields of a profile; null takes one out."""

    fields: dict[str, str | int | bool | None]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field that people are found by, and its value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One of those who were found."""

    subject: SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Who was found, at most 100."""

    people: tuple[Match, ...]


def lay_down(call: Call) -> Reply:
    """Lay down what an app may keep."""
    body = read(call, NewSchema)
    rules = {FieldName(name): rule.rule() for name, rule in body.fields.items()}
    return Reply(value=call.vault.people.lay_down(call.names["id"], rules, body.passphrase))


def make(call: Call) -> Reply:
    """Make a person."""
    return _made(call.vault.people.make(call.token, call.claim))


def _made(view: PersonView) -> Reply:
    return _versioned(view, 201)


def show(call: Call) -> Reply:
    """Show a person."""
    return _versioned(call.vault.people.show(call.token, call.names["id"]))


def erase(call: Call) -> Reply:
    """Erase a person."""
    return Reply(value=call.vault.people.erase(call.token, call.names["id"]))


def get(call: Call) -> Underway[Reply]:
    """Return fields of a profile."""
    named = call.query.one("fields")
    fields = frozenset(map(FieldName, named.split(","))) if named else None
    purpose, people = call.header(PURPOSE), call.vault.people
    lease = call.header(LEASE)
    if lease:
        runs, app = call.vault.processing_runs, caller(call)
        return runs.begin_get(app, lease, call.names["id"], purpose, fields).then(_versioned)
    return people.begin_get(call.token, call.names["id"], purpose, fields).then(_versioned)


def put(call: Call) -> Reply:
    """Replace a profile."""
    values = {FieldName(name): value for name, value in read(call, NewProfile).fields.items()}
    token, person, purpose, version = _place(call)
    return _versioned(call.vault.people.put(token, person, purpose, values, version))


def patch(call: Call) -> Reply:
    """Change some fields of a profile."""
    changes = {FieldName(name): value for name, value in read(call, ProfileChange).fields.items()}
    token, person, purpose, version = _place(call)
    return _versioned(call.vault.people.patch(token, person, purpose, changes, version))


def clear(call: Call) -> Reply:
    """Empty a profile."""
    return _versioned(call.vault.people.clear(*_place(call)))


def find(call: Call) -> Reply:
    """Find people by a value."""
    body = read(call, Wanted)
    found = call.vault.people.find(
        call.token, call.header(PURPOSE), FieldName(body.field), body.value
    )
    return Reply(value=Matches(people=tuple(Match(subject=each) for each in found)))


def _place(call: Call) -> tuple[str, str, str, int]:
    version = version_of(call.header(MATCH))
    return call.token, call.names["id"], call.header(PURPOSE), version


def _versioned(view: PersonView | ProfileView, status: int = 200) -> Reply:
    return Reply(value=view, status=status, etag=etag(view.version))


_PROFILE = "/v1/subjects/{id}/profile"

ROUTES = (
    ApiRoute(
        method="GET", path="/v1/apps/{id}/profile-schema", role=Role.OWNER,
        about="What an app may keep of its people", answer=SchemaView,
        run=lambda c: Reply(value=c.vault.people.schema(c.names["id"])),
    ),
    ApiRoute(
        method="PUT", path="/v1/apps/{id}/profile-schema", role=Role.OWNER,
        about="Lay down what an app may keep of its people", run=lay_down, body=NewSchema,
        answer=SchemaView,
    ),
    ApiRoute(
        method="POST", path="/v1/subjects", role=Role.APP, about="Make a person", run=make,
        answer=PersonView, status=201, repeats=_made,
    ),
    ApiRoute(
        method="GET", path="/v1/subjects/{id}", role=Role.APP,
        about="A person, without anything about them", run=show, answer=PersonView,
    ),
    ApiRoute(
        method="DELETE", path="/v1/subjects/{id}", role=Role.APP,
        about="Erase a person; again, the same receipt", run=erase, answer=ErasedView,
    ),
    ApiRoute(
        method="GET", path=_PROFILE, role=Role.APP,
        about="Fields of a profile; unnamed, all that the purpose covers", begin=get,
        answer=ProfileView, query=("fields",), headers=(PURPOSE,), optional=(LEASE,),
    ),
    ApiRoute(
        method="PUT", path=_PROFILE, role=Role.APP, about="Replace a profile", run=put,
        body=NewProfile, answer=ProfileView, headers=(PURPOSE, MATCH), body_bytes=PROFILE_BYTES,
    ),
    ApiRoute(
        method="PATCH", path=_PROFILE, role=Role.APP, about="Change some fields of a profile",
        run=patch, body=ProfileChange, answer=ProfileView, headers=(PURPOSE, MATCH),
        body_bytes=PROFILE_BYTES,
    ),
    ApiRoute(
        method="DELETE", path=_PROFILE, role=Role.APP, about="Empty a profile", run=clear,
        answer=ProfileView, headers=(PURPOSE, MATCH),
    ),
    ApiRoute(
        method="POST", path="/v1/lookup", role=Role.APP, about="Find people by a value", run=find,
        body=Wanted, answer=Matches, headers=(PURPOSE,),
    ),
)  # fmt: skip
