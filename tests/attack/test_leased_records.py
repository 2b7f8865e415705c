"""Runs that read records of people: decided at each read, and never past what a person said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto.token import Caveat, CaveatKind, attenuate
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection, GrantId, SubjectId
from sealhold.model.processing import Terms, Wish
from sealhold.vault.attaching import Attachments, Given, Of
from sealhold.vault.personrecords import At, PersonRecords
from sealhold.vault.recordasking import Asking, RecordUses
from tests.unit.people_vault import MARKETING, SERVICE
from tests.unit.processing_vault import TERMS, Stage, staged
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, rule, shelf

OVER_NOTES = replace(TERMS, fields=frozenset(), collections=frozenset({Collection(NOTES)}))
AT = At(NOTES, rid(1))


@dataclass(frozen=True)
class Reading:
    """People with notes, and a processing that wants them."""

    kept: Shelf
    on: Stage
    records: PersonRecords

    def asking(self, subject: SubjectId, lease: str, purpose: str = "") -> Asking:
        return Asking(app=self.on.app, subject=subject, purpose=purpose, lease=lease)

    def read(self, subject: SubjectId, lease: str, purpose: str = "") -> object:
        return self.records.get(self.asking(subject, lease, purpose), AT).wait().content

    def refuses(self, subject: SubjectId, lease: str, purpose: str = "") -> str:
        with pytest.raises(DeniedError):
            self.read(subject, lease, purpose)
        return self.kept.events()[0].reason or ""

    def person(self) -> SubjectId:
        subject = self.on.many.person()
        self.kept.put(subject, 1, {"text": "hello"})
        return subject


@pytest.fixture
def now() -> Iterator[Reading]:
    with shelf() as kept:
        on = staged(kept.many)
        uses = RecordUses(on.uses, kept.collections)
        yield Reading(kept, on, PersonRecords(kept.many.vault.core, uses, kept.blocks))


@pytest.mark.promise("P6")
@pytest.mark.threat("T253")
def test_records_are_read_by_a_run_only_while_the_person_allows_it(now: Reading) -> None:
    ada, on = now.person(), now.on
    found = on.processing(OVER_NOTES)
    run = on.run(found)
    assert now.refuses(ada, run.lease) == "no_consent"

    on.say(ada, found, Wish.ALLOW)
    assert now.read(ada, run.lease) == {"text": "hello"}
    page = now.records.page(now.asking(ada, run.lease), NOTES, None, 10).wait()
    assert len(page.records) == 1
    assert {each.grant for each in now.kept.events()[:2]} == {GrantId(run.run)}
    on.say(ada, found, Wish.WITHDRAW)

    assert now.refuses(ada, run.lease) == "no_consent"
    with pytest.raises(DeniedError):
        on.releasing.release(on.app, run.lease, b"42")


@pytest.mark.threat("T255")
def test_what_people_choose_about_is_not_read_from_records_under_the_bare_purpose(
    now: Reading,
) -> None:
    ada, on = now.person(), now.on
    on.processing(OVER_NOTES)

    assert now.refuses(ada, "", MARKETING) == "needs_run"
    assert now.read(ada, "", SERVICE) == {"text": "hello"}


@pytest.mark.threat("T253")
@pytest.mark.threat("T255")
def test_attachments_are_read_as_their_records_are(now: Reading) -> None:
    ada, on = now.person(), now.on
    core = on.many.vault.core
    uses = RecordUses(on.uses, now.kept.collections)
    attachments, of = Attachments(core, uses, now.kept.blocks), Of(AT, 1)
    attachments.put(now.asking(ada, "", SERVICE), of, Given("text/plain", b"hello"), None)
    found = on.processing(OVER_NOTES)
    on.say(ada, found, Wish.ALLOW)
    leased, bare = now.asking(ada, on.run(found).lease), now.asking(ada, "", MARKETING)

    assert b"".join(attachments.get(leased, of).pieces) == b"hello"
    assert len(attachments.listed(leased, AT).attachments) == 1
    for way in (lambda: attachments.get(bare, of), lambda: attachments.listed(bare, AT)):
        with pytest.raises(DeniedError):
            way()
    with pytest.raises(DeniedError):
        attachments.delete(leased, of, 1)
    on.say(ada, found, Wish.WITHDRAW)
    for way in (lambda: attachments.get(leased, of), lambda: attachments.listed(leased, AT)):
        with pytest.raises(DeniedError):
            way()


@pytest.mark.threat("T257")
def test_a_lease_reads_its_collections_for_its_purpose_so_often_and_changes_nothing(
    now: Reading,
) -> None:
    ada, on = now.person(), now.on
    found = on.processing(OVER_NOTES)
    on.say(ada, found, Wish.ALLOW)
    run = on.run(found, reads=2)
    narrow = attenuate(run.lease, Caveat(CaveatKind.SCOPE, VISITS))

    assert now.refuses(ada, run.lease, SERVICE) == "other_purpose"
    assert now.refuses(ada, narrow) == "out_of_scope"
    with pytest.raises(DeniedError):
        now.records.page(now.asking(ada, run.lease), VISITS, None, 10).wait()
    with pytest.raises(DeniedError):
        now.records.put(now.asking(ada, run.lease), At(NOTES, rid(2)), {"text": "x"}, None).wait()
    with pytest.raises(DeniedError):
        now.records.delete(now.asking(ada, run.lease), AT, 1).wait()
    other = structs.replace(now.asking(ada, run.lease), app=on.many.other)
    with pytest.raises(DeniedError):
        now.records.get(other, AT).wait()
    assert [now.read(ada, run.lease) for _ in range(2)] == [{"text": "hello"}] * 2
    assert now.refuses(ada, run.lease) == "no_reads_left"


def test_a_collection_of_a_special_category_needs_its_own_basis(now: Reading) -> None:
    ada, on = now.person(), now.on
    sensitive = replace(rule(SERVICE, MARKETING, versions=3), sensitive=True)
    now.kept.collections.lay_down(on.many.app(on.app), NOTES, sensitive)

    def grounded(terms: Terms) -> Terms:
        return replace(terms, special="eu-gdpr:A9-2-a")

    found = on.processing(OVER_NOTES)
    on.say(ada, found, Wish.ALLOW)
    assert now.refuses(ada, on.run(found).lease) == "no_basis"
    on.change(found, grounded)
    on.say(ada, found, Wish.ALLOW)

    assert now.read(ada, on.run(found).lease) == {"text": "hello"}


@pytest.mark.promise("P7")
def test_the_persons_own_reading_needs_no_run_and_heeds_no_limit_of_theirs(now: Reading) -> None:
    ada, on = now.person(), now.on
    on.processing(OVER_NOTES)
    on.limiting.restrict(on.who(ada), is_set=True)
    own = Asking(app=on.app, subject=ada, actor=Actor.PERSON)

    assert now.records.get(own, AT).wait().content == {"text": "hello"}
    assert now.refuses(ada, "", SERVICE) == "restricted"
    assert on.many.events(EventKind.SAY)[0].reason == "restricted"
