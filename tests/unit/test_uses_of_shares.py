"""A use of what is shared: asked for, decided, charged once, answered, receipted."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.ids import Purpose
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.uses import revoke
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.saying import ASK, USE, own_key
from sealhold.sharing.peers.answering import Answering
from sealhold.sharing.peers.usereceipts import oddities, papers_of, sign_beside
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import sync
from tests.unit.shares import shared


@pytest.fixture
def people() -> Iterator[tuple[Machine, Machine]]:
    with ExitStack() as stack:
        ada, bo = (stack.enter_context(machine(seed)) for seed in (b"ada", b"bo"))
        ada.devices.begin("ada's laptop", None)
        bo.devices.begin("bo's laptop", None)
        yield ada, bo


def test_a_use_at_t2_is_asked_for_charged_and_receipted(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    asking = it.asking()

    key = asking.ask(it.wish())
    assert asking.used(key) is None  # not answered yet
    assert it.answered().released == 1
    content = asking.used(key)
    assert content is not None
    assert b"".join(content) == b"the text"
    with pytest.raises(NotFoundError):
        asking.used(key)

    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)
    assert sign_beside(it.owner.devices, it.there, it.record, it.ledgers) == []
    assert oddities(it.there, it.record.grant, 2) == ()
    (use,) = it.ledgers.uses(it.record.grant)
    assert (use.number, use.receipt) == (1, papers_of(it.there, it.record.grant)[0])


def test_no_use_above_the_count(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    asking = it.asking()
    keys = [asking.ask(it.wish()) for _ in range(4)]

    answers = it.answered()

    assert (answers.released, answers.denied, answers.reasons) == (2, 2, ["used_up"] * 2)
    outcomes: list[bool] = []
    for key in keys:
        try:
            outcomes.append(asking.used(key) is not None)
        except DeniedError:
            outcomes.append(False)
    assert sorted(outcomes) == [False, False, True, True]
    assert it.ledgers.ledger(it.record.grant).left == 0


def test_an_ask_is_charged_once(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=5)
    it.asking().ask(it.wish())
    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)
    work = Answering(it.owner.devices, it.ledgers)
    ((key, _),) = it.there.replica.state.notes(ASK)

    work.answer(it.there, it.record)
    first = it.ledgers.kept(it.record.grant, key)
    it.owner.again()  # as if the answer's note was never written
    Answering(it.owner.devices, it.ledgers).answer(it.there, it.record)

    assert it.ledgers.kept(it.record.grant, key) == first
    assert it.ledgers.ledger(it.record.grant).spent == 1


@pytest.mark.parametrize(
    ("action", "purpose"),
    [(Action.EXPORT, Purpose("ServiceProvision")), (Action.VIEW, Purpose("Marketing"))],
)
def test_what_the_paper_does_not_give_is_not_asked_for(
    people: tuple[Machine, Machine], action: Action, purpose: Purpose
) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)

    with pytest.raises(DeniedError):
        it.asking().ask(it.wish(action, purpose))


def test_a_changed_node_that_asks_all_the_same_is_denied(
    people: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    monkeypatch.setattr("sealhold.sharing.peers.asking.require", lambda _decision: None)
    it.asking().ask(it.wish(purpose=Purpose("Marketing")))

    answers = it.answered()

    assert (answers.released, answers.reasons) == (0, ["other_purpose"])
    assert it.ledgers.ledger(it.record.grant).spent == 0


def test_after_a_revocation_nothing_is_released(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    key = it.asking().ask(it.wish())
    it.ledgers.change(it.record.grant, revoke, "revoked")

    answers = it.answered()

    assert (answers.released, answers.reasons) == (0, ["over"])
    with pytest.raises(DeniedError):
        it.asking().used(key)


def test_at_t1_the_recipients_node_decides_and_tells(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.THEIR_NODE)

    assert b"".join(it.asking().opened(it.wish())) == b"the text"
    with pytest.raises(DeniedError):
        it.asking().opened(it.wish(purpose=Purpose("Marketing")))
    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)

    told = papers_of(it.there, it.record.grant)
    assert len(told) == 2  # also of the use that was refused
    assert oddities(it.there, it.record.grant, None) == ()


def test_at_t1_a_count_is_kept_by_their_node(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.THEIR_NODE, most=2)

    for _ in range(2):
        it.asking().opened(it.wish())
    with pytest.raises(DeniedError):
        it.asking().opened(it.wish())


def test_a_receipt_for_nothing_is_not_signed(people: tuple[Machine, Machine]) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    asking = it.asking()
    key = asking.ask(it.wish())
    it.answered()
    asking.used(key)
    state = it.here.replica.state
    (receipt,) = [note.told for _, note in state.notes(USE)]
    draft = Draft(it.here.replica)
    forged = own_key(it.guest.devices.me.id, b"another1")
    draft.note(USE, forged, receipt)
    draft.commit()
    sync(it.guest, it.shelf)
    sync(it.owner, it.shelf)

    assert sign_beside(it.owner.devices, it.there, it.record, it.ledgers) == [forged]


def test_a_device_that_was_put_back_counts_what_its_answers_tell(
    people: tuple[Machine, Machine],
) -> None:
    it = shared(*people, Tier.KEY_PER_USE, most=2)
    asking = it.asking()
    asking.ask(it.wish())
    it.answered()
    assert it.ledgers.ledger(it.record.grant).spent == 1
    # as a copy of yesterday has it
    it.ledgers.change(it.record.grant, lambda one: replace(one, spent=0, following=1), "put back")
    keys = [asking.ask(it.wish()) for _ in range(2)]

    answers = it.answered()

    assert (answers.released, answers.denied) == (1, 1)
    numbers = [each.number for each in it.ledgers.uses(it.record.grant) if each.number]
    assert sorted(numbers) == [1, 2]
    assert len(keys) == 2
