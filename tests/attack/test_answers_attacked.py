"""A program that answers under a share, in the hands of who asks it, of kills and of programs."""

from dataclasses import replace
from itertools import count

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack
from sealhold.model.errors import DeniedError, InvalidError, SealBrokenError, TamperedError
from sealhold.model.ids import Id16, Purpose, TaskDigest
from sealhold.model.quantities import MICRO, Instant, MicroBits
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareforms import clauses_of
from sealhold.node.sharework import Kept, ShareWork
from sealhold.policy.share import Bar
from sealhold.policy.shareterms import Action
from sealhold.policy.uses import Ledger
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.saying import ASK, OWN, own_key
from sealhold.sharing.peers.answering import answers_of
from sealhold.sharing.peers.answers import (
    PROGRAM_KIND,
    Question,
    program_in,
    read_answer,
    write_answer,
)
from sealhold.sharing.peers.sharepaper import papers
from sealhold.sharing.peers.usenotes import Answered, Ask, open_answer
from sealhold.vault.budget import Budget
from sealhold.vault.writer import Work, Writer
from tests.scenarios.met_people import two_people
from tests.scenarios.shared_answers import GREEN, NAME, Answering, form, install
from tests.scenarios.shared_walks import take_in
from tests.scenarios.vaults import NOON, PASSPHRASE, charged, opened

pytestmark = pytest.mark.xdist_group("answers attacked")  # two people meet once

SERVICE = Purpose("ServiceProvision")
CURIOUS = b"""\
def evaluate(obj, res):
    said = 1
    if obj['start'] % 86400000 != 0:
        said = said + 2
    if 'uid' in obj:
        said = said + 4
    if obj['summary'] == 'doctor' or obj['summary'] == 'car':
        said = said + 8
    return said
"""
UP_TO_15 = {"min": 0, "max": 15, "step": 1}
NOSY = replace(
    GREEN,
    name="Nosy",
    code=CURIOUS,
    fields=("summary", "start", "uid"),
    evaluate=UP_TO_15,
    selections={"all": ("all", [])},
    aggregate={"kind": "max", "args": {}, "range": UP_TO_15, "default": 0},
)
VISITS = replace(GREEN, name="Visits")
ANY = {"min": 0, "max": 1, "step": 1}
KILLED = replace(
    GREEN,
    name="Killed",
    params={f"p{each}": each for each in range(2)},
    selections={"all": ("all", [])},
    aggregate={"kind": "max", "args": {}, "range": ANY, "default": 0},
)


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Answering:
    folder = tmp_path_factory.mktemp("attacked")
    ada, bo = two_people(folder)
    take_in(ada, folder / "week.ics", ("green ride", "green walk", "car", "doctor"))
    task, nosy, killed, visits = install(ada, GREEN, NOSY, KILLED, VISITS)
    found = Answering(ada, bo, folder, task)
    found.share()
    found.share("once", count=1)
    found.share("killed", task=killed, count=9)
    found.share("visits", task=visits, rows="summary = 'doctor'")
    _share_nosy(found, nosy)
    found.accept()
    return found


def _share_nosy(it: Answering, task: TaskDigest) -> None:
    """Share a program without a field, coarser, without a row, and without one that is barred."""
    wanted = form(task, rows="summary != 'car'", omit=("uid",), precision=("round(start, 1d)",))
    with opened(it.ada.home) as node:
        (doctor,) = node.records.search("doctor").items
    with it.ada.work() as work:
        shares = ShareWork(work)
        clauses = clauses_of(wanted, shares, NOON)
        bar = Bar(ids=frozenset({Id16(doctor.id)}))
        draft = shares.draft("nosy", replace(clauses, bars=(bar,)))
        shares.create(draft, draft.effect.digest, draft.found)


def forged(work: DeviceWork, name: str, **said: object) -> tuple[bytes, Secret]:
    """Ask by a changed node: whatever is said stands in the ask."""
    there = work.devices.collection(name)
    (paper,) = papers(there)
    program = program_in(there, paper.grant)
    assert program is not None
    secret = Secret(work.devices.entropy(96), "one-time key")
    ask = Ask(
        grant=paper.grant,
        thing=program.questions[0].id,
        version=bytes(16),
        action=Action.COMPUTE,
        purpose=SERVICE,
        box=BoxKey(secret).public,
        at=Instant(0),
    )
    key = own_key(work.devices.me.id, work.devices.entropy(16 - OWN))
    draft = Draft(there.replica)
    draft.note(ASK, key, replace(ask, **said).told())  # type: ignore[arg-type]
    draft.commit()
    return key, secret


def answered(it: Answering, name: str) -> dict[bytes, Answered]:
    with it.bo.work() as work:
        return answers_of(work.devices.collection(name))


def spent(it: Answering) -> int:
    with opened(it.ada.home) as node:
        return charged(node)


def ledger_of(it: Answering, name: str) -> Ledger:
    with it.ada.work() as work:
        shares = ShareWork(work)
        return shares.ledgers.ledger(shares.record(name).grant)


# --- T583: another program, another question ---


@pytest.mark.threat("T583")
def test_what_a_share_is_not_asked_is_denied_and_costs_nothing(it: Answering) -> None:
    before = spent(it)
    with it.bo.work() as work:
        other = work.devices.collection("nosy")
        (paper,) = papers(other)
        program = program_in(other, paper.grant)
        assert program is not None
        wrong = [
            forged(work, NAME, thing=program.questions[0].id),  # of another program
            forged(work, NAME, thing=Id16(work.devices.entropy(16))),
            forged(work, NAME, action=Action.VIEW),
            forged(work, NAME, purpose=Purpose("PersonnelPayment")),
            forged(work, NAME, grant=paper.grant),  # of another share: nobody answers it here
        ]
    it.carry()
    found = answered(it, NAME)
    assert [found[key].is_permitted for key, _ in wrong if key in found] == [False] * 4
    assert spent(it) == before


@pytest.mark.threat("T583")
def test_a_program_that_is_not_the_one_of_the_paper_is_not_shown(it: Answering) -> None:
    with it.ada.work() as work:
        shares = ShareWork(work)
        there, other = (work.devices.collection(each) for each in (NAME, "nosy"))
        mine, grant = shares.record(NAME), shares.record("nosy").grant
        wrong = other.replica.state.note(PROGRAM_KIND, grant)
        assert wrong is not None
        draft = Draft(there.replica)
        draft.note(PROGRAM_KIND, mine.grant, wrong.told)
        draft.commit()
    assert it.ada.sync() == ()  # the round says the right one again
    with it.ada.work() as work:
        there = work.devices.collection(NAME)
        said = program_in(there, mine.grant)
        assert said is not None
        assert len(said.questions) == 2


# --- T584: more answers than were granted, and kills ---


@pytest.mark.threat("T584")
def test_no_more_answers_than_the_count_and_none_beyond_a_budget(it: Answering) -> None:
    with it.bo.work() as work:
        keys = [forged(work, "once")[0] for _ in range(5)]
    it.carry()
    found = answered(it, "once")
    assert sum(found[key].is_permitted for key in keys) == 1
    ledger = ledger_of(it, "once")
    assert (ledger.spent, ledger.left) == (1, 0)


@pytest.mark.threat("T584")
def test_an_answer_that_no_budget_covers_is_denied_and_nothing_of_it_is_kept(
    it: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    with it.bo.work() as work:
        key, _ = forged(work, NAME)
    before = spent(it)
    with monkeypatch.context() as patch:
        patch.setattr(Budget, "cap", lambda _self, _kind: MicroBits(0))
        it.carry()
    assert not answered(it, NAME)[key].is_permitted
    assert spent(it) == before


class Killed(BaseException):
    """The process is gone."""


def round_until(it: Answering, at: int) -> None:
    """Answer what was asked, and die after commit number `at` of it."""
    real, numbers = Writer.commit, count()

    def commit(writer: Writer, work: Work) -> int:
        done = real(writer, work)
        if next(numbers) == at:
            raise Killed
        return done

    with pytest.MonkeyPatch.context() as patch, it.ada.work() as work:
        shares = ShareWork(work)
        patch.setattr(Writer, "commit", commit)
        try:
            shares.round()
        finally:
            patch.undo()


@pytest.mark.threat("T584")
@pytest.mark.parametrize("at", range(2))
def test_a_kill_loses_no_answer_and_charges_none_twice(it: Answering, at: int) -> None:
    before = spent(it)
    uses = ledger_of(it, "killed").spent
    with it.bo.work() as work:
        there = work.devices.collection("killed")
        (paper,) = papers(there)
        program = program_in(there, paper.grant)
        assert program is not None
        key, secret = forged(work, "killed", thing=program.questions[at].id)
    assert it.bo.sync() == ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShareWork, "round", lambda _self: Kept())
        assert it.ada.sync() == ()  # the ask is there, and nobody answered
    with pytest.raises(Killed):
        round_until(it, at)
    for vault in (it.ada, it.ada, it.bo):  # what a killed round wrote goes out with the next
        assert vault.sync() == ()
    found = answered(it, "killed")[key]
    assert found.is_permitted
    assert spent(it) == before + MICRO  # one bit, once
    assert ledger_of(it, "killed").spent == uses + 1
    with it.bo.work() as work:
        there = work.devices.collection("killed")
        given = open_answer(found.sealed, secret, there.about.id, key)
    assert read_answer(given, task_of(it, "killed"), program.questions[at]) == 1


def task_of(it: Answering, name: str) -> TaskDigest:
    with it.ada.work() as work:
        task = ShareWork(work).record(name).clauses.task
    assert task is not None
    return task


# --- T585: an answer to somebody else, or to something else ---


@pytest.mark.threat("T585")
def test_an_answer_opens_for_who_asked_and_in_its_own_place_alone(it: Answering) -> None:
    with it.bo.work() as work:
        (key, secret), (other, theirs) = forged(work, "nosy"), forged(work, "nosy")
    it.carry()
    found = answered(it, "nosy")
    with it.bo.work() as work:
        space = work.devices.collection("nosy").about.id
    assert open_answer(found[key].sealed, secret, space, key)
    for box, at in ((theirs, key), (secret, other)):
        with pytest.raises(SealBrokenError):
            open_answer(found[key].sealed, box, space, at)


@pytest.mark.threat("T585")
def test_what_a_guest_says_of_the_program_counts_for_nobody(it: Answering) -> None:
    with it.bo.work() as work:
        there = work.devices.collection(NAME)
        (paper,) = papers(there)
        before = program_in(there, paper.grant)
        assert before is not None
        draft = Draft(there.replica)
        draft.note(PROGRAM_KIND, paper.grant, [1, b"mine", []])
        draft.commit()
        assert program_in(there, paper.grant) == before
    it.carry()
    with it.ada.work() as work:
        assert program_in(work.devices.collection(NAME), paper.grant) == before


@pytest.mark.threat("T585")
def test_an_answer_to_another_question_is_none() -> None:
    task, other = TaskDigest(b"t" * 32), TaskDigest(b"o" * 32)
    asked = Question(id=Id16(b"1" * 16), param="p", selection="all")
    for given in (
        write_answer(other, asked, 3),
        write_answer(task, replace(asked, selection="early"), 3),
        write_answer(task, replace(asked, param="q"), 3),
        write_answer(task, asked, 3)[:-1],
        b"",
        pack([2, task, "p", "all", 3]),
        pack([1, task, "p", "all", "3"]),
    ):
        with pytest.raises(TamperedError):
            read_answer(given, task, asked)
    assert read_answer(write_answer(task, asked, 3), task, asked) == 3


# --- T586: more than the share shows ---


@pytest.mark.threat("T586")
def test_a_program_sees_what_the_share_shows_and_nothing_finer(it: Answering) -> None:
    assert it.answer("nosy").value == 1  # no time of day, no id, neither car nor doctor


@pytest.mark.threat("T586")
def test_no_record_and_no_rule_about_rows_lies_in_the_space(it: Answering) -> None:
    with it.bo.work() as work:
        there = work.devices.collection("nosy")
        state = there.replica.state
        assert not state.tree.shown()
        told = "".join(
            repr(note.told)
            for kind in ("share", "program", "answer", "receipt", "guest")
            for _, note in state.notes(kind)
        )
        (paper,) = papers(there)
        program = program_in(there, paper.grant)
    assert program is not None
    told += dsse.read_unverified(program.manifest)[1].decode()
    assert '"Nosy"' in told
    assert [each for each in ("doctor", "car'", "green ride", "VEVENT") if each in told] == []


# --- T587: an answer after something it was made of was erased ---


@pytest.mark.threat("T587")
def test_a_program_that_read_an_erased_item_answers_no_more_even_by_its_own_device(
    it: Answering,
) -> None:
    ada, grant, task = it.ada, it.grant("visits"), task_of(it, "visits")
    with opened(ada.home) as node:
        node.parts.answers.answer(grant, "p", "all")
        (item,) = node.records.search("doctor").items
        node.erasing.erase(item.id, PASSPHRASE)
        with pytest.raises(DeniedError):
            node.parts.answers.answer(grant, "p", "all")
        with pytest.raises(DeniedError):
            node.parts.answers.answer(grant, "p", "early")
    with ada.work() as work:
        shares = ShareWork(work)
        wanted = clauses_of(form(task, rows="summary = 'car'"), shares, NOON)
        with pytest.raises(InvalidError):
            shares.draft("again", wanted)
