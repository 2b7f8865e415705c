"""Attacks on the limits of a request: what an object may tell, how often, how much, how long."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sealhold.model.errors import (
    DeniedError,
    ErrorKind,
    LeakExhaustedError,
    SealholdError,
)
from sealhold.model.quantities import DAY, MICRO, MicroBits
from sealhold.model.shown import Mode, RequestState
from sealhold.node import Node
from sealhold.policy.request import Schedule
from sealhold.vault.budget import ONE_OBJECT
from tests.scenarios.vaults import (
    BIT,
    DENIED,
    Asker,
    Hands,
    Job,
    Ready,
    allow,
    card_of,
    charged,
    kinds,
    named,
    preview,
    refusal,
    sum_of,
)

SIXTEEN = Job(
    code=b"def evaluate(obj, res):\n    return (len(obj['summary']) * res['param']) % 16\n",
    evaluate={"min": 0, "max": 15, "step": 1},
    aggregate=sum_of(0, 15),
)


def told(node: Node) -> MicroBits:
    """Return what all that was approved may tell of one event, for life."""
    asker = Asker(node, f"probe {node.audit.state().size}")
    card = card_of(node, asker.ask(node, Job()))
    return card.object_before


@pytest.mark.petrus("P8")
@pytest.mark.threat("T41")
def test_the_same_code_under_another_name_author_and_app_is_charged_once(node: Node) -> None:
    first, second = Asker(node, "One"), Asker(node, "Two")
    grant = first.granted(node, Job())
    runs = kinds(node).count("run")
    request = second.ask(node, Job(name="Something else", version="2.0.0"))

    card = card_of(node, request)
    other = named(allow(node, request))

    assert card.cost_per_object == 0
    assert node.runs.run(grant).value == node.runs.run(other).value == 10
    assert kinds(node).count("run") == runs  # one memo: nothing was evaluated again


@pytest.mark.threat("T41")
def test_one_changed_byte_is_another_program_and_its_charge_is_shown_before(node: Node) -> None:
    asker = Asker(node)
    asker.granted(node, Job())

    card = card_of(node, asker.ask(node, Job(code=BIT + b"\n", version="1.0.1")))

    assert card.cost_per_object == 1 * MICRO
    assert card.object_before == 1 * MICRO


@pytest.mark.threat("T40")
def test_a_sweep_of_parameters_pays_for_each_and_ends_at_the_cap_of_the_object(node: Node) -> None:
    """48 parameters of one four-bit program: four of them may speak, and no fifth."""
    job = replace(SIXTEEN, params={f"p{n}": n for n in range(48)})
    costs = []
    for number in range(4):
        asker = Asker(node, f"app {number}")
        request = asker.ask(node, job, param=f"p{number}")
        costs.append(card_of(node, request).cost_per_object)
        allow(node, request)
    fifth = Asker(node, "app 4").ask(node, job, param="p4")

    with pytest.raises(LeakExhaustedError, match="an object of `events` is 4 bits short") as caught:
        allow(node, fifth)

    assert caught.value.kind is ErrorKind.EXHAUSTED
    assert costs == [4 * MICRO] * 4
    assert told(node) == ONE_OBJECT
    assert card_of(node, fifth).state is RequestState.WAITING


@pytest.mark.threat("T40")
def test_two_approvals_at_once_do_not_pass_the_cap_together(node: Node) -> None:
    job = replace(SIXTEEN, params={f"p{n}": n for n in range(6)})
    waiting = [Asker(node, f"app {n}").ask(node, job, param=f"p{n}") for n in range(6)]
    refused: list[SealholdError] = []

    def press(request: str) -> None:
        try:
            allow(node, request)
        except SealholdError as err:
            refused.append(err)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(press, waiting))

    assert [type(err) for err in refused] == [LeakExhaustedError] * 2
    assert told(node) == ONE_OBJECT


@pytest.mark.threat("T40")
def test_a_look_is_paid_like_an_approval(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    cost = card_of(node, request).preview.cost

    assert preview(node, request) == b"10"
    assert preview(node, request) == b"10"  # pressed again: the same bytes, no charge

    assert node.budgets.meters()[0].used == cost > 0
    assert told(node) == 1 * MICRO


@pytest.mark.threat("T14")
def test_once_gives_one_answer_however_often_it_is_asked_for(vault: Node, ready: Ready) -> None:
    first, *more = [vault.runs.run(named(ready.once)) for _ in range(3)]

    assert {answer.sealed for answer in more} == {first.sealed}
    assert [answer.cost for answer in more] == [0, 0]
    assert charged(vault) == first.cost
    assert len(vault.runs.answers()) == 1
    assert {view.state for view in vault.grants.list()} == {
        RequestState.ALLOWED,
        RequestState.SPENT,
    }


@pytest.mark.threat("T14")
def test_once_over_an_open_set_stays_once_on_the_next_day(node: Node, clock: Hands) -> None:
    asker = Asker(node)
    job = Job(objects="open", expires="2026-11-25T00:00:00Z")
    grant = asker.granted(node, job, mode=Mode.ONCE)
    node.runs.run(grant)
    clock.move(DAY)

    with pytest.raises(DeniedError, match=r"one answer|spent|given"):
        node.runs.run(grant)

    assert len(node.runs.answers()) == 1


def test_each_answer_needs_its_own_yes(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job(), mode=Mode.EACH)
    grant = named(allow(node, request))

    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED
    assert node.runs.run(grant).value == 10


def test_an_ended_grant_gives_nothing_not_even_what_it_gave(
    vault: Node, ready: Ready, clock: Hands
) -> None:
    vault.runs.run(named(ready.grant))
    clock.move(DAY)

    with pytest.raises(DeniedError):
        vault.runs.run(named(ready.grant))


@pytest.mark.parametrize("whose", ["grant", "app"])
def test_an_exhausted_budget_is_told_to_the_owner_alone(
    node: Node, clock: Hands, whose: str
) -> None:
    """Each day's answer over an open set costs five bits: 20 a year for one app, or 10 granted."""
    asker = Asker(node)
    job = Job(objects="open", expires="2026-11-28T00:00:00Z")
    answers = 2 if whose == "grant" else 4
    budget = MicroBits((10 if whose == "grant" else 100) * MICRO)
    request = asker.ask(node, job, budget=budget, schedule=Schedule.DAILY)
    grant = named(allow(node, request))
    for _ in range(answers):
        node.runs.run(grant)
        clock.move(DAY)
    before = node.budgets.meters()

    with pytest.raises(LeakExhaustedError) as caught:
        node.runs.run(grant)

    assert caught.value.kind is ErrorKind.EXHAUSTED
    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED
    assert node.budgets.meters() == before
    assert node.budgets.meters()[1].used == answers * 5 * MICRO
