"""What people say: choices, limits, consents; and what was done with what is theirs.

Source: docs/spec/26-processings.md section 9.
"""

from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, limit, read
from sealhold.frontends.http.processing_api import caller
from sealhold.model.papers import CONSENT_RECORD, paper_schema
from sealhold.model.processing import ChoiceMade, ChoiceView, LimitsView, UsesPage, Wish
from sealhold.model.quantities import Instant


class NewChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says, the notice that they saw, and until when a yes holds."""

    choice: Wish
    notice: str = ""
    until: int | None = None


class NewClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an app says of a consent: `ConsentRequested`, or something that counts as unknown."""

    processing: str
    state: str = "ConsentRequested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceList:
    """Each processing as one person sees it."""

    choices: tuple[ChoiceView, ...]


def choose(call: Call) -> Reply:
    """Keep a choice."""
    body = read(call, NewChoice)
    until = None if body.until is None else Instant(body.until)
    made = call.vault.choices.choose(
        caller(call),
        call.names["id"],
        call.names["processing"],
        body.choice.value,
        body.notice,
        until,
    )
    return Reply(value=made)


def claim(call: Call) -> Reply:
    """Take what an app says."""
    body = read(call, NewClaim)
    call.vault.choices.claim(caller(call), call.names["id"], body.processing, body.state)
    return Reply(status=204)


def record(call: Call) -> Reply:
    """Return a consent record."""
    person = call.query.one("subject")
    paper = call.vault.choices.record(caller(call), call.names["id"], person)
    return Reply(value=paper, media=ENVELOPE)


def uses(call: Call) -> Reply:
    """Tell who did what."""
    cursor = call.query.one("cursor")
    found = call.vault.choices.uses(caller(call), call.names["id"], cursor, limit(call))
    return Reply(value=found)


def _restrict(call: Call, *, is_set: bool) -> Reply:
    return Reply(value=call.vault.choices.restrict(caller(call), call.names["id"], is_set=is_set))


def _object(call: Call, *, is_raised: bool) -> Reply:
    purpose = call.names["purpose"]
    return Reply(
        value=call.vault.choices.object(
            caller(call), call.names["id"], purpose, is_raised=is_raised
        )
    )


ENVELOPE = "application/vnd.dsse+json"
SCHEMA = "application/schema+json"
_PERSON = "/v1/subjects/{id}"
_ANSWERS = (Role.OWNER, Role.OFFICER)  # who answers to people and authorities

ROUTES = (
    ApiRoute(
        method="GET", path="/v1/schemas/consent-record", role=Role.PUBLIC,
        about="The JSON Schema of consent records and receipts",
        run=lambda _: Reply(value=paper_schema(CONSENT_RECORD), media=SCHEMA), media=SCHEMA,
    ),
    ApiRoute(
        method="GET", path=_PERSON + "/choices", role=Role.PERSON,
        about="Each processing, and what you said to it",
        run=lambda c: Reply(
            value=ChoiceList(choices=c.vault.choices.choices(caller(c), c.names["id"]))
        ),
        answer=ChoiceList,
    ),
    ApiRoute(
        method="PUT", path=_PERSON + "/choices/{processing}", role=Role.PERSON,
        about="Allow, deny or withdraw; the receipt comes with the answer", run=choose,
        body=NewChoice, answer=ChoiceMade,
    ),
    ApiRoute(
        method="GET", path=_PERSON + "/uses", role=Role.PERSON, also=_ANSWERS,
        about="Who did what with a person's data, the newest first", run=uses, answer=UsesPage,
        query=("cursor", "limit"),
    ),
    ApiRoute(
        method="GET", path=_PERSON + "/limits", role=Role.PERSON, also=_ANSWERS,
        about="What a person set to all uses",
        run=lambda c: Reply(value=c.vault.choices.limits(caller(c), c.names["id"])),
        answer=LimitsView,
    ),
    ApiRoute(
        method="PUT", path=_PERSON + "/restriction", role=Role.PERSON, also=(Role.OFFICER,),
        about="Restrict all uses but disputes", run=lambda c: _restrict(c, is_set=True),
        answer=LimitsView,
    ),
    ApiRoute(
        method="DELETE", path=_PERSON + "/restriction", role=Role.PERSON, also=(Role.OFFICER,),
        about="Lift a restriction; an officer's takes effect after three days",
        run=lambda c: _restrict(c, is_set=False), answer=LimitsView,
    ),
    ApiRoute(
        method="PUT", path=_PERSON + "/objections/{purpose}", role=Role.PERSON,
        about="Object to a purpose and all within it", run=lambda c: _object(c, is_raised=True),
        answer=LimitsView,
    ),
    ApiRoute(
        method="DELETE", path=_PERSON + "/objections/{purpose}", role=Role.PERSON,
        about="Take an objection back", run=lambda c: _object(c, is_raised=False),
        answer=LimitsView,
    ),
    ApiRoute(
        method="POST", path=_PERSON + "/consents", role=Role.APP,
        about="Ask a person for consent; what else is claimed counts as unknown", run=claim,
        body=NewClaim, status=204,
    ),
    ApiRoute(
        method="POST", path="/v1/consents/{id}/withdraw", role=Role.PERSON,
        about="Take a consent back", answer=ChoiceMade,
        run=lambda c: Reply(value=c.vault.choices.withdraw(caller(c), c.names["id"])),
    ),
    ApiRoute(
        method="GET", path="/v1/consents/{id}/record", role=Role.PERSON, also=_ANSWERS,
        about="A signed consent record; owner and officers name the `subject`", run=record,
        query=("subject",), media=ENVELOPE,
    ),
)  # fmt: skip
