"""Calls about attachments of records: put in whole, read whole or in part.

Source: docs/spec/31-client.md section 3.
"""

from sealhold.client.answers import Attachment, Attachments, Record, RecordHead
from sealhold.client.call import Call, Repeats, Stream, form, heads, media_type, nothing
from sealhold.client.tokens import Token

BYTES = "application/octet-stream"
_ALL = "/v1/subjects/{id}/records/{coll}/{record}/attachments"
_ONE = _ALL + "/{n}"


def put(
    at: RecordHead | Record,
    number: int,
    content: bytes,
    purpose: str = "",
    *,
    media: str = BYTES,
) -> Call[Attachment]:
    """Attach content to a record, under a number of 1 to 100 that is free.

    Raises:
        InvalidError: the purpose or media type has a form that none has.
    """
    headers = heads(purpose=purpose, new=True)
    return _put({**_of(at), "n": str(number)}, headers, content, media)


def replace(
    at: Attachment, content: bytes, purpose: str = "", *, media: str = BYTES
) -> Call[Attachment]:
    """Put other content in place of an attachment's.

    Raises:
        InvalidError: the purpose or media type has a form that none has.
    """
    headers = heads(purpose=purpose, version=at.version)
    return _put(_names(at), headers, content, media)


def every(
    at: RecordHead | Record, purpose: str = "", *, lease: Token | None = None
) -> Call[Attachments]:
    """List the attachments of a record.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_ALL,
        read=form(Attachments),
        names=_of(at),
        headers=heads(purpose=purpose, lease=lease),
    )


def read(
    at: Attachment,
    purpose: str = "",
    *,
    start: int = 0,
    end: int | None = None,
    lease: Token | None = None,
) -> Stream:
    """Read an attachment, or its bytes from `start` to before `end`.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    headers = heads(purpose=purpose, lease=lease)
    if start or end is not None:
        headers["range"] = f"bytes={start}-{'' if end is None else end - 1}"
    return Stream(
        Call(
            method="GET",
            route=_ONE,
            read=nothing,
            names=_names(at),
            headers=headers,
        )
    )


def delete(at: Attachment, purpose: str = "") -> Call[Attachment]:
    """Take an attachment out.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="DELETE",
        route=_ONE,
        read=form(Attachment),
        names=_names(at),
        headers=heads(purpose=purpose, version=at.version),
        repeats=Repeats.BOUND,
    )


def _put(
    names: dict[str, str], headers: dict[str, str], content: bytes, media: str
) -> Call[Attachment]:
    return Call(
        method="PUT",
        route=_ONE,
        read=form(Attachment),
        names=names,
        headers=headers,
        body=content,
        media=media_type(media),
        repeats=Repeats.BOUND,
    )


def _of(at: RecordHead | Record) -> dict[str, str]:
    head = at.head if isinstance(at, Record) else at
    return {"id": head.subject, "coll": head.collection, "record": head.id}


def _names(at: Attachment) -> dict[str, str]:
    return {"id": at.subject, "coll": at.collection, "record": at.record, "n": str(at.number)}
