"""Holds over HTTP: declared, looked at and lifted; what is held is read by officers.

Source: docs/spec/32-holds.md section 7.
"""

from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import BYTES, ApiRoute, Call, Reply, Role, limit, read
from sealhold.frontends.http.attachments_api import number_of
from sealhold.frontends.http.rights_api import OwnersProof, acting_token
from sealhold.frontends.http.showing import PURPOSE
from sealhold.model.holds import HeldProfile, HoldPlan, HoldShown, HoldView, HoldWish
from sealhold.model.personrecords import AttachmentsView, RecordPage
from sealhold.model.quantities import Instant
from sealhold.model.staying import StayView


class WantedHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be held: of whom, on what ground, until when."""

    app: str
    ground: str
    law: str
    until: int
    subject: str = ""
    collections: list[str] = []
    records: list[str] = []
    fields: list[str] = []

    def wish(self) -> HoldWish:
        """Return it as the vault takes it."""
        return HoldWish(
            app=self.app,
            subject=self.subject,
            collections=tuple(self.collections),
            records=tuple(self.records),
            fields=tuple(self.fields),
            ground=self.ground,
            law=self.law,
            until=Instant(self.until),
        )


class NewHold(WantedHold, frozen=True, forbid_unknown_fields=True):
    """A hold, and the owner's proof; an officer needs none."""

    passphrase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldList:
    """Holds, those that end first before the others."""

    holds: tuple[HoldView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """What would stay of a person who is erased now."""

    stays: tuple[StayView, ...]


def plan(call: Call) -> Reply:
    """Return what a hold would cover today."""
    return Reply(value=call.vault.holds.plan(read(call, WantedHold).wish()))


def add(call: Call) -> Reply:
    """Declare a hold."""
    body = read(call, NewHold)
    made = call.vault.holds.add(acting_token(call), body.wish(), body.passphrase)
    return Reply(value=made, status=201)


def lift(call: Call) -> Reply:
    """End a hold."""
    body = read(call, OwnersProof)
    ended = call.vault.holds.lift(acting_token(call), call.names["id"], body.passphrase)
    return Reply(value=ended)


def staying(call: Call) -> Reply:
    """Return what would stay of a person."""
    found = call.vault.holds.staying(acting_token(call), call.names["id"])
    return Reply(value=Staying(stays=found))


def profile(call: Call) -> Reply:
    """Return held fields."""
    return Reply(value=call.vault.holds.profile(call.token, call.names["id"], call.header(PURPOSE)))


def records(call: Call) -> Reply:
    """Return held records."""
    name, collection = call.names["id"], call.names["coll"]
    after, most = call.query.one("after"), limit(call)
    found = call.vault.holds.records(
        call.token, name, call.header(PURPOSE), collection, after, most
    )
    return Reply(value=found)


def attachments(call: Call) -> Reply:
    """List held attachments."""
    names = call.names
    found = call.vault.holds.attachments(
        call.token, names["id"], call.header(PURPOSE), names["coll"], names["record"]
    )
    return Reply(value=found)


def attachment(call: Call) -> Reply:
    """Return a held attachment."""
    names = call.names
    view = call.vault.holds.attachment(
        call.token, names["id"], call.header(PURPOSE), names["coll"], names["record"],
        number_of(call),
    )  # fmt: skip
    return Reply(chunks=view.pieces, media=view.media)


_BOTH = (Role.OWNER,)
_HOLD, _HELD = "/v1/holds/{id}", "/v1/held/{id}"
_RECORDS = _HELD + "/records/{coll}"
_FILES = _RECORDS + "/{record}/attachments"

ROUTES = (
    ApiRoute(
        method="GET", path="/v1/holds", role=Role.OFFICER, also=_BOTH,
        about="Duties to keep what an erasure would take, those that end first before the others",
        run=lambda c: Reply(value=HoldList(holds=c.vault.holds.all())), answer=HoldList,
    ),
    ApiRoute(
        method="POST", path="/v1/holds", role=Role.OFFICER, also=_BOTH,
        about="Declare a duty to keep", run=add, body=NewHold, answer=HoldView, status=201,
    ),
    ApiRoute(
        method="POST", path="/v1/holds/plan", role=Role.OFFICER, also=_BOTH,
        about="What a duty to keep would cover today; nothing changes", run=plan, body=WantedHold,
        answer=HoldPlan,
    ),
    ApiRoute(
        method="GET", path=_HOLD, role=Role.OFFICER, also=_BOTH,
        about="A duty to keep, and what is held under it, unopened",
        run=lambda c: Reply(value=c.vault.holds.show(c.names["id"])), answer=HoldShown,
    ),
    ApiRoute(
        method="POST", path=f"{_HOLD}/lift", role=Role.OFFICER, also=_BOTH,
        about="End a duty to keep: all that is held under it goes for good", run=lift,
        body=OwnersProof, answer=HoldShown,
    ),
    ApiRoute(
        method="GET", path="/v1/subjects/{id}/holds", role=Role.PERSON,
        also=(Role.OWNER, Role.OFFICER),
        about="What would stay of a person who is erased now, and on what ground", run=staying,
        answer=Staying,
    ),
    ApiRoute(
        method="GET", path=f"{_HELD}/profile", role=Role.OFFICER,
        about="Held fields of somebody who was erased", run=profile, answer=HeldProfile,
        headers=(PURPOSE,),
    ),
    ApiRoute(
        method="GET", path=_RECORDS, role=Role.OFFICER,
        about="Held records of somebody who was erased", run=records, answer=RecordPage,
        headers=(PURPOSE,), query=("after", "limit"),
    ),
    ApiRoute(
        method="GET", path=_FILES, role=Role.OFFICER,
        about="The held attachments of a held record, without content", run=attachments,
        answer=AttachmentsView, headers=(PURPOSE,),
    ),
    ApiRoute(
        method="GET", path=_FILES + "/{n}", role=Role.OFFICER, about="A held attachment",
        run=attachment, headers=(PURPOSE,), media=BYTES,
    ),
)  # fmt: skip
