"""Recipients of data are told of erasures and rectifications, until it arrived."""

from collections.abc import Iterator

import pytest

from sealhold.audit.erasure import open_erasure, person_name
from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    InvalidError,
    NotFoundError,
)
from sealhold.model.ids import Id16
from sealhold.model.rights import RecipientNoticeView
from sealhold.vault.recipients import Recipients
from sealhold.vault.stories import By
from tests.unit.people_vault import NAME, SERVICE, Crowd, crowd

OWNER = By(actor=Actor.OWNER)


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def entered(many: Crowd, name: str = "Printers") -> Id16:
    app = many.app(many.one)
    return many.people.recipients.add(OWNER, app, name, f"{name.lower()}@example.org").id


def waiting(many: Crowd) -> list[RecipientNoticeView]:
    return list(many.people.recipients.waiting())


@pytest.mark.promise("P8")
def test_an_erasure_is_told_to_each_recipient_of_the_app_and_stands_in_the_receipt(
    many: Crowd,
) -> None:
    ada, bob = many.person(), many.person(many.other, "Bob")
    printers, shippers = entered(many), entered(many, "Shippers")

    paper = many.people.erase(many.one, ada).paper.encode()
    many.people.erase(many.other, bob)

    notices = waiting(many)
    assert {each.recipient for each in notices} == {printers, shippers}
    assert {(each.why, each.subject, each.app) for each in notices} == {("erased", ada, many.one)}
    assert {each.person for each in notices} == {person_name(ada).hex()}
    told = open_erasure(paper)[0].facts.told
    assert {each.recipient for each in told} == {printers, shippers}


def test_changes_of_one_person_wait_as_one_notice_and_an_erasure_takes_its_place(
    many: Crowd,
) -> None:
    ada = many.person()  # what is new tells nobody
    printers = entered(many)
    assert waiting(many) == []

    for version, name in enumerate(("Eve", "Mae", "Zoe"), 1):
        many.people.patch(many.one, ada, SERVICE, {NAME: name}, version)
    (changed,) = waiting(many)
    many.people.erase(many.one, ada)
    (erased,) = waiting(many)

    assert (changed.why, changed.subject, changed.recipient) == ("rectified", ada, printers)
    assert (erased.why, erased.subject) == ("erased", ada)


def test_a_notice_waits_until_it_arrived_and_then_names_nobody(many: Crowd) -> None:
    ada = many.person()
    entered(many)
    many.people.erase(many.one, ada)
    (notice,) = waiting(many)
    recipients = many.people.recipients

    assert waiting(many) == [notice]
    recipients.delivered(By(actor=Actor.APP), notice.id, many.one)
    again = recipients.delivered(OWNER, notice.id)

    assert waiting(many) == []
    assert (again.subject, again.person) == (None, notice.person)
    told = [each.reason for each in many.events(EventKind.RECIPIENT)]
    assert told == ["told", "entered"]


@pytest.mark.threat("T264")
def test_an_app_ends_no_notice_of_another(many: Crowd) -> None:
    ada = many.person()
    entered(many)
    many.people.erase(many.one, ada)
    (notice,) = waiting(many)
    recipients = many.people.recipients

    for name in (notice.id, Id16(bytes(16))):
        with pytest.raises(DeniedError):
            recipients.delivered(By(actor=Actor.APP), name, many.other)
    with pytest.raises(NotFoundError):
        recipients.delivered(OWNER, Id16(bytes(16)))
    assert list(recipients.waiting(many.other)) == []
    assert waiting(many) == [notice]


@pytest.mark.threat("T329")
def test_no_notice_to_who_was_taken_out_names_a_person_who_was_erased(many: Crowd) -> None:
    ada, bob = many.person(), many.person(name="Bob")
    printers = entered(many)
    for who in (ada, bob):
        many.people.patch(many.one, who, SERVICE, {NAME: "Eve"}, 1)
    many.people.recipients.remove(OWNER, printers)
    assert {each.subject for each in waiting(many)} == {ada, bob}

    many.people.erase(many.one, ada)

    assert [(each.subject, each.why) for each in waiting(many)] == [(bob, "rectified")]


def test_who_is_taken_out_is_told_no_more_and_what_waits_stays(many: Crowd) -> None:
    ada, bob = many.person(), many.person(name="Bob")
    printers, kept = entered(many), entered(many, "Shippers")
    many.people.erase(many.one, ada)

    many.people.recipients.remove(OWNER, printers)
    many.people.erase(many.one, bob)

    assert len(waiting(many)) == 3
    assert [each.id for each in many.people.recipients.all()] == [kept]
    assert [each.id for each in Recipients(many.vault.core).all()] == [kept]
    with pytest.raises(NotFoundError):
        many.people.recipients.remove(OWNER, printers)


def test_what_waits_for_the_last_recipient_of_an_app_stays_when_that_is_taken_out(
    many: Crowd,
) -> None:
    ada, bob = many.person(), many.person(many.other, "Bob")
    printers = entered(many)
    many.people.recipients.add(OWNER, many.app(many.other), "Movers", "m@example.org")
    many.people.erase(many.one, ada)
    many.people.erase(many.other, bob)

    many.people.recipients.remove(OWNER, printers)

    assert {each.subject for each in waiting(many)} == {ada, bob}


def test_a_recipient_that_was_written_without_an_answer_is_told(many: Crowd) -> None:
    ada = many.person()
    many.people.patch(many.one, ada, SERVICE, {NAME: "Eve"}, 1)  # with nobody to tell
    many.vault.heads.is_full = True
    with pytest.raises(AuditUnavailableError):
        entered(many)
    many.vault.heads.is_full = False

    many.people.erase(many.one, ada)

    assert [each.name for each in waiting(many)] == ["Printers"]


@pytest.mark.parametrize("name", ["", "  ", "a\u202eb", "x" * 401])
def test_a_recipient_has_a_name_in_the_clear(many: Crowd, name: str) -> None:
    with pytest.raises(InvalidError):
        many.people.recipients.add(OWNER, many.app(many.one), name, "mail")
