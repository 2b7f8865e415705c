"""Processings, their runs, and what is decided about them: services 6 and 7.

- `Sealhold-Processing` brings the lease of a run beside the token of its app (`leased.py`).
- What people say stands in `choice_api.py`.

Source: docs/spec/26-processings.md section 9.
"""

import base64
import binascii
from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, limit, read
from sealhold.frontends.http.leased import LEASE
from sealhold.model.errors import InvalidError
from sealhold.model.ids import Collection, FieldName, Purpose, SubjectId
from sealhold.model.principals import Caller
from sealhold.model.processing import (
    Assessment,
    Body,
    Circumstances,
    LeaseView,
    NoticeView,
    Outcome,
    ProcessingView,
    ResultView,
    Risk,
    RunEnded,
    Terms,
    UseLine,
    UseQuestion,
    Verdict,
)

RESULT_BYTES = 65_536  # a result of 32 KiB in base64, and room


class NewParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A controller or an authority, and how to reach it."""

    identifier: str = ""
    name: str = ""
    address: str = ""
    contact: str = ""


class NewCircumstances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a consent record says beside the terms."""

    service: str = ""
    collection: str = ""
    method: str = ""
    storage_location: str = ""
    processing_location: str = ""
    jurisdiction: str = ""
    withdrawal: str = ""
    controller: NewParty = NewParty()
    authority: NewParty = NewParty()


class NewTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a processing does, with which program, for what, and how long."""

    name: str
    code: str
    purpose: str
    basis: str
    retention_days: int
    special: str = ""
    fields: list[str] = []
    collections: list[str] = []
    recipients: list[str] = []
    transfers: list[str] = []
    automated: bool = False
    risk: Risk = Risk.LOW
    output_bytes: int = 0
    strict: bool = True
    balancing: str = ""
    circumstances: NewCircumstances = NewCircumstances()
    app: str = ""

    def terms(self) -> Terms:
        """Return them as the vault takes them."""
        return Terms(
            name=self.name,
            code=self.code,
            purpose=Purpose(self.purpose),
            basis=self.basis,
            special=self.special,
            fields=frozenset(map(FieldName, self.fields)),
            collections=frozenset(map(Collection, self.collections)),
            recipients=frozenset(self.recipients),
            transfers=frozenset(self.transfers),
            retention_days=self.retention_days,
            automated=self.automated,
            risk=self.risk,
            output_bytes=self.output_bytes,
            strict=self.strict,
            balancing=self.balancing,
            circumstances=_circumstances(self.circumstances),
        )


class NewAssessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an assessment ended, why, and the digest of its document."""

    outcome: Outcome
    text: str
    digest: str


class NewNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that people may be shown for a processing."""

    processing: str
    digest: str
    language: str
    version: str


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program that runs, by its digest, and how often it reads at most."""

    code: str
    reads: int = 1_000


class NewResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a run, in base64."""

    output: str


class NewQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A use that somebody asks about."""

    subject: str
    processing: str
    code: str = ""
    purpose: str = ""
    fields: list[str] = []
    collection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingList:
    """Processings, by name."""

    processings: tuple[ProcessingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeList:
    """Texts that people may be shown."""

    notices: tuple[NoticeView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittingPerson:
    """One of those who permit a run."""

    subject: SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittingPeople:
    """People who permit a run; `after` goes on from here, and is empty on the last page."""

    people: tuple[PermittingPerson, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLog:
    """What a run did, the newest first."""

    uses: tuple[UseLine, ...]


def caller(call: Call) -> Caller:
    """Return who calls."""
    return Caller(role=call.role.value, token=call.token)


def register(call: Call) -> Reply:
    """Register a processing."""
    body = read(call, NewTerms)
    made = call.vault.processings.register(caller(call), body.app, body.terms())
    return Reply(value=made, status=201)


def change(call: Call) -> Reply:
    """Keep another version."""
    terms = read(call, NewTerms).terms()
    made = call.vault.processings.change(caller(call), call.names["id"], terms)
    return Reply(value=made, status=201)


def assess(call: Call) -> Reply:
    """Record an assessment."""
    body = read(call, NewAssessment)
    told = Assessment(outcome=body.outcome, text=body.text, digest=body.digest)
    return Reply(value=call.vault.processings.assess(caller(call), call.names["id"], told))


def add_notice(call: Call) -> Reply:
    """Note a text."""
    body = read(call, NewNotice)
    made = call.vault.processings.add_notice(
        caller(call), body.processing, body.digest, body.language, body.version
    )
    return Reply(value=made, status=201)


def begin_run(call: Call) -> Reply:
    """Begin a run."""
    body = read(call, NewRun)
    runs = call.vault.processing_runs
    made = runs.begin_run(caller(call), call.names["id"], body.code, body.reads)
    return Reply(value=made, status=201)


def people(call: Call) -> Reply:
    """Tell who permits."""
    runs = call.vault.processing_runs
    found = runs.people(caller(call), call.names["id"], call.query.one("after"))
    told = tuple(PermittingPerson(subject=each) for each in found.people)
    return Reply(value=PermittingPeople(people=told, after=found.after))


def release(call: Call) -> Reply:
    """Release a result.

    Raises:
        InvalidError: it is not base64.
    """
    try:
        output = base64.b64decode(read(call, NewResult).output, validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidError("`output` is not base64") from err
    runs, lease = call.vault.processing_runs, call.header(LEASE)
    return Reply(value=runs.release(caller(call), call.names["id"], lease, output))


def run_log(call: Call) -> Reply:
    """Tell what a run did."""
    runs = call.vault.processing_runs
    return Reply(value=RunLog(uses=runs.run_log(caller(call), call.names["id"], limit(call))))


def decide(call: Call) -> Reply:
    """Tell whether a use would be permitted."""
    body = read(call, NewQuestion)
    question = UseQuestion(
        subject=body.subject,
        processing=body.processing,
        code=body.code,
        purpose=body.purpose,
        fields=frozenset(map(FieldName, body.fields)),
        collection=body.collection,
    )
    return Reply(value=call.vault.choices.decide(caller(call), question))


def _circumstances(given: NewCircumstances) -> Circumstances:
    return Circumstances(
        service=given.service,
        collection=given.collection,
        method=given.method,
        storage_location=given.storage_location,
        processing_location=given.processing_location,
        jurisdiction=given.jurisdiction,
        withdrawal=given.withdrawal,
        controller=_body(given.controller),
        authority=_body(given.authority),
    )


def _body(given: NewParty) -> Body:
    return Body(
        identifier=given.identifier,
        name=given.name,
        address=given.address,
        contact=given.contact,
    )


_ONE = "/v1/processings/{id}"
_LOOKS = (Role.PERSON, Role.OWNER, Role.OFFICER)

ROUTES = (
    ApiRoute(
        method="POST", path="/v1/processings", role=Role.APP, also=(Role.OWNER,),
        about="Register a processing; the owner names the app", run=register, body=NewTerms,
        answer=ProcessingView, status=201,
    ),
    ApiRoute(
        method="GET", path="/v1/processings", role=Role.APP, also=_LOOKS,
        about="The processings that the caller may see",
        run=lambda c: Reply(
            value=ProcessingList(processings=c.vault.processings.list(caller(c)))
        ),
        answer=ProcessingList,
    ),
    ApiRoute(
        method="GET", path=_ONE, role=Role.APP, also=_LOOKS, about="One processing",
        run=lambda c: Reply(value=c.vault.processings.show(caller(c), c.names["id"])),
        answer=ProcessingView,
    ),
    ApiRoute(
        method="POST", path=_ONE + "/versions", role=Role.APP, also=(Role.OWNER,),
        about="Keep another version; a material change asks everybody anew", run=change,
        body=NewTerms, answer=ProcessingView, status=201,
    ),
    ApiRoute(
        method="POST", path=_ONE + "/assessment", role=Role.OFFICER, also=(Role.OWNER,),
        about="Record how the assessment of a processing ended", run=assess, body=NewAssessment,
        answer=ProcessingView,
    ),
    ApiRoute(
        method="POST", path=_ONE + "/activate", role=Role.OFFICER, also=(Role.OWNER,),
        about="Let a processing be run on whoever permits it",
        run=lambda c: Reply(value=c.vault.processings.activate(caller(c), c.names["id"])),
        answer=ProcessingView,
    ),
    ApiRoute(
        method="POST", path=_ONE + "/retire", role=Role.OFFICER, also=(Role.OWNER,),
        about="End a processing for good",
        run=lambda c: Reply(value=c.vault.processings.retire(caller(c), c.names["id"])),
        answer=ProcessingView,
    ),
    ApiRoute(
        method="GET", path="/v1/notices", role=Role.PUBLIC,
        about="The texts that people may be shown for a processing",
        run=lambda c: Reply(
            value=NoticeList(notices=c.vault.processings.notices(c.query.one("processing")))
        ),
        answer=NoticeList, query=("processing",),
    ),
    ApiRoute(
        method="POST", path="/v1/notices", role=Role.OFFICER, also=(Role.OWNER,),
        about="Note a text that people may be shown for a processing", run=add_notice,
        body=NewNotice, answer=NoticeView, status=201,
    ),
    ApiRoute(
        method="POST", path=_ONE + "/runs", role=Role.APP,
        about="Begin a run; its lease is said once and ends in an hour", run=begin_run,
        body=NewRun, answer=LeaseView, status=201,
    ),
    ApiRoute(
        method="GET", path="/v1/runs/{id}/people", role=Role.APP,
        about="People who permit a run now", run=people, answer=PermittingPeople, query=("after",),
    ),
    ApiRoute(
        method="POST", path="/v1/runs/{id}/result", role=Role.APP,
        about="Release the result of a run, if all its people still permit", run=release,
        body=NewResult, answer=ResultView, headers=(LEASE,), body_bytes=RESULT_BYTES,
    ),
    ApiRoute(
        method="DELETE", path="/v1/runs/{id}", role=Role.APP, also=(Role.OWNER,),
        about="End a run without a result",
        run=lambda c: Reply(value=c.vault.processing_runs.end_run(caller(c), c.names["id"])),
        answer=RunEnded,
    ),
    ApiRoute(
        method="GET", path="/v1/runs/{id}/log", role=Role.PERSON,
        also=(Role.OWNER, Role.OFFICER),
        about="What a run did; to a person, what it did with their data", run=run_log,
        answer=RunLog, query=("limit",),
    ),
    ApiRoute(
        method="POST", path="/v1/decide", role=Role.APP, also=_LOOKS,
        about="Whether a use would be permitted now; an app learns yes or DENIED", run=decide,
        body=NewQuestion, answer=Verdict,
    ),
)  # fmt: skip
