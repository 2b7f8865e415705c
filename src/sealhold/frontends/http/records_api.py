"""Records of people: what an app keeps in collections, and what each person has of their own.

- `Sealhold-Purpose` says what for; a person who comes with a token of their own names none.
- A new record takes `If-None-Match: *`, a change `If-Match` with the version that it was made for.
- A change of some members is a JSON Merge Patch (RFC 7396).

Source: docs/spec/25-records-of-people.md section 9.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, limit, read
from sealhold.frontends.http.leased import LEASE, records_of
from sealhold.frontends.http.problems import outside_line
from sealhold.frontends.http.showing import PURPOSE
from sealhold.frontends.http.versions import etag, expected_of, version_of
from sealhold.frontends.ruleforms import CollectionForm
from sealhold.model.contents import MAX_CONTENT, read_json, read_object
from sealhold.model.errors import InvalidError, SealholdError
from sealhold.model.ids import canonical
from sealhold.model.personrecords import (
    CollectionView,
    LineView,
    Making,
    Reading,
    RecordHead,
    RecordPage,
    RecordPlace,
    RecordView,
    VersionsView,
)
from sealhold.model.underway import Underway

MATCH, NONE_MATCH = "if-match", "if-none-match"
JSON, PATCH = "application/json", "application/merge-patch+json"
LINES = "application/x-ndjson"
BULK_BYTES = 33_554_432
MAX_DIGITS = 15
Replies = list[Reply | SealholdError | None]  # None: to be answered by itself
NONE_FAILED: Mapping[int, SealholdError] = {}


class NewCollection(CollectionForm, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for one collection of an app, and the owner's proof."""

    passphrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionList:
    """The collections of an app."""

    collections: tuple[CollectionView, ...]


def list_collections(call: Call) -> Reply:
    """List the collections of an app."""
    found = call.vault.person_records.collections(call.names["id"])
    return Reply(value=CollectionList(collections=found))


def collection(call: Call) -> Reply:
    """Show one collection."""
    return Reply(value=call.vault.person_records.collection(call.names["id"], call.names["coll"]))


def lay_down(call: Call) -> Reply:
    """Lay down a collection."""
    body = read(call, NewCollection)
    app, name = call.names["id"], call.names["coll"]
    laid = call.vault.person_records.lay_down(app, name, body.rule(), body.passphrase)
    return Reply(value=laid)


def get(call: Call) -> Underway[Reply]:
    """Return a record."""
    return records_of(call).get(*_place(call), call.header(PURPOSE)).then(_opened)


def get_many(calls: Sequence[Call]) -> Underway[Replies]:
    """Return records that are asked for in one moment; what is read in a run goes by itself."""
    plain = [nth for nth, call in enumerate(calls) if not call.header(LEASE)]
    wanted = [Reading(calls[nth].token, _record_place(calls[nth])) for nth in plain]
    found = calls[0].vault.person_records.get_many(wanted)
    return found.then(partial(_replies, len(calls), plain, _opened))


def get_version(call: Call) -> Underway[Reply]:
    """Return one version of a record.

    Raises:
        InvalidError: the version is no whole number.
    """
    text = call.names["version"]
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidError("a version is a whole number")
    records, purpose = records_of(call), call.header(PURPOSE)
    return records.get_version(*_place(call), int(text), purpose).then(_opened)


def versions(call: Call) -> Underway[Reply]:
    """List the versions of a record."""
    return records_of(call).versions(*_place(call), call.header(PURPOSE)).then(_told)


def page(call: Call) -> Underway[Reply]:
    """List records of a collection: in a thread, since they may be many."""
    token, person, name = call.token, call.names["id"], call.names["coll"]
    after, purpose = call.query.one("after"), call.header(PURPOSE)
    found = records_of(call).page(token, person, name, after, limit(call), purpose)
    return found.then(_told)


def put(call: Call) -> Underway[Reply]:
    """Keep a record, a new one or the next version of one."""
    content = read_object(call.body)
    expected = expected_of(call.header(MATCH), call.header(NONE_MATCH))
    records = call.vault.person_records
    return records.put(*_place(call), content, expected, call.header(PURPOSE)).then(_kept)


def put_many(calls: Sequence[Call]) -> Underway[Replies]:
    """Keep new records that come in one moment; what changes one goes by itself."""
    plain, wanted, failed = [], [], {}
    for nth, call in enumerate(calls):
        if call.header(NONE_MATCH) != "*" or call.header(MATCH):
            continue
        try:
            wanted.append(Making(call.token, _record_place(call), read_object(call.body)))
            plain.append(nth)
        except SealholdError as err:
            failed[nth] = err
    found = calls[0].vault.person_records.put_many(wanted)
    return found.then(partial(_replies, len(calls), plain, _kept, failed=failed))


def patch(call: Call) -> Underway[Reply]:
    """Change some members of a record."""
    change, version = read_json(call.body), version_of(call.header(MATCH))
    records = call.vault.person_records
    return records.patch(*_place(call), change, version, call.header(PURPOSE)).then(_kept)


def delete(call: Call) -> Reply:
    """Take a record out, in a thread: packs are deleted from wherever they lie."""
    version, records = version_of(call.header(MATCH)), call.vault.person_records
    return Reply(value=records.delete(*_place(call), version, call.header(PURPOSE)).wait())


def bulk(call: Call) -> Reply:
    """Keep a record for each line."""
    person = call.names.get("id")
    records, purpose = call.vault.person_records, call.header(PURPOSE)
    return _came(records.bulk(call.token, person, call.body, purpose, call.claim))


def _came(lines: tuple[LineView, ...]) -> Reply:
    return Reply(value=b"".join(map(_line, lines)), media=LINES)


def _line(view: LineView) -> bytes:
    came = view.came
    if isinstance(came, SealholdError):
        told: dict[str, object] = {"error": outside_line(came)}
    else:
        told = {
            "subject": canonical(came.subject),
            "id": canonical(came.id),
            "version": came.version,
        }
    return msgspec.json.encode({"line": view.line, **told}) + b"\n"


def _replies(
    count: int,
    nths: Sequence[int],
    form: Callable[[Any], Reply],
    found: Sequence[Any],
    *,
    failed: Mapping[int, SealholdError] = NONE_FAILED,
) -> Replies:
    """Return what each of so many calls is told: those of `nths` what was found for them."""
    replies: Replies = [failed.get(nth) for nth in range(count)]
    for nth, one in zip(nths, found, strict=True):
        replies[nth] = one if one is None or isinstance(one, SealholdError) else form(one)
    return replies


def _record_place(call: Call) -> RecordPlace:
    names = call.names
    return RecordPlace(names["id"], names["coll"], names["record"], call.header(PURPOSE))


def _place(call: Call) -> tuple[str, str, str, str]:
    return call.token, call.names["id"], call.names["coll"], call.names["record"]


def _opened(view: RecordView) -> Reply:
    return Reply(value=view, etag=etag(view.head.version))


def _kept(head: RecordHead) -> Reply:
    return Reply(value=head, status=201 if head.version == 1 else 200, etag=etag(head.version))


def _told(view: RecordHead | RecordPage | VersionsView) -> Reply:
    return Reply(value=view)


_COLLECTIONS = "/v1/apps/{id}/collections"
_RECORDS = "/v1/subjects/{id}/records/{coll}"
_RECORD = _RECORDS + "/{record}"
_BOTH = (Role.PERSON,)

ROUTES = (
    ApiRoute(
        method="GET", path=_COLLECTIONS, role=Role.OWNER, about="The collections of an app",
        run=list_collections, answer=CollectionList,
    ),
    ApiRoute(
        method="GET", path=_COLLECTIONS + "/{coll}", role=Role.OWNER,
        about="What an app may keep in a collection", run=collection, answer=CollectionView,
    ),
    ApiRoute(
        method="PUT", path=_COLLECTIONS + "/{coll}", role=Role.OWNER,
        about="Lay down what an app may keep in a collection", run=lay_down, body=NewCollection,
        answer=CollectionView,
    ),
    ApiRoute(
        method="GET", path=_RECORDS, role=Role.APP, also=_BOTH,
        about="Records of a collection, by their ids", begin=page, in_thread=True,
        answer=RecordPage,
        query=("after", "limit"), optional=(PURPOSE, LEASE),
    ),
    ApiRoute(
        method="GET", path=_RECORD, role=Role.APP, also=_BOTH, about="A record", begin=get,
        many=get_many,
        answer=RecordView, optional=(PURPOSE, LEASE),
    ),
    ApiRoute(
        method="PUT", path=_RECORD, role=Role.APP, also=_BOTH,
        about="Keep a record: a new one, or the next version of one", begin=put, many=put_many,
        answer=RecordHead, takes=(JSON,), optional=(PURPOSE, MATCH, NONE_MATCH), also_status=(201,),
        body_bytes=MAX_CONTENT, weighs=True,
    ),
    ApiRoute(
        method="PATCH", path=_RECORD, role=Role.APP, also=_BOTH,
        about="Change some members of a record: a JSON Merge Patch", begin=patch,
        answer=RecordHead, takes=(PATCH, JSON), headers=(MATCH,), optional=(PURPOSE,),
        body_bytes=MAX_CONTENT, weighs=True,
    ),
    ApiRoute(
        method="DELETE", path=_RECORD, role=Role.APP, also=_BOTH,
        about="Take a record out with its versions and attachments", run=delete, answer=RecordHead,
        headers=(MATCH,), optional=(PURPOSE,),
    ),
    ApiRoute(
        method="GET", path=_RECORD + "/versions", role=Role.APP, also=_BOTH,
        about="Which versions of a record are kept", begin=versions, answer=VersionsView,
        optional=(PURPOSE, LEASE),
    ),
    ApiRoute(
        method="GET", path=_RECORD + "/versions/{version}", role=Role.APP, also=_BOTH,
        about="One version of a record", begin=get_version, answer=RecordView,
        optional=(PURPOSE, LEASE),
    ),
    ApiRoute(
        method="POST", path="/v1/subjects/{id}/records:bulk", role=Role.APP,
        about="Keep a record of a person for each line", run=bulk, takes=(LINES,), media=LINES,
        optional=(PURPOSE,), body_bytes=BULK_BYTES, repeats=_came,
    ),
    ApiRoute(
        method="POST", path="/v1/records:bulk", role=Role.APP,
        about="Keep a record for each line, of the person that it names", run=bulk, takes=(LINES,),
        media=LINES, optional=(PURPOSE,), body_bytes=BULK_BYTES,
    ),
)  # fmt: skip
