"""Calls about records: JSON objects in collections, each of one person.

- A purpose is needed with the token of an app; a person with a token of their own names none.
- A change takes what was read, and is made for just that version.

Source: docs/spec/31-client.md section 3.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sealhold.client.answers import (
    Content,
    Line,
    Record,
    RecordHead,
    RecordPage,
    Versions,
)
from sealhold.client.call import (
    JSON,
    Answer,
    Call,
    Pages,
    Repeats,
    cursor,
    form,
    heads,
    lines,
    once,
    packed,
)
from sealhold.client.errors import UntrustedError
from sealhold.client.tokens import Token
from sealhold.client.world import new_id

PATCH, LINES = "application/merge-patch+json", "application/x-ndjson"
_ALL = "/v1/subjects/{id}/records/{coll}"
_ONE = _ALL + "/{record}"
_page = form(RecordPage)


def make(
    subject: str, collection: str, content: Content, purpose: str = "", *, record: str = ""
) -> Call[RecordHead]:
    """Keep a new record, under an id of your own or a random one.

    Raises:
        InvalidError: the content is not JSON, or the purpose has a form that none has.
    """
    return Call(
        method="PUT",
        route=_ONE,
        read=form(RecordHead),
        names={"id": subject, "coll": collection, "record": record or new_id()},
        headers=heads(purpose=purpose, new=True),
        body=packed(content),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def read(
    subject: str, collection: str, record: str, purpose: str = "", *, lease: Token | None = None
) -> Call[Record]:
    """Read a record.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_ONE,
        read=form(Record),
        names={"id": subject, "coll": collection, "record": record},
        headers=heads(purpose=purpose, lease=lease),
    )


def replace(at: RecordHead | Record, content: Content, purpose: str = "") -> Call[RecordHead]:
    """Keep the next version of a record.

    Raises:
        InvalidError: the content is not JSON, or the purpose has a form that none has.
    """
    return _change("PUT", at, purpose, content, JSON)


def change(at: RecordHead | Record, changes: Content, purpose: str = "") -> Call[RecordHead]:
    """Change some members of a record by a JSON Merge Patch; None takes one out.

    Raises:
        InvalidError: the changes are not JSON, or the purpose has a form that none has.
    """
    return _change("PATCH", at, purpose, changes, PATCH)


def delete(at: RecordHead | Record, purpose: str = "") -> Call[RecordHead]:
    """Take a record out with all that belongs to it.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return _change("DELETE", at, purpose, None, "")


def all_of(
    subject: str,
    collection: str,
    purpose: str = "",
    *,
    lease: Token | None = None,
    at_once: int = 50,
) -> Pages[Record]:
    """Read all records of a collection, `at_once` with each call (1 to 500)."""

    def page(after: str) -> Call[tuple[tuple[Record, ...], str]]:
        return Call(
            method="GET",
            route=_ALL,
            read=_records,
            names={"id": subject, "coll": collection},
            query={**cursor("after", after), "limit": str(at_once)},
            headers=heads(purpose=purpose, lease=lease),
        )

    return Pages(page)


def versions(
    at: RecordHead | Record, purpose: str = "", *, lease: Token | None = None
) -> Call[Versions]:
    """Tell which versions of a record are kept.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_ONE + "/versions",
        read=form(Versions),
        names=_names(at),
        headers=heads(purpose=purpose, lease=lease),
    )


def version(
    at: RecordHead | Record, number: int, purpose: str = "", *, lease: Token | None = None
) -> Call[Record]:
    """Read one version of a record.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_ONE + "/versions/{version}",
        read=form(Record),
        names={**_names(at), "version": str(number)},
        headers=heads(purpose=purpose, lease=lease),
    )


def load(
    rows: Iterable[Mapping[str, Any]], purpose: str, *, subject: str = ""
) -> Call[tuple[Line, ...]]:
    """Keep many records at once: what came of each, in their order.

    With `subject` the same call, sent again, is answered as before, and keeps nothing twice.

    Args:
        rows: `collection` and `content` of each, its `subject` unless it is said for all, and if
            you like `id`, and `version` for the next version of one.
        purpose: what for.
        subject: whose they all are.

    Raises:
        InvalidError: a row is not JSON, or the purpose has a form that none has.
    """
    of_one = "/v1/subjects/{id}/records:bulk"
    return Call(
        method="POST",
        route=of_one if subject else "/v1/records:bulk",
        read=_lines,
        names={"id": subject} if subject else {},
        headers={**heads(purpose=purpose), **(once() if subject else {})},
        body=lines(rows),
        media=LINES,
        repeats=Repeats.FREELY if subject else Repeats.NEVER,
    )


def _change(
    method: str, at: RecordHead | Record, purpose: str, content: Content | None, media: str
) -> Call[RecordHead]:
    head = _head(at)
    return Call(
        method=method,
        route=_ONE,
        read=form(RecordHead),
        names=_names(at),
        headers=heads(purpose=purpose, version=head.version),
        body=b"" if content is None else packed(content),
        media=media,
        repeats=Repeats.BOUND,
    )


def _head(at: RecordHead | Record) -> RecordHead:
    return at.head if isinstance(at, Record) else at


def _names(at: RecordHead | Record) -> dict[str, str]:
    head = _head(at)
    return {"id": head.subject, "coll": head.collection, "record": head.id}


def _records(answer: Answer) -> tuple[tuple[Record, ...], str]:
    came = _page(answer)
    return came.records, came.after or ""


def _lines(answer: Answer) -> tuple[Line, ...]:
    try:
        return tuple(msgspec.json.decode(line, type=Line) for line in answer.body.splitlines())
    except msgspec.DecodeError:
        raise UntrustedError("an answer of another form", status=answer.status) from None
