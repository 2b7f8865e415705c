"""Attachments of people's records: put in whole, read whole or in part.

- Content is the body of a request, its media type the header's; it is served as a file alone.
- Of a `Range` one span of bytes is answered; a header of another form is as if it were not there,
  and so is one whose `If-Range` names another version: no client joins parts of two contents.

Source: docs/spec/25-records-of-people.md section 9; RFC 9110 section 14.
"""

import re

from sealhold.frontends.http.api import BYTES, RANGE, ApiRoute, Call, Reply, Role
from sealhold.frontends.http.leased import LEASE, records_of
from sealhold.frontends.http.showing import PURPOSE
from sealhold.frontends.http.versions import etag, expected_of, version_of
from sealhold.model.errors import InvalidError, RangeError
from sealhold.model.personrecords import (
    AttachmentHead,
    AttachmentsView,
    AttachmentView,
    RecordPlace,
    Span,
)

MATCH, NONE_MATCH = "if-match", "if-none-match"
IF_RANGE, TYPE = "if-range", "content-type"
WHOLE: Span = (None, None)
ONE_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
NUMBER = re.compile(r"[1-9][0-9]?|100")


def list_all(call: Call) -> Reply:
    """List the attachments of a record."""
    return Reply(value=records_of(call).attachments(call.token, _place(call)))


def put(call: Call) -> Reply:
    """Attach content to a record."""
    expected = expected_of(call.header(MATCH), call.header(NONE_MATCH))
    media = call.header(TYPE).partition(";")[0].strip().lower() or BYTES
    head = call.vault.person_records.attach(
        call.token, _place(call), number_of(call), media, call.body, expected
    )
    return Reply(value=head, status=201 if head.version == 1 else 200, etag=etag(head.version))


def get(call: Call) -> Reply:
    """Return an attachment, or some of its bytes.

    Raises:
        RangeError: it has no such bytes.
    """
    span, wanted = _span(call.header(RANGE)), call.header(IF_RANGE).strip()
    try:
        found = _read(call, span)
    except RangeError:
        if not wanted:
            raise
        span, found = WHOLE, _read(call, WHOLE)
    if wanted and span != WHOLE and wanted != etag(found.head.version):
        span, found = WHOLE, _read(call, WHOLE)
    return _sent(found, is_part=span != WHOLE)


def delete(call: Call) -> Reply:
    """Take an attachment out."""
    version, records = version_of(call.header(MATCH)), call.vault.person_records
    return Reply(value=records.detach(call.token, _place(call), number_of(call), version))


def _read(call: Call, span: Span) -> AttachmentView:
    return records_of(call).attachment(call.token, _place(call), number_of(call), span)


def _sent(view: AttachmentView, *, is_part: bool) -> Reply:
    headers = {"accept-ranges": "bytes", "content-length": str(view.end - view.start)}
    if is_part:
        headers["content-range"] = f"bytes {view.start}-{view.end - 1}/{view.head.size}"
    return Reply(
        chunks=view.pieces,
        status=206 if is_part else 200,
        media=view.media,
        etag=etag(view.head.version),
        headers=headers,
    )


def _span(header: str) -> Span:
    found = ONE_RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return WHOLE
    first, last = (int(each) if each else None for each in found.groups())
    is_backwards = first is not None and last is not None and last < first
    return WHOLE if is_backwards else (first, last)


def _place(call: Call) -> RecordPlace:
    names = call.names
    return RecordPlace(names["id"], names["coll"], names["record"], call.header(PURPOSE))


def number_of(call: Call) -> int:
    """Return the number of an attachment.

    Raises:
        InvalidError: it is none.
    """
    text = call.names["n"]
    if not NUMBER.fullmatch(text):
        raise InvalidError("an attachment has a number of 1 to 100")
    return int(text)


_ALL = "/v1/subjects/{id}/records/{coll}/{record}/attachments"
_ONE = _ALL + "/{n}"
_BOTH = (Role.PERSON,)

ROUTES = (
    ApiRoute(
        method="GET", path=_ALL, role=Role.APP, also=_BOTH,
        about="The attachments of a record, without content", run=list_all,
        answer=AttachmentsView, optional=(PURPOSE, LEASE),
    ),
    ApiRoute(
        method="GET", path=_ONE, role=Role.APP, also=_BOTH,
        about="An attachment, whole or in part", run=get, media=BYTES,
        optional=(PURPOSE, LEASE, RANGE, IF_RANGE), also_status=(206,),
    ),
    ApiRoute(
        method="PUT", path=_ONE, role=Role.APP, also=_BOTH,
        about="Attach content to a record", run=put, answer=AttachmentHead, takes_file=True,
        optional=(PURPOSE, MATCH, NONE_MATCH, TYPE), also_status=(201,),
    ),
    ApiRoute(
        method="DELETE", path=_ONE, role=Role.APP, also=_BOTH, about="Take an attachment out",
        run=delete, answer=AttachmentHead, headers=(MATCH,), optional=(PURPOSE,),
    ),
)  # fmt: skip
