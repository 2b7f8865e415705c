"""A request and its owner: what the screen says, what a narrower yes gives, and what no is."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.verify import verify_files
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    InvalidManifestError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, MICRO, Instant, MicroBits
from sealhold.model.shown import Mode, RequestState, Terms
from sealhold.node import Node
from sealhold.policy.request import Schedule
from tests.scenarios.vaults import (
    BIT,
    NOON,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
    preview,
)

WIDE = Job(fields=("summary", "start"), purpose="ServiceProvision")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with opened(new_home(folder / "home")) as node:
        summaries = [f"{'green' if n < 23 else 'red'} {n}" for n in range(30)]
        node.sources.import_paths([calendar(folder / "c.ics", summaries)])
    return folder / "home"


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def node(template: Path, tmp_path: Path, clock: Hands) -> Iterator[Node]:
    with opened(Path(shutil.copytree(template, tmp_path / "home")), clock) as found:
        yield found


def terms(node: Node, request: str, **narrower: object) -> Terms:
    return replace(card_of(node, request).asked_terms, **narrower)  # type: ignore[arg-type]  # reason: a part of the terms


def test_the_screen_tells_who_asks_what_for_how_much(node: Node) -> None:
    asker = Asker(node, "Green Corp")
    request = asker.ask(node, Job())

    card = card_of(node, request)

    assert (card.asker.name, card.asker.asked, card.asker.allowed) == ("Green Corp", 1, 0)
    assert (card.answer.first, card.answer.last, card.answer.alternatives) == (0, 31, 32)
    assert (card.cost_per_answer, card.cost_per_object) == (5 * MICRO, 1 * MICRO)
    assert (card.collection, card.objects) == ("events", 30)
    assert card.code.text == BIT.decode()
    assert [choice.coarsen for choice in card.choices] == [1, 4, 16]
    assert [choice.cost for choice in card.choices] == [5 * MICRO, 3 * MICRO, 1 * MICRO]
    assert [meter.pending for meter in card.meters] == [5 * MICRO] * 2
    assert card.preview.answer is None
    assert card.grant is None


def test_the_example_comes_from_made_up_objects_and_costs_nothing(node: Node) -> None:
    asker = Asker(node)

    request = asker.ask(node, Job())

    assert card_of(node, request).answer.example in range(32)
    assert node.budgets.meters()[0].used == 0
    assert "run" not in {line.kind for line in node.audit.lines()}


@pytest.mark.parametrize(("coarsen", "value", "cost"), [(1, 23, 5), (4, 20, 3), (16, 16, 1)])
def test_a_coarser_yes_gives_a_coarser_answer_for_less(
    node: Node, coarsen: int, value: int, cost: int
) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())

    grant = allow(node, request, terms(node, request, coarsen=coarsen))
    answer = node.runs.run(named(grant))

    assert (answer.value, answer.cost) == (value, cost * MICRO)
    assert node.budgets.meters()[0].used == cost * MICRO


def test_a_look_shows_what_a_yes_would_release(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    card = card_of(node, request)
    coarse = terms(node, request, coarsen=4)

    exact = preview(node, request)
    rough = node.requests.preview(request, coarse, card.digest, PASSPHRASE)

    assert (exact, rough) == (b"23", b"20-23")
    assert card_of(node, request).preview.answer == b"23"
    assert node.requests.show_with(request, coarse).preview.answer == b"20-23"


def test_a_view_without_a_field_is_another_function_with_its_own_charge(node: Node) -> None:
    asker = Asker(node)
    first = asker.ask(node, WIDE)
    allow(node, first, terms(node, first, fields=frozenset({FieldName("summary")})))

    card = card_of(node, asker.ask(node, replace(WIDE, version="2.0.0")))

    assert card.object_before == 1 * MICRO
    assert card.cost_per_object == 1 * MICRO


WIDER: dict[str, dict[str, object]] = {
    "longer": {"until": Instant(NOON + 31 * DAY)},
    "more": {"budget": MicroBits(20 * MICRO + 1)},
    "more fields": {"fields": frozenset({FieldName("summary"), FieldName("location")})},
    "of no choice": {"coarsen": 2},
    "finer": {"coarsen": 0},
}


@pytest.mark.threat("T63")
@pytest.mark.parametrize("how", WIDER)
def test_wider_terms_than_asked_for_are_refused_at_every_door(node: Node, how: str) -> None:
    request = Asker(node).ask(node, Job())
    wider = terms(node, request, **WIDER[how])
    digest = card_of(node, request).digest

    with pytest.raises(InvalidError):
        node.requests.show_with(request, wider)
    with pytest.raises(InvalidError):
        node.requests.approve(request, wider, digest, PASSPHRASE)
    with pytest.raises(InvalidError):
        node.requests.preview(request, wider, digest, PASSPHRASE)

    assert node.grants.list() == ()


def test_a_longer_mode_than_asked_for_is_refused_and_a_shorter_one_is_not(node: Node) -> None:
    request = Asker(node).ask(node, Job(), mode=Mode.EACH)

    with pytest.raises(InvalidError):
        allow(node, request, terms(node, request, mode=Mode.UNTIL))

    assert allow(node, request, terms(node, request, mode=Mode.ONCE)).terms.mode is Mode.ONCE


def test_terms_that_take_all_fields_away_are_refused(node: Node) -> None:
    request = Asker(node).ask(node, Job())

    with pytest.raises(InvalidManifestError):
        node.requests.show_with(request, terms(node, request, fields=frozenset()))


@pytest.mark.threat("T63")
def test_a_yes_to_another_screen_or_without_the_passphrase_decides_nothing(node: Node) -> None:
    request = Asker(node).ask(node, Job())
    card = card_of(node, request)

    with pytest.raises(ConflictError, match="no longer the one that was shown"):
        node.requests.approve(request, card.asked_terms, "0" * 64, PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        node.requests.approve(request, card.asked_terms, card.digest, "wrong")
    with pytest.raises(WrongPassphraseError):
        node.requests.preview(request, card.asked_terms, card.digest, "wrong")

    assert card_of(node, request).state is RequestState.WAITING
    assert node.budgets.meters()[0].used == 0


def test_what_was_decided_is_not_decided_again(node: Node) -> None:
    asker = Asker(node)
    refused, allowed = asker.ask(node, Job()), asker.ask(node, Job(version="2.0.0"))
    node.requests.refuse(refused)
    allow(node, allowed)

    for request in (refused, allowed):
        with pytest.raises(ConflictError):
            allow(node, request)
        with pytest.raises(ConflictError):
            node.requests.refuse(request)


def test_what_nobody_decides_ends_with_its_term(node: Node, clock: Hands) -> None:
    request = Asker(node).ask(node, Job())

    clock.move(7 * DAY)

    assert [line.state for line in node.requests.list()] == [RequestState.EXPIRED]
    with pytest.raises(ConflictError):
        allow(node, request)


def test_those_that_wait_stand_first_then_the_newest(node: Node, clock: Hands) -> None:
    asker = Asker(node)
    asked = []
    for number in range(3):
        asked.append(asker.ask(node, Job(version=f"1.0.{number}"), name=f"wish {number}"))
        clock.move(1_000)
    node.requests.refuse(asked[2])
    node.requests.refuse(asked[0])

    assert [line.label for line in node.requests.list()] == ["wish 1", "wish 2", "wish 0"]


def test_a_changed_program_is_shown_beside_the_one_that_was_allowed(node: Node) -> None:
    asker = Asker(node)
    allow(node, asker.ask(node, Job()))

    changed = BIT.replace(b"green", b"grey")
    card = card_of(node, asker.ask(node, Job(code=changed, version="1.1.0")))

    assert card.code.before == "1.0.0"
    removed = [line for line in card.code.diff if line.startswith("-")]
    added = [line for line in card.code.diff if line.startswith("+")]
    assert ["green" in line for line in removed] == ["grey" in line for line in added] == [True]


def test_a_selection_chooses_by_the_granted_fields(node: Node) -> None:
    asker = Asker(node)
    first = "start < '2026-01-01T12:00:00Z'"
    job = Job(
        fields=("summary", "start"),
        selections={"first": (first, ["start"]), "rest": (f"not ({first})", ["start"])},
    )

    answers = [
        node.runs.run(asker.granted(node, job, selection=selection)).value
        for selection in ("first", "rest")
    ]

    assert answers == [12, 11]


def test_a_daily_grant_is_due_each_day_it_has_no_answer(node: Node, clock: Hands) -> None:
    job = Job(objects="open", expires="2026-11-25T00:00:00Z")
    asker = Asker(node)
    daily = asker.granted(node, job, schedule=Schedule.DAILY)
    asker.granted(node, Job(version="2.0.0"))

    due: list[list[str]] = []
    for _ in range(2):
        due.append([f"g-{row.grant.id.hex()[-12:]}" for row in node.runs.due()])
        node.runs.run(daily)
        due.append([f"g-{row.grant.id.hex()[-12:]}" for row in node.runs.due()])
        clock.move(DAY)
    node.grants.revoke(daily)

    assert due == [[daily], [], [daily], []]
    assert node.runs.due() == []


def test_an_answer_is_found_by_its_receipt_and_its_papers_hold(node: Node, clock: Hands) -> None:
    answer = node.runs.run(Asker(node).granted(node, Job()))

    found = node.runs.answer(f"c-{answer.receipt.hex()[-12:]}")

    assert found == answer
    clock.move(DAY)
    for paper in (answer.proof, answer.owner_receipt, node.audit.proof(answer.seq)):
        assert verify_files([paper], at=clock()).exit_code == 0
    with pytest.raises(NotFoundError):
        node.runs.answer("c-000000000000")


def test_an_app_and_its_grants_are_told_together(node: Node) -> None:
    asker = Asker(node, "Green Corp")
    grant = asker.granted(node, Job(), mode=Mode.ONCE)
    before = node.apps.show("Green Corp")
    node.runs.run(grant)

    after = node.apps.show(asker.shown)

    assert before.last_used is None
    assert after.last_used == NOON
    assert after.meter.used == 5 * MICRO
    assert [view.state for view in after.grants] == [RequestState.SPENT]


def test_a_grant_that_is_over_is_shown_as_expired(node: Node, clock: Hands) -> None:
    Asker(node).granted(node, Job(), until=Instant(NOON + DAY))

    clock.move(DAY)

    assert [view.state for view in node.grants.list()] == [RequestState.EXPIRED]


def test_a_program_that_does_not_compile_never_reaches_the_owner(node: Node) -> None:
    asker = Asker(node)

    with pytest.raises(InvalidManifestError, match="line 1"):
        asker.ask(node, Job(code=b"def evaluate(obj, res:\n    return 1\n"))

    assert node.requests.list() == ()
