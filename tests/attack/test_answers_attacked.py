"""A program that answers under a share, in the hands of who asks it, of kills and of programs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.personanswers import PersonAnswers
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.secret import Secret
from sealhold.model.errors import DeniedError, SealBrokenError, SealholdError, TamperedError
from sealhold.model.ids import Id16, Purpose
from sealhold.model.quantities import MICRO, Instant, MicroBits
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharework import ShareWork
from sealhold.policy.shareterms import Action
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.saying import ASK, OWN, own_key
from sealhold.sharing.peers.answering import answers_of
from sealhold.sharing.peers.answers import PROGRAM_KIND, program_in, write_answer
from sealhold.sharing.peers.sharepaper import papers
from sealhold.sharing.peers.usenotes import ANSWER_KIND, Answered, Ask, open_answer
from sealhold.vault.caps import CapKind
from sealhold.vault.shareledger import ShareLedgers
from sealhold.vault.writer import Work, Writer
from tests.scenarios.met_people import two_people
from tests.scenarios.shared_answers import GREEN, NAME, Answering, install
from tests.scenarios.shared_walks import take_in
from tests.scenarios.vaults import charged, opened

pytestmark = pytest.mark.xdist_group("answers attacked")  # two people meet once

SERVICE = Purpose("ServiceProvision")
CURIOUS = b"""\
def evaluate(obj, res):
    said = 0
    if 'start' in obj:
        said = said + 1
    if obj['summary'] == 'doctor' or obj['summary'] == 'car':
        said = said + 2
    return said
"""
NOSY = replace(
    GREEN,
    name="Nosy",
    code=CURIOUS,
    evaluate={"min": 0, "max": 3, "step": 1},
    selections={"all": ("all", [])},
    aggregate={
        "kind": "max",
        "args": {},
        "range": {"min": 0, "max": 3, "step": 1},
        "default": 0,
    },
)


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Answering:
    folder = tmp_path_factory.mktemp("attacked")
    ada, bo = two_people(folder)
    take_in(ada, folder / "week.ics", ("green ride", "green walk", "car", "doctor"))
    task, nosy = install(ada, GREEN, NOSY)
    found = Answering(ada, bo, folder, task)
    found.share()
    found.share("once", count=1)
    found.share("killed", count=4)
    found.share("nosy", task=nosy, rows="summary != 'car'", omit=("start",))
    found.accept()
    return found


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
        there, other = (
            work.devices.collection(each) for each in (NAME, "nosy")
        )
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
    with opened(it.ada.home) as node:
        person = node.parts.answers
        assert isinstance(person, PersonAnswers)
        ledger = ShareLedgers(node.parts.core).ledger(it_grant(it, "once"))
    assert (ledger.spent, ledger.left) == (1, 0)


def it_grant(it: Answering, name: str) -> "GrantId":
    return it.grant(name)
