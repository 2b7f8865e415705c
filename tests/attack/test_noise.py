"""Attacks on noise: averaging it away, drawing it twice, spending beyond the cap."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.drawing import BLURRED, blurred_answer
from sealhold.compute.noising import Blur, blur_of
from sealhold.compute.running import Runs
from sealhold.compute.task import Scope, parse_task, whole
from sealhold.crypto import dsse
from sealhold.model.errors import (
    DeniedError,
    NoiseExhaustedError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, Instant, MicroBits, Year
from sealhold.model.shown import AnswerView, Mode
from sealhold.node import Node
from sealhold.stores.spec import Delete, Put
from sealhold.vault.noisebudget import NOISE, NoiseBudget
from tests.scenarios.blurred import EVENTS, FIFTH, YEAR, job, open_job, several, spent
from tests.scenarios.vaults import (
    DENIED,
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    named,
    opened,
    preview,
    refusal,
)

# --- averaging: asking until the mean is sharp ---


@pytest.mark.threat("T189")
def test_asking_again_gives_the_same_noise_and_costs_nothing(node: Node, draws: list[int]) -> None:
    grant = Asker(node).granted(node, job())

    values = {node.runs.run(grant).value for _ in range(8)}

    assert len(values) == len(draws) == 1
    assert spent(node).used == FIFTH


@pytest.mark.threat("T189")
def test_apps_that_ask_the_same_together_get_one_draw(node: Node, draws: list[int]) -> None:
    grants = [asker.granted(node, job()) for asker in several(node, 4)]

    values = {node.runs.run(grant).value for grant in grants}

    assert len(values) == len(draws) == 1
    assert spent(node).used == FIFTH
    assert charged(node) == MicroBits(4 * 5_000_000)  # the bits are charged to each


@pytest.mark.threat("T189")
def test_one_app_with_many_grants_of_a_task_gets_one_draw(node: Node, draws: list[int]) -> None:
    asker = Asker(node)
    grants = [asker.granted(node, job(), mode=Mode.ONCE) for _ in range(3)]

    values = {node.runs.run(grant).value for grant in grants}

    assert len(values) == len(draws) == 1


@pytest.mark.threat("T189")
def test_a_coarser_answer_is_the_same_answer_rounded(node: Node, draws: list[int]) -> None:
    one, other = several(node, 2)
    sharp = node.runs.run(one.granted(node, job())).value
    request = other.ask(node, job())
    coarse = allow(node, request, replace(card_of(node, request).asked_terms, coarsen=4))

    rounded = node.runs.run(named(coarse)).value

    assert rounded == sharp - sharp % 4
    assert len(draws) == 1


@pytest.mark.threat("T189")
def test_the_owners_look_is_the_answer_that_leaves(node: Node, draws: list[int]) -> None:
    asker = Asker(node)
    request = asker.ask(node, job())

    looked = preview(node, request)
    paid = spent(node).used
    answer = node.runs.run(named(allow(node, request)))

    assert looked == str(answer.value).encode()
    assert len(draws) == 1
    assert spent(node).used == paid == FIFTH


@pytest.mark.threat("T189")
def test_a_new_version_is_a_new_draw_and_is_paid(node: Node, draws: list[int]) -> None:
    asker = Asker(node)

    for number in range(3):
        node.runs.run(asker.granted(node, job(version=f"1.0.{number}"), mode=Mode.ONCE))

    assert len(draws) == 3
    assert spent(node).used == 3 * FIFTH


@pytest.mark.threat("T189")
def test_a_new_name_or_author_is_a_new_draw_and_the_same_ledger(
    node: Node, draws: list[int]
) -> None:
    one, other = Asker(node, "One"), Asker(node, "Two")  # each with an author of its own

    node.runs.run(one.granted(node, job()))
    node.runs.run(other.granted(node, job(name="Another name")))

    assert len(draws) == 2
    assert spent(node).used == 2 * FIFTH


@pytest.mark.threat("T189")
def test_fewer_fields_are_another_question_and_are_paid(node: Node, draws: list[int]) -> None:
    one, other = several(node, 2)
    wide = job(fields=("summary", "location"))
    node.runs.run(one.granted(node, wide))
    request = other.ask(node, wide)
    terms = card_of(node, request).asked_terms
    narrow = replace(terms, fields=terms.fields - {"location"})

    node.runs.run(named(allow(node, request, narrow)))

    assert len(draws) == 2
    assert spent(node).used == 2 * FIFTH


@pytest.mark.threat("T189")
def test_each_day_of_an_open_set_is_a_draw_and_is_paid(
    node: Node, clock: Hands, draws: list[int]
) -> None:
    grant = Asker(node).granted(node, open_job())

    for _ in range(3):
        node.runs.run(grant)
        clock.move(DAY)

    assert len(draws) == 3
    assert spent(node).used == 3 * FIFTH


@pytest.mark.threat("T189")
def test_the_days_of_a_frozen_set_have_one_draw(node: Node, clock: Hands, draws: list[int]) -> None:
    grant = Asker(node).granted(node, job())
    values = set()

    for _ in range(3):
        values.add(node.runs.run(grant).value)
        clock.move(DAY)

    assert len(values) == len(draws) == 1


@pytest.mark.threat("T189")
def test_what_came_in_meanwhile_does_not_show_through_shared_noise(
    node: Node, tmp_path: Path, draws: list[int]
) -> None:
    """Kept noise over two sets would tell their difference sharply; the kept answer does not."""
    one, other = several(node, 2)
    before = node.runs.run(one.granted(node, open_job())).value
    fresh = ["green"] * 20
    node.sources.import_paths([calendar(tmp_path / "more.ics", fresh, month=3, uid="more")])

    after = node.runs.run(other.granted(node, open_job())).value

    assert before == after
    assert len(draws) == 1


# --- exhaustion ---


@pytest.mark.threat("T189")
def test_a_spent_noise_budget_denies_every_app_and_tells_the_owner(node: Node) -> None:
    one, other = Asker(node, "One"), Asker(node, "Two")
    node.runs.run(one.granted(node, job(4, 5)))  # 320,000 of 500,000
    request = other.ask(node, job(4, 5))
    grant = named(allow(node, request))
    bits = charged(node)

    with pytest.raises(NoiseExhaustedError, match=r"`events` of 2026 are 140,000 micro-rho short"):
        node.runs.run(grant)

    assert NoiseExhaustedError.kind == 8
    assert refusal(lambda: node.outside.invoke(other.token, request)) == DENIED
    assert charged(node) == bits  # neither budget is touched
    assert spent(node).used == 320_000
    assert [line.reason for line in node.audit.lines()].count("noise_budget") == 2


@pytest.mark.threat("T189")
def test_the_owner_looks_at_no_blurred_answer_that_is_not_paid(
    node: Node, draws: list[int]
) -> None:
    asker = Asker(node)
    node.runs.run(asker.granted(node, job(1, 1)))
    request = asker.ask(node, job(1, 5, version="1.0.1"))
    bits = charged(node)

    with pytest.raises(NoiseExhaustedError):
        preview(node, request)

    assert len(draws) == 1
    assert charged(node) == bits


@pytest.mark.threat("T189")
def test_the_cap_holds_to_the_last_millionth_over_many_tasks(node: Node) -> None:
    asker = Asker(node)

    for number in range(3):  # at epsilon 1/2: 125,000 each
        node.runs.run(asker.granted(node, job(1, 2, version=f"1.0.{number}"), mode=Mode.ONCE))
    other = Asker(node, "Two")
    node.runs.run(other.granted(node, job(1, 2, version="1.1.0"), mode=Mode.ONCE))

    assert spent(node).used == spent(node).cap == 500_000
    with pytest.raises(NoiseExhaustedError, match="are 1 micro-rho short"):
        node.runs.run(other.granted(node, job(1, 1_000, version="1.2.0"), mode=Mode.ONCE))


@pytest.mark.threat("T189")
def test_an_answer_without_noise_spends_none_and_needs_none(node: Node) -> None:
    asker = Asker(node)
    node.runs.run(asker.granted(node, job(1, 1)))

    node.runs.run(asker.granted(node, Job(version="2.0.0")))

    assert spent(node).used == spent(node).cap


@pytest.mark.threat("T189")
def test_each_year_has_a_cap_and_the_sum_of_all_is_kept(node: Node, clock: Hands) -> None:
    until = Instant(clock.now + 50 * DAY)
    lasting = open_job(1, 2, expires="2027-01-10T00:00:00Z")
    grant = Asker(node).granted(node, lasting, until=until)
    node.runs.run(grant)

    clock.move(45 * DAY)
    node.runs.run(grant)
    meter = NoiseBudget(node.parts.core.deciding).meter(EVENTS, Year(2027))

    assert (meter.used, meter.ever) == (125_000, 250_000)


# --- kills ---


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.threat("T191")
def test_a_kill_after_the_draw_costs_no_second_charge_and_shows_no_first_draw(
    home: Path, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Blur.blurred
    lost: list[int] = []

    def killed(self: Blur, value: int, entropy: Any) -> int:  # noqa: ANN401 - passed on
        lost.append(original(self, value, entropy))
        raise Killed

    with opened(home, clock) as node:
        grant = Asker(node).granted(node, job())
        monkeypatch.setattr(Blur, "blurred", killed)
        with pytest.raises(Killed):
            node.runs.run(grant)
        assert spent(node).used == FIFTH
        bits = charged(node)
        assert not node.runs.answers()
    monkeypatch.undo()

    with opened(home, clock) as node:
        assert [f"g-{owed.hex()[-12:]}" for owed in node.runs.owed()] == [grant]
        node.runs.run(grant)
        assert spent(node).used == FIFTH
        assert charged(node) == bits
    assert len(lost) == 1


@pytest.mark.threat("T191")
def test_a_kill_before_the_release_changes_nothing_about_the_answer(
    home: Path, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    original = Blur.blurred

    def spied(self: Blur, value: int, entropy: Any) -> int:  # noqa: ANN401 - passed on
        drawn.append(original(self, value, entropy))
        return drawn[-1]

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Blur, "blurred", spied)
    with opened(home, clock) as node:
        grant = Asker(node).granted(node, job())
        with monkeypatch.context() as patched:
            patched.setattr(Runs, "_release", killed)
            with pytest.raises(Killed):
                node.runs.run(grant)

    with opened(home, clock) as node:
        answer: AnswerView = node.runs.run(grant)

    assert drawn == [answer.value]


@pytest.mark.threat("T191")
def test_two_runs_at_once_keep_the_first_draw(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one draws, another run of the same question draws too and is faster."""
    first, second = (asker.granted(node, job()) for asker in several(node, 2))
    scope, day = _scope_of(node, first), NOON // DAY
    original = Blur.blurred
    faster: list[int] = []

    def racing(self: Blur, value: int, entropy: Any) -> int:  # noqa: ANN401 - passed on
        mine = original(self, value, entropy)
        if not faster:
            faster.append(-1)
            faster[0] = blurred_answer(node.runs._office, self, scope, day, value)
        return mine

    monkeypatch.setattr(Blur, "blurred", racing)

    answers = [node.runs.run(grant).value for grant in (first, second)]

    assert answers == faster * 2


def _scope_of(node: Node, grant: str) -> Scope:
    office = node.runs._office
    row = office.grants.find(grant)
    request = office.requests.get(row.request)
    task = parse_task(_payload(request.task))
    return whole(task)


def _payload(envelope: bytes) -> bytes:
    return dsse.read_unverified(envelope)[1]


@pytest.mark.threat("T191")
def test_noise_that_was_not_paid_is_not_drawn(node: Node, draws: list[int]) -> None:
    grant = Asker(node).granted(node, job())
    scope = _scope_of(node, grant)
    blur = blur_of(scope.task)
    assert blur is not None

    with pytest.raises(DeniedError, match="not charged"):
        blurred_answer(node.runs._office, blur, scope, 1, 10)

    assert draws == []


@pytest.mark.threat("T191")
def test_a_spent_row_that_is_taken_away_ends_the_next_opening(home: Path, clock: Hands) -> None:
    with opened(home, clock) as node:
        node.runs.run(Asker(node).granted(node, job()))
        core = node.parts.core
        fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
        gone = Delete(NOISE.name, (EVENTS, YEAR))
        core.store.commit((), lambda _: (gone,), fence)

    with pytest.raises(TamperedError, match="rows that decide"), opened(home, clock):
        pass


@pytest.mark.threat("T191")
def test_a_kept_answer_under_another_day_does_not_open(node: Node, clock: Hands) -> None:
    """Somebody with the file key puts yesterday's sharper luck under today."""
    asker = Asker(node)
    grant = asker.granted(node, open_job())
    node.runs.run(grant)
    core = node.parts.core
    (row,) = core.store.scan(BLURRED.name, "key", (), ()).rows
    name, day, paper = row.row
    clock.move(DAY)
    fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
    core.store.commit((), lambda _: (Put(BLURRED.name, (name, day + 1, paper)),), fence)

    with pytest.raises(SealBrokenError):
        node.runs.run(grant)
