"""Attacks on noise: averaging it away, drawing it twice, thinning it, reading it off its bits."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute import broker as brokers
from sealhold.compute.combining import COMBINED
from sealhold.compute.drawing import BLURRED, blurred_answer
from sealhold.compute.noising import Blur, blur_of
from sealhold.compute.running import Runs
from sealhold.compute.task import Scope, parse_task, whole
from sealhold.crypto import dsse, noise
from sealhold.crypto.entropy import seeded
from sealhold.crypto.noise import Scale, below, discrete_laplace, happens
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidManifestError,
    NoiseExhaustedError,
    SealBrokenError,
    TamperedError,
    UnavailableError,
)
from sealhold.model.ids import Collection, Id16
from sealhold.model.quantities import DAY, Instant, MicroBits, Year
from sealhold.model.shown import AnswerView, Mode
from sealhold.node import Node
from sealhold.stores.spec import Delete, Expect, Put
from sealhold.vault.noisebudget import NOISE, NoiseBudget, NoiseMeter
from sealhold.vault.writer import Work
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

EVENTS, YEAR = Collection("events"), Year(2026)
FIFTH = 20_000  # micro-rho of one answer at epsilon 1/5
COMBINE = (
    b"def evaluate(obj, res):\n    return 1 if obj['summary'].startswith('green') else 0\n\n"
    b"def aggregate(parts):\n    return sum(parts)\n"
)
Papers = dict[str, Plain]


def blurred(above: int = 1, under: int = 5, **more: Plain) -> Papers:
    """Return a count up to 31 with noise of epsilon above / under."""
    return {
        "kind": "count",
        "args": {"value": 1},
        "range": {"min": 0, "max": 31, "step": 1},
        "default": 0,
        "noise": {
            "kind": "discrete-laplace",
            "epsilon": {"numerator": above, "denominator": under},
            **more,
        },
    }


def job(above: int = 1, under: int = 5, **parts: Any) -> Job:  # noqa: ANN401 - parts of a job
    return Job(aggregate=blurred(above, under), **parts)


def open_job(above: int = 1, under: int = 5, *, expires: str = "2026-12-20T00:00:00Z") -> Job:
    return job(above, under, objects="open", expires=expires)


def spent(node: Node) -> NoiseMeter:
    return NoiseBudget(node.parts.core.deciding).meter(EVENTS, YEAR)


def several(node: Node, count: int) -> list[Asker]:
    """Return apps that hold tasks of one and the same author."""
    askers = [Asker(node, f"App {number}") for number in range(count)]
    for asker in askers[1:]:
        asker.author = askers[0].author
    return askers


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what is drawn while the test runs, one number for each blurred answer."""
    drawn: list[int] = []
    original = Blur.blurred

    def spied(self: Blur, value: int, entropy: Any) -> int:  # noqa: ANN401 - passed on
        drawn.append(original(self, value, entropy))
        return drawn[-1]

    monkeypatch.setattr(Blur, "blurred", spied)
    return drawn


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


# --- thinner noise by the manifest ---


@pytest.mark.threat("T188")
@pytest.mark.parametrize(
    "more",
    [
        {"scale": {"numerator": 1, "denominator": 100}},
        {"sensitivity": 1},
        {"seed": "0"},
        {"epsilon": 1},
        {"epsilon": {"numerator": 1.0, "denominator": 5}},
        {"epsilon": {"numerator": True, "denominator": 5}},
        {"epsilon": {"numerator": 0, "denominator": 5}},
        {"epsilon": {"numerator": -1, "denominator": 5}},
        {"epsilon": {"numerator": 1, "denominator": 0}},
        {"epsilon": {"numerator": 1}},
        {"epsilon": {"numerator": 1, "denominator": 5, "delta": 0}},
        {"epsilon": {"numerator": 1, "denominator": 10**7}},
        {"kind": "gaussian"},
        {"kind": "none"},
    ],
    ids=str,
)
def test_a_manifest_that_says_more_or_other_about_its_noise_is_refused(more: Papers) -> None:
    aggregate = blurred()
    noise_form = aggregate["noise"]
    assert isinstance(noise_form, dict)
    manifest = Job(aggregate={**aggregate, "noise": {**noise_form, **more}}).manifest(bytes(32))

    with pytest.raises(InvalidManifestError):
        parse_task(json.dumps(manifest).encode())


@pytest.mark.threat("T188")
def test_noise_too_thin_for_any_year_is_refused_when_it_comes_in(node: Node) -> None:
    with pytest.raises(InvalidManifestError, match="`epsilon` is too large"):
        Asker(node).ask(node, job(11, 10))


@pytest.mark.threat("T188")
@pytest.mark.parametrize("step", [1, 31])
def test_a_range_of_wide_steps_gets_no_thinner_noise(step: int) -> None:
    """A count rounded to 0 or 31 would jump by 31 where one object makes the difference."""
    form = {**blurred(), "range": {"min": 0, "max": 31, "step": step}}
    blur = blur_of(parse_task(to_json(Job(aggregate=form).manifest(bytes(32)))))
    assert blur is not None
    entropy = seeded(b"steps")

    reached = sum(blur.blurred(30, entropy) >= 31 for _ in range(400))

    assert blur.spreads() == (1,)
    assert 130 < reached < 230  # P(noise >= 1) at epsilon 1/5 is near 0.45; a jump gave all or none


@pytest.mark.threat("T188")
def test_a_narrow_declared_range_cuts_before_the_noise() -> None:
    """Far outside its range a value would come through noise made for the range's width."""
    form = {
        "kind": "sum",
        "args": {},
        "range": {"min": 0, "max": 4, "step": 1},
        "default": 0,
        "noise": blurred(1, 1)["noise"],
    }
    evaluate = {"min": 0, "max": 1_000, "step": 1}
    manifest = Job(aggregate=form, evaluate=evaluate).manifest(bytes(32))
    blur = blur_of(parse_task(to_json(manifest)))
    assert blur is not None

    assert blur.spreads() == (4,)
    found = {blur.blurred(1_000_000, seeded(bytes([seed]))) for seed in range(60)}
    assert min(found) < 4  # cut to 4, then blurred: noise brings it below


@pytest.mark.threat("T188")
def test_the_epsilon_of_another_manifest_is_another_question(node: Node, draws: list[int]) -> None:
    asker = Asker(node)

    node.runs.run(asker.granted(node, job(1, 5), mode=Mode.ONCE))
    node.runs.run(asker.granted(node, job(1, 10), mode=Mode.ONCE))

    assert len(draws) == 2
    assert spent(node).used == FIFTH + 5_000


# --- the sampler ---


@pytest.mark.threat("T187")
@pytest.mark.parametrize("byte", range(0, 256, 5))
def test_a_source_that_repeats_itself_is_refused_or_ends(byte: int) -> None:
    """Whatever byte a broken source gives on and on, no draw hangs."""
    with suppress(UnavailableError):
        drawn = discrete_laplace(Scale(above=3, below=1), lambda count: bytes([byte]) * count)
        assert abs(drawn) < 3 * noise.MAX_STEPS


@pytest.mark.threat("T187")
def test_zeros_on_and_on_are_refused() -> None:
    with pytest.raises(UnavailableError, match="repeats itself"):
        discrete_laplace(Scale(above=3, below=1), bytes)
    with pytest.raises(UnavailableError, match="repeats itself"):
        happens(1, 1, bytes)
    with pytest.raises(UnavailableError, match="repeats itself"):
        below(129, lambda count: b"\xff" * count)


@pytest.mark.threat("T187")
def test_no_value_is_impossible_after_noise() -> None:
    """Noise of floats leaves gaps that name the value beneath; every whole number can come here."""
    entropy, scale = seeded(b"gaps"), Scale(above=4, below=1)

    from_ten = {10 + discrete_laplace(scale, entropy) for _ in range(6_000)}
    from_eleven = {11 + discrete_laplace(scale, entropy) for _ in range(6_000)}

    assert set(range(-5, 26)) <= from_ten & from_eleven


@pytest.mark.threat("T187")
def test_small_numbers_are_not_favoured() -> None:
    """A remainder of a byte would give the first 56 numbers below 200 twice as often."""
    entropy = seeded(b"even")

    low = sum(below(200, entropy) < 56 for _ in range(10_000))

    assert 2_600 < low < 3_000  # 2,800 expected; a remainder would give 4,375


def code_of(name: str) -> str:
    """Return a module without its comments and docstrings."""
    text = (Path(noise.__file__).parents[1] / name).read_text()
    bare = "\n".join(line.split("#")[0] for line in text.splitlines())
    return "".join(part for at, part in enumerate(bare.split('"""')) if at % 2 == 0)


@pytest.mark.threat("T187")
def test_no_float_is_near_the_noise() -> None:
    """The last bits of a float tell which value noise was added to; there is none to look at."""
    names = ("crypto/noise.py", "compute/noising.py", "vault/noisebudget.py")
    banned = ("float", "math", "random", "Decimal", " / ", "** -", "**0", "0.", "1.", "5.")

    assert [pair for pair in product(names, banned) if pair[1] in code_of(pair[0])] == []


@pytest.mark.threat("T187")
def test_the_same_seed_blurs_the_same() -> None:
    blur = blur_of(parse_task(to_json(job().manifest(bytes(32)))))
    assert blur is not None

    one, other = ([blur.blurred(15, seeded(bytes([n]))) for n in range(40)] for _ in range(2))

    assert one == other
    assert len(set(one)) > 5


# --- the task's own aggregate ---


@pytest.fixture
def combines(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return what the cells of custom aggregates were given while the test runs."""
    given: list[list[int]] = []
    original: Callable[..., object] = brokers.Broker.aggregate

    def spied(self: object, code: bytes, parts: list[int], limits: object) -> object:
        given.append(list(parts))
        return original(self, code, parts, limits)

    monkeypatch.setattr(brokers.Broker, "aggregate", spied)
    return given


def own(**parts: Any) -> Job:  # noqa: ANN401 - parts of a job
    aggregate: Papers = {
        "kind": "custom",
        "args": {},
        "range": {"min": 0, "max": 31, "step": 1},
        "default": 0,
    }
    return Job(**{"code": COMBINE, "aggregate": aggregate, **parts})


@pytest.mark.threat("T190")
def test_the_same_results_are_combined_once(node: Node, combines: list[list[int]]) -> None:
    grants = [asker.granted(node, own()) for asker in several(node, 3)]
    combines.clear()  # of made-up objects, for the example

    values = {node.runs.run(grant).value for grant in grants}

    assert values == {10}
    assert combines == [[0] * 20 + [1] * 10]  # sorted, and once


@pytest.mark.threat("T190")
def test_an_open_set_that_did_not_change_is_combined_once(
    node: Node, clock: Hands, combines: list[list[int]]
) -> None:
    grant = Asker(node).granted(node, own(objects="open", expires="2026-12-20T00:00:00Z"))

    combines.clear()

    for _ in range(3):
        assert node.runs.run(grant).value == 10
        clock.move(DAY)

    assert len(combines) == 1


@pytest.mark.threat("T190")
def test_a_combination_that_failed_has_no_second_try(node: Node, combines: list[list[int]]) -> None:
    code = COMBINE.replace(b"return sum(parts)", b"return parts[1_000]")
    grants = [each.granted(node, own(code=code)) for each in several(node, 2)]
    combines.clear()

    values = [node.runs.run(grant).value for grant in grants]

    assert values == [0, 0]
    assert len(combines) == 1


@pytest.mark.threat("T190")
def test_another_manifest_over_the_same_results_is_combined_anew(
    node: Node, combines: list[list[int]]
) -> None:
    asker = Asker(node)

    jobs = [own(version=version) for version in ("1.0.0", "1.0.1")]
    grants = [asker.granted(node, each) for each in jobs]
    combines.clear()

    for grant in grants:
        node.runs.run(grant)

    assert len(combines) == 2


@pytest.mark.threat("T190")
def test_a_host_that_failed_leaves_nothing_and_the_next_run_combines(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = Asker(node).granted(node, own())

    def lost(*_: object) -> None:
        raise UnavailableError("the host is out of order")

    with monkeypatch.context() as patched:
        patched.setattr(brokers.Broker, "aggregate", lost)
        with pytest.raises(UnavailableError):
            node.runs.run(grant)

    assert node.runs.run(grant).value == 10


@pytest.mark.threat("T190")
def test_a_kept_combination_under_another_name_does_not_open(node: Node, clock: Hands) -> None:
    asker = Asker(node)
    node.runs.run(asker.granted(node, own(), mode=Mode.ONCE))
    node.runs.run(asker.granted(node, own(version="1.0.1"), mode=Mode.ONCE))
    core = node.parts.core
    one, two = core.store.scan(COMBINED.name, "key", (), ()).rows
    fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
    swapped = [Put(COMBINED.name, (a.row[0], b.row[1])) for a, b in ((one, two), (two, one))]
    core.store.commit((), lambda _: swapped, fence)
    other = Asker(node, "Two")
    other.author = asker.author

    with pytest.raises(SealBrokenError):
        node.runs.run(other.granted(node, own(), mode=Mode.ONCE))


@pytest.mark.threat("T190")
def test_a_row_that_is_there_already_is_never_written_over(node: Node) -> None:
    node.runs.run(Asker(node).granted(node, own()))
    core = node.parts.core
    (row,) = core.store.scan(COMBINED.name, "key", (), ()).rows
    put = Put(COMBINED.name, row.row, Expect.ABSENT)
    entry = Entry(event=Event(kind=EventKind.RUN, actor=Actor.VAULT))

    with pytest.raises(ConflictError):
        core.writer.commit(Work((put,), (entry,)))
