"""Shares in which a program answers: the data stays, an answer is charged, and all can be read."""

import json
from dataclasses import replace

import pytest

from sealhold.model.errors import (
    BudgetAwayError,
    DeniedError,
    InvalidError,
    InvalidFilterError,
    LeakExhaustedError,
    NotFoundError,
    SealholdError,
)
from sealhold.model.ids import TaskDigest
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.node.contactwork import ContactWork
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ChangeForm, ShareForm, changed_clauses, clauses_of
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork
from sealhold.policy.shareterms import Tier
from sealhold.sharing.peers.sharepaper import records
from sealhold.vault.budget import Budget
from sealhold.vault.syncrows import WANTED
from tests.scenarios.circle_site import serving
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.shared_answers import GREEN, NAME, Answering, form, install
from tests.scenarios.shared_walks import take_in
from tests.scenarios.vaults import NOON, PASSPHRASE, charged, opened
from tests.transcripts.cli import Cli, Ended

pytestmark = pytest.mark.xdist_group("shares that answer")  # two people meet once

NOT_FOUND = 4  # as a command ends
WEEK = ("green ride", "green walk", "car", "doctor", "green run")


DOCTOR = b"def evaluate(obj, res):\n    return 1 if obj['summary'] == 'doctor' else 0\n"
VISITS = replace(GREEN, name="Visits", code=DOCTOR)


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Answering:
    folder = tmp_path_factory.mktemp("answers")
    ada, bo = two_people(folder)
    take_in(ada, folder / "week.ics", WEEK)
    task, other = install(ada, GREEN, VISITS)
    found = Answering(ada, bo, folder, task)
    found.share(count=4)
    found.share("back")
    found.share("typed")
    found.share("few", count=3)
    found.share("erased", task=other, rows="summary = 'doctor'")
    found.accept()
    return found


def test_a_program_answers_and_its_data_stays(it: Answering) -> None:
    with it.bo.work() as work:
        mine = SharedWithMe(work, ContactWork(work).names())
        view = mine.view(*mine.named(NAME))
    assert view.label.startswith("T3: ")
    assert view.objects == ()
    assert view.program is not None
    assert view.program.task == it.task.hex()
    assert view.program.inputs == (("p", "all"), ("p", "early"))

    first = it.answer()
    assert (first.value, first.number) == (3, 1)
    assert it.answer(selection="early").value == 2
    take_in(it.ada, it.folder / "later.ics", ("green hike",), uid="later")
    with opened(it.ada.home) as node:
        before = charged(node)
    assert it.answer().value == 3  # as it stood then
    with opened(it.ada.home) as node:
        assert charged(node) == before  # and the same again costs nothing

    with it.ada.work() as work:
        shares = ShareWork(work)
        report, record = ShareReport(work, shares), shares.record(NAME)
        shown = report.view(record)
        uses = report.uses(record)
    assert (shown.objects, shown.uses, shown.most, shown.odd) == (0, 3, 4, ())
    assert shown.answers is not None
    assert shown.answers.charged == 2
    assert shown.answers.answer_bits == MicroBits(3 * MICRO)
    assert shown.answers.person_left <= MicroBits(14 * MICRO)
    assert {each.object for each in uses} >= {"p, all", "p, early"}
    assert {each.signed for each in uses} <= {"by both", "by their device", "not yet"}


def typed(vault: Vault, *words: str) -> Ended:
    """Run a command as the owner of a vault types it."""
    cli = Cli(vault.home.parent)
    cli.now = NOON
    return cli("--home", str(vault.home), *words)


def test_the_commands_preview_ask_and_show(it: Answering) -> None:
    task = ("--task", it.task.hex()[:12])
    rows = "summary in ('green ride', 'car')"
    where = ("--dataset", "events", "--rows", rows, "--omit", "uid")
    shown = typed(it.ada, "share", "create", "new", *where, "--to", "bo", *task, "--dry-run")
    assert shown.code == 0, shown.err
    assert "They get answers of this program and nothing else." in shown.out
    assert "A new answer     at most 3 bits" in shown.out
    assert "A program would read, and answer bo of (T3):" in shown.out
    assert "2 objects: car, green ride" in shown.out
    nobody = typed(it.ada, "share", "create", "new", *where, "--to", "bo", "--task", "Nothing")
    assert nobody.code == NOT_FOUND

    assert "p          early" in typed(it.bo, "share", "received", "typed").out
    assert "has answered yet" in typed(it.bo, "share", "ask", "typed", "--wait", "0").out
    it.carry()
    said = typed(it.bo, "share", "ask", "typed", "--wait", "0", "--json")
    assert json.loads(said.out.splitlines()[-1])["value"] == 3
    wrong = typed(it.bo, "share", "ask", "typed", "--selection", "late")
    assert wrong.code == NOT_FOUND
    assert typed(it.bo, "share", "open", "typed", "week").code == NOT_FOUND
    receipts = typed(it.ada, "share", "receipts", "typed").out
    assert "compute  ServiceProvision" in receipts
    assert "Answers charged  1 of 2" in typed(it.ada, "share", "show", "typed").out


def test_end_and_count_change_and_nothing_else_of_what_was_charged(it: Answering) -> None:
    with it.ada.work() as work:
        shares = ShareWork(work)
        record = shares.changeable(shares.record("few"))
        for change in (
            ChangeForm(rows="all"),
            ChangeForm(precision=("round(start, 1d)",)),
            ChangeForm(omit=("uid",)),
        ):
            clauses = changed_clauses(record.clauses, change)
            with pytest.raises(InvalidError):
                shares.draft("few", clauses, unverified=True, instead=record)
        less = changed_clauses(record.clauses, ChangeForm(count=1))
        draft = shares.draft("few", less, unverified=True, instead=record)
        shares.change(draft, draft.effect.digest, draft.found)
    assert it.answer("few").value == 3
    with it.ada.work() as work:
        shares = ShareWork(work)
        assert ShareReport(work, shares).view(shares.record("few")).standing == "used up"


NOT_FOR_PEOPLE = (
    replace(GREEN, objects="open"),
    replace(GREEN, slot={"seconds": 60, "mode": "demand", "max_slots": 8}),
    replace(GREEN, k=4),
    replace(GREEN, versions=2),
)


def test_what_a_share_does_not_take_is_refused_and_changes_nothing(it: Answering) -> None:
    wide = replace(GREEN, evaluate={"min": 0, "max": 40_000, "step": 1}, name="Wide")
    paid = replace(GREEN, purpose="PersonnelPayment", name="For pay")
    tasks = install(it.ada, wide, paid, *NOT_FOR_PEOPLE)
    wanted: list[tuple[ShareForm, type[SealholdError]]] = [
        (form(it.task, dataset="trips", rows="all"), InvalidError),
        (form(it.task, dataset="moods", rows="all"), NotFoundError),
        (form(it.task, omit=("start",)), InvalidError),  # a selection tests it
        (form(it.task, omit=("strat",)), InvalidFilterError),
        (form(it.task, purposes=("PersonnelPayment",)), InvalidError),
        (form(it.task, actions=("view", "compute")), InvalidError),
        (form(it.task, tier="T2"), InvalidError),
        (form(it.task, dataset="", objects=("x/y",)), NotFoundError),
        (form(TaskDigest(b"\xab" * 32)), NotFoundError),
        (form(tasks[0]), LeakExhaustedError),
        (form(tasks[1], purposes=("ServiceProvision",)), InvalidError),
        *((form(each), InvalidError) for each in tasks[2:]),
    ]
    with it.ada.work() as work:
        shares = ShareWork(work)
        before = [each.grant for each in records(work.devices)]
        for number, (one, error) in enumerate(wanted):
            with pytest.raises(error) as told:
                shares.draft("more", clauses_of(one, shares, NOON))
            if number >= len(wanted) - len(NOT_FOR_PEOPLE):
                assert "does not take this program" in str(told.value)
        assert [each.grant for each in records(work.devices)] == before


def test_a_budget_that_another_device_counts_is_asked_for(
    it: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = BudgetAwayError(budgets=(("object", "events", 0, MICRO),))

    def lacking(*_given: object) -> None:
        raise away

    with it.ada.work() as work:
        shares = ShareWork(work)
        clauses = clauses_of(form(it.task), shares, NOON)
        with monkeypatch.context() as patch:
            patch.setattr(Budget, "leak_ops", lacking)
            with pytest.raises(BudgetAwayError):
                shares.draft("more", clauses)
        assert list(work.core.deciding.all(WANTED.name))  # and the next exchange asks for it


def test_its_page_tells_which_program_answers_and_offers_nothing_to_open(it: Answering) -> None:
    grant = it.grant().hex()
    with serving(it.bo.home, it.ada.home, it.folder) as site:
        site.sign_in()
        page = site.page(f"/sharing/received/{grant}")
    assert "Green days 1.0.0, An author" in page
    assert "The data stays with its owner" in page
    assert "/open" not in page


def test_a_share_taken_back_answers_no_more(it: Answering) -> None:
    assert it.answer("back").value == 3
    with it.ada.work() as work:
        shares = ShareWork(work)
        told = shares.revoke(shares.record("back"))
        assert told.given == "1 answer"
        record = shares.record("back")
        assert work.answers.is_over(record.grant)
        assert record.clauses.tier is Tier.ANSWER
    for vault in (it.ada, it.bo):
        assert vault.sync() == ()
    with pytest.raises(DeniedError):
        it.ask("back")


@pytest.mark.threat("T587")
def test_an_item_that_was_erased_ends_the_programs_that_read_it(it: Answering) -> None:
    with opened(it.ada.home) as node:
        (item,) = node.records.search("doctor").items
        gone = node.erasing.look(item.id)
        assert gone.retired == ()
        retired = node.erasing.erase(item.id, PASSPHRASE).retired
    assert len(retired) == 1
    assert it.ask("erased") is None
    it.carry()
    with pytest.raises(DeniedError):
        it.ask("erased")
    with it.ada.work() as work:
        shares = ShareWork(work)
        view = ShareReport(work, shares).view(shares.record("erased"))
    assert view.standing == "answers no more"
