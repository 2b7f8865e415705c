"""Calls of an officer about duties to keep, and about what is held of people who were erased.

Source: docs/spec/31-client.md section 3; docs/spec/32-holds.md.
"""

from collections.abc import Sequence

import msgspec

from sealhold.client.answers import Attachments, Record, RecordPage
from sealhold.client.call import (
    JSON,
    Answer,
    Call,
    Pages,
    Repeats,
    Stream,
    cursor,
    form,
    heads,
    nothing,
    packed,
)
from sealhold.client.duties import HeldProfile, Hold, HoldPlan, Holds, HoldShown

_ALL, _ONE = "/v1/holds", "/v1/holds/{id}"
_HELD = "/v1/held/{id}"
_RECORDS = _HELD + "/records/{coll}"
_FILES = _RECORDS + "/{record}/attachments"
_page_of = form(RecordPage)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be held: of whom, on what ground, until when."""

    app: str
    ground: str  # a DPV term of Article 17(3)
    law: str
    until: int  # milliseconds since 1970
    subject: str = ""  # empty: all of the app's people
    collections: tuple[str, ...] = ()
    records: tuple[str, ...] = ()  # `collection/id`
    fields: Sequence[str] = ()


def every() -> Call[Holds]:
    """List duties to keep, those that end first before the others."""
    return Call(method="GET", route=_ALL, read=form(Holds))


def show(hold: str) -> Call[HoldShown]:
    """Show a duty to keep, and what is held under it, unopened."""
    return Call(method="GET", route=_ONE, read=form(HoldShown), names={"id": hold})


def plan(wish: Wish) -> Call[HoldPlan]:
    """Tell what a duty to keep would cover today; nothing changes."""
    return Call(
        method="POST",
        route=_ALL + "/plan",
        read=form(HoldPlan),
        body=packed(wish),
        media=JSON,
    )


def declare(wish: Wish) -> Call[Hold]:
    """Declare a duty to keep."""
    return Call(
        method="POST",
        route=_ALL,
        read=form(Hold),
        body=packed(wish),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def lift(hold: str) -> Call[HoldShown]:
    """End a duty to keep: all that is held under it goes for good."""
    return Call(
        method="POST",
        route=_ONE + "/lift",
        read=form(HoldShown),
        names={"id": hold},
        body=packed({}),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def profile(keeping: str, purpose: str) -> Call[HeldProfile]:
    """Read held fields of somebody who was erased, for the purpose of the duty.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_HELD + "/profile",
        read=form(HeldProfile),
        names={"id": keeping},
        headers=heads(purpose=purpose),
    )


def records(keeping: str, collection: str, purpose: str, *, at_once: int = 50) -> Pages[Record]:
    """Read held records of a collection, `at_once` with each call (1 to 500)."""

    def page(after: str) -> Call[tuple[tuple[Record, ...], str]]:
        return Call(
            method="GET",
            route=_RECORDS,
            read=_records,
            names={"id": keeping, "coll": collection},
            query={**cursor("after", after), "limit": str(at_once)},
            headers=heads(purpose=purpose),
        )

    return Pages(page)


def attachments(keeping: str, collection: str, record: str, purpose: str) -> Call[Attachments]:
    """List the held attachments of a held record, without content.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_FILES,
        read=form(Attachments),
        names={"id": keeping, "coll": collection, "record": record},
        headers=heads(purpose=purpose),
    )


def attachment(keeping: str, collection: str, record: str, number: int, purpose: str) -> Stream:
    """Read a held attachment.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return Stream(
        Call(
            method="GET",
            route=_FILES + "/{n}",
            read=nothing,
            names={"id": keeping, "coll": collection, "record": record, "n": str(number)},
            headers=heads(purpose=purpose),
        )
    )


def _records(answer: Answer) -> tuple[tuple[Record, ...], str]:
    came = _page_of(answer)
    return came.records, came.after or ""
