"""What officers, the owner and people do about rights: requests, breaches, receipts of erasures.

Source: docs/spec/27-rights.md section 7.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.model.people import ErasedView
from sealhold.model.quantities import Instant
from sealhold.model.rights import (
    BreachView,
    BroughtView,
    Reason,
    RightsStep,
    RightsView,
    RightsWish,
)

ZIP = "application/zip"
STEPS = (
    ("acknowledge", "Tell the person that it arrived"),
    ("suspend", "Ask the person who they are, or for more"),
    ("verify-identity", "The person said who they are, or gave what was asked for"),
    ("accept", "It will be done"),
    ("extend", "It takes up to three months in all, and the person was told"),
    ("delay", "It will be late, and why"),
    ("fulfil", "It was done, and the person was told"),
    ("unfulfil", "It could not be done after all, and why"),
    ("reject", "It will not be done, and why"),
)


class OwnersProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The owner's proof; nobody else needs any."""

    passphrase: str = ""


class NewReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A DPV term, and words."""

    ground: str
    text: str

    def reason(self) -> Reason:
        """Return it as the vault takes it."""
        return Reason(ground=self.ground, text=self.text)


class NewRightsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks of a controller; a person names themselves by their token alone."""

    right: str
    app: str = ""
    subject: str = ""
    received_at: int | None = None


class NewStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a step of a rights request needs: reasons, and when it happened outside."""

    reasons: list[NewReason] = []
    happened_at: int | None = None


class NewBreach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened, and when somebody became aware of it."""

    about: str
    aware_at: int | None = None


class NewScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which app, or which token of a person, and in which time."""

    app: str
    since: int
    until: int
    token: str = ""


class NewBreachNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which notice went out, as a DPV term; a late first one says why."""

    notice: str
    reasons: list[NewReason] = []


class NewSparing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who need not be told, and why."""

    addressee: str
    reasons: list[NewReason]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsRequests:
    """Rights requests, the most urgent first."""

    requests: tuple[RightsView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """Breaches, the most urgent first."""

    breaches: tuple[BreachView, ...]


def receipt(call: Call) -> Reply:
    """Return the receipt of an erasure."""
    return Reply(value=call.vault.rights.receipt(acting_token(call), call.names["id"]))


def export(call: Call) -> Reply:
    """Return all that is kept of a person."""
    body = read(call, OwnersProof)
    chunks = call.vault.rights.export(acting_token(call), call.names["id"], body.passphrase)
    return Reply(chunks=chunks, media=ZIP)


def erase(call: Call) -> Reply:
    """Erase a person."""
    body = read(call, OwnersProof)
    token, rights = acting_token(call), call.vault.rights
    return Reply(value=rights.erase(token, call.names["id"], body.passphrase))


def bring(call: Call) -> Reply:
    """Take in an export."""
    app, key = call.query.one("app"), call.query.one("key")
    return Reply(value=call.vault.rights.bring(app, call.body, key), status=201)


def ask(call: Call) -> Reply:
    """Enter a rights request."""
    body = read(call, NewRightsRequest)
    wish = RightsWish(
        right=body.right,
        app=body.app,
        subject=body.subject,
        received_at=_at(body.received_at),
    )
    return Reply(value=call.vault.rights.ask(acting_token(call), wish), status=201)


def requests(call: Call) -> Reply:
    """Return rights requests."""
    return Reply(value=RightsRequests(requests=call.vault.rights.requests(acting_token(call))))


def request(call: Call) -> Reply:
    """Return one rights request."""
    return Reply(value=call.vault.rights.request(acting_token(call), call.names["id"]))


def enter_breach(call: Call) -> Reply:
    """Enter a breach."""
    body = read(call, NewBreach)
    made = call.vault.rights.enter_breach(acting_token(call), body.about, _at(body.aware_at))
    return Reply(value=made, status=201)


def scope(call: Call) -> Reply:
    """Compute how far a breach reached."""
    body = read(call, NewScope)
    since, until = Instant(body.since), Instant(body.until)
    found = call.vault.rights.scope(
        acting_token(call), call.names["id"], body.app, since, until, body.token
    )
    return Reply(value=found)


def notify(call: Call) -> Reply:
    """Enter a notice of a breach."""
    body = read(call, NewBreachNotice)
    reasons = tuple(each.reason() for each in body.reasons)
    return Reply(
        value=call.vault.rights.notify(acting_token(call), call.names["id"], body.notice, reasons)
    )


def spare(call: Call) -> Reply:
    """Enter that somebody need not be told."""
    body = read(call, NewSparing)
    reasons = tuple(each.reason() for each in body.reasons)
    return Reply(
        value=call.vault.rights.spare(acting_token(call), call.names["id"], body.addressee, reasons)
    )


def _step(name: str) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        body = read(call, NewStep)
        step = RightsStep(
            step=name,
            reasons=tuple(each.reason() for each in body.reasons),
            happened_at=_at(body.happened_at),
        )
        return Reply(value=call.vault.rights.step(acting_token(call), call.names["id"], step))

    return run


def _close(call: Call, *, again: bool) -> Reply:
    return Reply(
        value=call.vault.rights.close_breach(acting_token(call), call.names["id"], again=again)
    )


def acting_token(call: Call) -> str:
    """Return the token that the vault is to look at; none for the owner, who is signed in here."""
    return "" if call.role is Role.OWNER else call.token


def _at(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)


_BOTH = (Role.OWNER,)
_RIGHTS, _BREACH = "/v1/rights", "/v1/breaches/{id}"

ROUTES = (
    ApiRoute(
        method="GET", path="/v1/erasures/{id}", role=Role.APP, also=(Role.OWNER, Role.OFFICER),
        about="The receipt of an erasure; an app's copy shows no place in the log", run=receipt,
        answer=ErasedView,
    ),
    ApiRoute(
        method="POST", path="/v1/subjects/{id}/export", role=Role.PERSON,
        also=(Role.OWNER, Role.OFFICER), about="All that is kept of a person, as a ZIP",
        run=export, body=OwnersProof, media=ZIP,
    ),
    ApiRoute(
        method="POST", path="/v1/subjects/{id}/erase", role=Role.PERSON,
        also=(Role.OWNER, Role.OFFICER), about="Erase a person, or themselves",
        run=erase, body=OwnersProof, answer=ErasedView,
    ),
    ApiRoute(
        method="POST", path="/v1/import", role=Role.OWNER,
        about="Take in an export as a new person of an app; the key is who signed it", run=bring,
        answer=BroughtView, query=("app", "key"), takes_file=True, status=201,
    ),
    ApiRoute(
        method="GET", path=_RIGHTS, role=Role.OFFICER, also=(Role.OWNER, Role.PERSON),
        about="Rights requests, the most urgent first; a person sees their own", run=requests,
        answer=RightsRequests,
    ),
    ApiRoute(
        method="POST", path=_RIGHTS, role=Role.OFFICER, also=(Role.OWNER, Role.PERSON),
        about="Enter what a person asks for", run=ask, body=NewRightsRequest, answer=RightsView,
        status=201,
    ),
    ApiRoute(
        method="GET", path="/v1/rights/{id}", role=Role.OFFICER, also=(Role.OWNER, Role.PERSON),
        about="A rights request and its clock", run=request, answer=RightsView,
    ),
    *(
        ApiRoute(
            method="POST", path=f"/v1/rights/{{id}}/{name}", role=Role.OFFICER, also=_BOTH,
            about=about, run=_step(name), body=NewStep, answer=RightsView,
        )
        for name, about in STEPS
    ),
    ApiRoute(
        method="GET", path="/v1/breaches", role=Role.OFFICER, also=_BOTH,
        about="Breaches, the most urgent first",
        run=lambda c: Reply(value=Breaches(breaches=c.vault.rights.breaches())), answer=Breaches,
    ),
    ApiRoute(
        method="POST", path="/v1/breaches", role=Role.OFFICER, also=_BOTH, about="Enter a breach",
        run=enter_breach, body=NewBreach, answer=BreachView, status=201,
    ),
    ApiRoute(
        method="GET", path=_BREACH, role=Role.OFFICER, also=_BOTH, about="A breach and its clock",
        run=lambda c: Reply(value=c.vault.rights.breach(c.names["id"])), answer=BreachView,
    ),
    ApiRoute(
        method="POST", path=f"{_BREACH}/scope", role=Role.OFFICER, also=_BOTH,
        about="Compute from the log how far a breach reached", run=scope, body=NewScope,
        answer=BreachView,
    ),
    ApiRoute(
        method="POST", path=f"{_BREACH}/notify", role=Role.OFFICER, also=_BOTH,
        about="Enter that a notice went out", run=notify, body=NewBreachNotice, answer=BreachView,
    ),
    ApiRoute(
        method="POST", path=f"{_BREACH}/spare", role=Role.OFFICER, also=_BOTH,
        about="Enter that authority or persons need not be told, and why", run=spare,
        body=NewSparing, answer=BreachView,
    ),
    ApiRoute(
        method="POST", path=f"{_BREACH}/close", role=Role.OFFICER, also=_BOTH,
        about="Nothing remains to be done", run=lambda c: _close(c, again=False),
        answer=BreachView,
    ),
    ApiRoute(
        method="POST", path=f"{_BREACH}/reopen", role=Role.OFFICER, also=_BOTH,
        about="Something came to light", run=lambda c: _close(c, again=True), answer=BreachView,
    ),
)  # fmt: skip
