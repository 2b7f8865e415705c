"""Holds against kills, late declarations, lying receipts and edited rows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from sealhold.audit.erasure import issue, open_erasure
from sealhold.audit.verdict import ALTERED, HELD
from sealhold.compute.verify import verify_files
from sealhold.model.errors import (
    NotFoundError,
    SealBrokenError,
    SealholdError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import Id16, SubjectId, canonical
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.erasures import Erasures
from sealhold.vault.holdrows import HOLDS, KEEPINGS
from sealhold.vault.holds import Holds
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keepings import Keepings, keeping_names
from sealhold.vault.opening import DECIDING
from sealhold.vault.personrows import RECORDS
from sealhold.vault.subjects import SUBJECTS, Subjects
from tests.unit.holds_vault import END, LAW, LEGAL, WHOLE, Archive, archive, filled, held, read
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import NAME, SERVICE
from tests.unit.records_vault import NOTES, rid


@pytest.fixture
def kept() -> Iterator[Archive]:
    with archive() as found:
        yield found


# --- T317: an erasure that stops anywhere ---


class StoppedError(StoreUnavailableError):
    """The process ends here."""


def stopping_after(kept: Archive, patch: pytest.MonkeyPatch, writes: int) -> list[int]:
    """Let every write to rows, keys and packs behind the first ones fail."""
    core, made = kept.many.vault.core, [0]

    def stopping(work: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **named: object) -> object:
            if made[0] >= writes:
                raise StoppedError("the process ended")
            made[0] += 1
            return work(*args, **named)

        return run

    for of, name in (
        (core.writer, "submit"),
        (core.keyring, "commit"),
        (core.keyring.lies_in.store, "purge"),
        (core.objects, "put"),
    ):
        patch.setattr(of, name, stopping(getattr(of, name)))
    return made


@pytest.mark.threat("T317")
def test_an_erasure_that_stops_at_any_write_loses_nothing_that_is_held() -> None:
    writes, is_over = 0, False
    while not is_over:
        with archive() as kept:
            ada = filled(kept)
            hold = kept.hold(kept.wish(fields=(NAME,)))
            with pytest.MonkeyPatch.context() as patch:
                stopping_after(kept, patch, writes)
                try:
                    kept.erase(ada)
                    is_over = True
                except SealholdError:
                    pass
            found = kept.many.store.get(SUBJECTS.name, [(ada,)])[0]
            began = found is None or Subjects(kept.many.vault.core).mark(found) is not None
            kept.many.people.finish_erasures()
            if began:
                (keeping,) = kept.kept(hold)
                assert read(kept, SubjectId(keeping.id)) == WHOLE, writes
                assert kept.rows(ada) == []
                assert kept.keys(ada) == 0
                assert len(kept.erase(ada).stays) == 1
            else:
                assert kept.shelf.get(ada, 3) == {"text": "note 3"}
                assert kept.keepings() == []
            assert kept.faults() == [], writes
        writes += 1

    assert writes > 6


@pytest.mark.threat("T317")
def test_an_erasure_that_stops_and_stops_again_while_it_clears_up_is_ended(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))
    ring = kept.many.vault.core.keyring
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keepings, "_named", lambda *_: refuse())
        with pytest.raises(StoppedError):
            kept.erase(ada)
    left = keeping_names(kept.many.vault.core, kept.many.one, hold.id, ada)[1]
    assert kept.rows(left)

    ring.erase_subject(kept.many.one, left)  # and the process ends before the rows go
    kept.many.people.finish_erasures()

    (keeping,) = kept.kept(hold)
    assert read(kept, SubjectId(keeping.id)) == WHOLE
    assert kept.faults() == []


@pytest.mark.threat("T317")
def test_what_cannot_be_held_since_no_key_opens_it_is_told_in_the_receipt(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold()
    row = kept.many.store.get(SUBJECTS.name, [(ada,)])[0]
    assert row is not None
    kept.many.commit(Subjects(kept.many.vault.core).marked(row, [hold.id]))
    kept.many.vault.core.keyring.erase_subject(kept.many.one, ada)

    kept.many.people.finish_erasures()

    (said,) = open_erasure(kept.erase(ada).paper.encode())[0].facts.held
    assert (said.items, said.lost) == ({}, 4)
    assert kept.keepings() == []


def refuse() -> NoReturn:
    raise StoppedError("the process ended")


@pytest.mark.threat("T317")
def test_the_persons_key_goes_only_when_what_is_held_is_durable(
    kept: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = filled(kept)
    kept.hold()
    ring, seen = kept.many.vault.core.keyring, list[int]()
    erase = ring.erase_subject

    def looking(app: Any, subject: SubjectId) -> None:  # noqa: ANN401  # reason: passed on
        seen.append(len(kept.keepings()))
        erase(app, subject)

    monkeypatch.setattr(ring, "erase_subject", looking)
    kept.erase(ada)

    assert seen == [1]


# --- T318: a hold that comes too late ---


@pytest.mark.threat("T318")
def test_a_hold_that_is_declared_behind_an_erasure_brings_nothing_back(kept: Archive) -> None:
    ada = filled(kept)
    before = kept.erase(ada)

    with pytest.raises(NotFoundError):
        kept.hold(kept.wish(of=ada))
    hold = kept.hold()

    assert (kept.kept(hold), kept.keepings()) == ((), [])
    assert kept.erase(ada) == before
    assert before.stays == ()


@pytest.mark.threat("T318")
def test_a_hold_that_is_declared_while_somebody_leaves_does_not_bind_that(kept: Archive) -> None:
    ada = filled(kept)
    row = kept.many.store.get(SUBJECTS.name, [(ada,)])[0]
    assert row is not None
    kept.many.commit(Subjects(kept.many.vault.core).marked(row))

    with pytest.raises(NotFoundError):
        kept.hold(kept.wish(of=ada))
    hold = kept.hold()
    kept.many.people.finish_erasures()

    assert kept.kept(hold) == ()
    assert kept.erase(ada).stays == ()


@pytest.mark.threat("T318")
def test_a_hold_that_comes_in_the_moment_of_the_mark_binds_it(
    kept: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = filled(kept)
    of, declared = Holds.of, list[object]()

    def late(holds: Holds, *who: Any) -> object:  # noqa: ANN401  # reason: passed on
        found = of(holds, *who)
        if not declared:
            declared.append(kept.hold())
        return found

    monkeypatch.setattr(Holds, "of", late)

    assert len(kept.erase(ada).stays) == 1


@pytest.mark.threat("T318")
def test_a_hold_that_is_lifted_while_somebody_leaves_keeps_nothing(
    kept: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = filled(kept)
    hold = kept.hold()
    named = Keepings._named

    def lifting(keepings: Keepings, *rest: Any) -> object:  # noqa: ANN401  # reason: passed on
        kept.lift(hold)
        return named(keepings, *rest)

    monkeypatch.setattr(Keepings, "_named", lifting)
    receipt = kept.erase(ada)

    assert (receipt.stays, kept.keepings()) == ((), [])
    assert not list(scan_all(kept.many.store, RECORDS))
    assert not set(kept.many.vault.packs.names("packs/"))
    assert kept.faults() == []


# --- T320: what the receipt says of it ---


@pytest.mark.threat("T320")
@pytest.mark.parametrize(
    "lie",
    [
        {"hold": Id16(bytes(16))},
        {"ground": "eu-gdpr:JustificationA17LegalClaims"},
        {"law": "none"},
        {"purpose": SERVICE},
        {"until": Instant(END + 1)},
        {"items": {"ident": 9}},
        {"lost": 1},
        None,
    ],
    ids=str,
)
def test_what_a_receipt_says_is_held_cannot_be_said_otherwise(
    kept: Archive, lie: dict[str, Any] | None
) -> None:
    ada = filled(kept)
    held(kept, ada)
    core = kept.many.vault.core
    erasures = Erasures(core)
    found = erasures.of_person(kept.many.one, ada)
    assert found is not None
    paper = erasures.whole(found).paper.encode()
    true, _ = open_erasure(paper)
    changed = tuple(replace(each, **lie) for each in true.facts.held) if lie else ()
    facts = replace(true.facts, held=changed)

    forged = issue(replace(true, facts=facts), core.keyring.signer("proof-sign"))

    assert LAW.encode() in verify_detail(paper)
    assert verify_files([paper], None, at=NOON).exit_code == HELD
    assert verify_files([forged], None, at=NOON).exit_code == ALTERED


def verify_detail(paper: bytes) -> bytes:
    verdict = verify_files([paper], None, at=NOON)
    return "\n".join(check.detail for check in verdict.checks).encode()


@pytest.mark.threat("T320")
def test_no_byte_of_a_receipt_with_a_hold_can_be_changed(kept: Archive) -> None:
    ada = filled(kept)
    kept.hold()
    paper = kept.erase(ada).paper.encode()

    for at in range(0, len(paper), 37):
        bent = paper[:at] + bytes([paper[at] ^ 1]) + paper[at + 1 :]
        assert verify_files([bent], None, at=NOON).exit_code != HELD, at


# --- T321: rows that somebody edits ---


@pytest.mark.threat("T321")
@pytest.mark.parametrize("column", range(1, 4))
def test_a_keeping_that_was_edited_neither_opens_nor_destroys(kept: Archive, column: int) -> None:
    ada = filled(kept)
    hold = kept.hold()
    kept.erase(ada)
    (row,) = kept.keepings()
    bob = kept.many.person(name="Bob")
    edited = list(row)
    edited[column] = {1: kept.many.other, 2: hold.id, 3: bytes(16)}[column]
    edited[0] = bob if column == 2 else row[0]  # as if a living person were what is held

    kept.many.bend(Put(KEEPINGS.name, tuple(edited)))
    with pytest.raises(SealBrokenError):
        kept.door.records(kept.officer, canonical(Id16(edited[0])), LEGAL, NOTES, "", 10)
    with pytest.raises(TamperedError):
        kept.lift(hold)

    assert kept.many.people.get(kept.many.one, bob, SERVICE).fields[NAME] == "Bob"
    assert any("does not open" in each for each in kept.faults())


@pytest.mark.threat("T321")
def test_held_rows_of_one_person_open_for_no_other(kept: Archive) -> None:
    ada, bob = filled(kept), filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))
    kept.erase(ada)
    kept.erase(bob)
    one, other = (SubjectId(each.id) for each in kept.kept(hold))
    for table, key in ((FIELDS, (one, NAME)), (RECORDS, (one, NOTES, rid(1)))):
        found = kept.many.store.get(table.name, [key])[0]
        assert found is not None
        kept.many.bend(Put(table.name, (other, *found.row[1:])))

    with pytest.raises(SealBrokenError):
        kept.door.profile(kept.officer, canonical(other), LEGAL)
    with pytest.raises(SealBrokenError):
        kept.door.records(kept.officer, canonical(other), LEGAL, NOTES, "", 10)


@pytest.mark.threat("T321")
def test_after_its_end_no_row_of_a_hold_that_is_put_back_opens(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))
    kept.erase(ada)
    (keeping,) = kept.kept(hold)
    tables = {each.name: [row.row for row in scan_all(kept.many.store, each)] for each in ALL}

    kept.lift(hold)
    for name, rows in tables.items():
        kept.many.bend(*(Put(name, row) for row in rows))

    with pytest.raises(SealholdError):
        read(kept, SubjectId(keeping.id))
    with pytest.raises(NotFoundError):
        kept.many.vault.core.keyring.subject(SubjectId(keeping.id))
    assert HOLDS in DECIDING  # so a hold that is put back is found when the vault is opened


ALL = (KEEPINGS, FIELDS, RECORDS)
