"""A vault with apps, people and processings, and people who say what they think of them."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.model.errors import DeniedError
from sealhold.model.ids import AppId, FieldName, SubjectId
from sealhold.model.people import Value
from sealhold.model.processing import (
    Body,
    ChoiceMade,
    ChoiceView,
    Circumstances,
    LeaseView,
    Risk,
    Terms,
    Wish,
)
from sealhold.vault.choosing import Answer, Choosing
from sealhold.vault.limiting import Limiting
from sealhold.vault.notices import Notices
from sealhold.vault.processing_runs import ProcessingRuns
from sealhold.vault.processings import Processing, Processings
from sealhold.vault.releasing import Releasing
from sealhold.vault.speaking import Speaker
from sealhold.vault.usesof import UsesOf
from sealhold.vault.using import Uses
from sealhold.vault.verdicts import Verdicts
from tests.unit.people_vault import MARKETING, NAME, Crowd, crowd

CODE, OTHER_CODE = "cc" * 32, "dd" * 32
FULL = Circumstances(
    service="offers that fit",
    collection="given at sign-up",
    method="a newsletter is addressed",
    storage_location="EU",
    processing_location="EU",
    jurisdiction="EU",
    withdrawal="the page of your choices",
    controller=Body(
        identifier="DE1", name="Example Ltd", address="1 Road", contact="dpo@example.org"
    ),
    authority=Body(identifier="A", name="Authority", address="2 Road", contact="a@example.org"),
)
TERMS = Terms(
    name="Newsletter",
    code=CODE,
    purpose=MARKETING,
    basis="eu-gdpr:A6-1-a",
    special="",
    fields=frozenset({NAME}),
    collections=frozenset(),
    recipients=frozenset({"Mailer Ltd"}),
    transfers=frozenset(),
    retention_days=30,
    automated=False,
    risk=Risk.LOW,
    output_bytes=64,
    circumstances=FULL,
)


@dataclass(frozen=True)
class Stage:
    """People who are asked."""

    many: Crowd
    uses: Uses
    processings: Processings
    notices: Notices
    choosing: Choosing
    limiting: Limiting
    runs: ProcessingRuns
    releasing: Releasing
    verdicts: Verdicts
    uses_of: UsesOf

    @property
    def app(self) -> AppId:
        return self.many.one

    def processing(self, terms: Terms = TERMS, app: AppId | None = None) -> Processing:
        """Return a processing that was activated."""
        holder = self.many.app(app or self.app)
        found = self.processings.register(holder, terms, Actor.APP)
        return self.activate(found)

    def activate(self, found: Processing) -> Processing:
        schema = self.many.schemas.get(found.app)
        return self.processings.activate(found, schema, Actor.OWNER)

    def change(self, found: Processing, change: Callable[[Terms], Terms]) -> Processing:
        """Return the processing after a change of its terms; it is active again."""
        now = self.processings.get(found.id)
        holder = self.many.app(found.app)
        after = self.processings.change(holder, now, change(now.terms), Actor.APP)
        return self.activate(after)

    def who(self, subject: SubjectId, actor: Actor = Actor.PERSON) -> Speaker:
        return Speaker(app=self.app, subject=subject, actor=actor, way="link")

    def say(self, subject: SubjectId, found: Processing, wish: Wish) -> ChoiceMade:
        """Say something to what the person is shown now."""
        shown = self.processings.get(found.id).shown
        return self.choosing.choose(self.who(subject), found.id, Answer(wish=wish, notice=shown))

    def choice(self, subject: SubjectId, found: Processing) -> ChoiceView:
        """Return how a processing looks to a person."""
        views = self.choosing.choices(self.who(subject))
        return next(each for each in views if each.processing == found.id)

    def run(self, found: Processing, reads: int = 100) -> LeaseView:
        return self.runs.begin(
            found.app, found.id, self.processings.get(found.id).terms.code, reads
        )

    def read(self, lease: str, subject: SubjectId) -> dict[FieldName, Value]:
        return dict(self.runs.get(self.app, lease, subject).fields)


@contextmanager
def stage() -> Iterator[Stage]:
    with crowd() as many:
        yield staged(many)


def staged(many: Crowd) -> Stage:
    """Return the parts that a process would have."""
    core = many.vault.core
    uses = Uses(core, many.registry, many.schemas)
    return Stage(
        many=many,
        uses=uses,
        processings=uses.processings,
        notices=Notices(core),
        choosing=Choosing(core, uses),
        limiting=Limiting(core, uses),
        runs=ProcessingRuns(core, uses),
        releasing=Releasing(core, uses),
        verdicts=Verdicts(core, uses),
        uses_of=UsesOf(core, many.registry, uses),
    )


def opened(envelope: str) -> dict[str, Any]:
    """Return what a signed paper says, unchecked."""
    document: dict[str, Any] = json.loads(b64decode(json.loads(envelope)["payload"]))
    return document


def permitted(on: Stage) -> tuple[SubjectId, Processing]:
    """Return a person and a processing that they allow."""
    ada, found = on.many.person(), on.processing()
    on.say(ada, found, Wish.ALLOW)
    return ada, found


def refuses(on: Stage, lease: str, subject: SubjectId) -> str:
    """Return the reason for which a read was refused."""
    with pytest.raises(DeniedError) as told:
        on.read(lease, subject)
    assert (type(told.value), str(told.value)) == (DeniedError, "denied")
    refused = on.many.events(EventKind.PROFILE)[0]
    assert refused.outcome is Outcome.DENIED
    return refused.reason or ""
