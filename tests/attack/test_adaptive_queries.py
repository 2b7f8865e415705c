"""The adaptive attacker: programs chosen by earlier answers, until the ledger says no.

Each object holds a secret of 48 bits. What the attacker has found of it is counted, and must not be
more than what the ledger charged to each object; the same attacker without a ledger finds it all.
"""

import base64
import json
import math
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.leaving import box_info
from sealhold.compute.slots import unpad
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError, ExhaustedError, LeakExhaustedError
from sealhold.model.ids import RequestId
from sealhold.model.quantities import DAY, MICRO, SECOND, Instant, MicroBits
from sealhold.model.shown import Mode
from sealhold.node import Node
from sealhold.policy.request import Schedule
from sealhold.vault.budget import ONE_APP, ONE_OBJECT
from tests.conformance.programs import CORE
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    Papers,
    allow,
    calendar,
    card_of,
    charged,
    named,
    new_home,
    opened,
    sum_of,
)

BITS = 48
WAYS = 16  # answers of one program, so four bits
QUERIES = 100  # of one app
EPOCHS = 31  # days of a month
DIFFERS = {  # where two proofs may differ that tell the same: salted hashes, ids, signatures
    "/evidence",
    "/proof/payload/predicate/commitments/account",
    "/proof/payload/predicate/commitments/entry",
    "/proof/payload/predicate/commitments/inputs",
    "/proof/payload/predicate/commitments/provenance",
    "/proof/payload/predicate/terms",
    "/proof/signatures/0/sig",
}


@dataclass
class Guess:
    """What an attacker knows of one secret: it lies in a range."""

    low: int = 0
    high: int = 1 << BITS

    @property
    def found(self) -> float:
        return BITS - math.log2(self.high - self.low)

    def program(self) -> bytes:
        """Return the program that asks in which sixteenth of the range the secret lies."""
        width = (self.high - self.low) // WAYS
        lines = [
            "def evaluate(obj, res):",
            f"    at = (int(obj['summary'], 16) - {self.low}) // {width}",
            f"    return max(0, min({WAYS - 1}, at))",
        ]
        return "\n".join(lines).encode()

    def learn(self, answer: int) -> None:
        width = (self.high - self.low) // WAYS
        self.low += answer * width
        self.high = self.low + width


def job(guess: Guess, hour: int, number: int) -> Job:
    """Return the task that asks about the event of one hour."""
    first, end = (f"'2026-01-01T{each:02d}:00:00Z'" for each in (hour, hour + 1))
    return Job(
        code=guess.program(),
        name=f"Statistics {number}",
        fields=("start", "summary"),
        evaluate={"min": 0, "max": WAYS - 1, "step": 1},
        aggregate=sum_of(0, WAYS - 1),
        selections={"one": (f"start between {first} and {end}", ["start"])},
    )


@pytest.mark.threat("T40")
def test_an_adaptive_attacker_finds_no_more_than_was_charged_to_the_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = [random.Random(7).getrandbits(BITS) for _ in range(3)]
    home, clock = new_home(tmp_path / "home"), Hands()
    with opened(home, clock) as node:
        file = calendar(tmp_path / "c.ics", [f"{secret:012x}" for secret in secrets])
        node.sources.import_paths([file])
    guess, refused, number, bound = Guess(), False, 0, 0

    while not refused:  # a new app for each program, and the vault is opened anew each time
        with opened(home, clock) as node:
            refused = not _ask(node, guess, number)
            number += 1
            bound = _charged_to_each(node)
            assert guess.found * MICRO <= bound <= ONE_OBJECT
    free = _without_protection(secrets[0])

    assert guess.low <= secrets[0] < guess.high
    assert 0 < guess.found < BITS
    assert free == BITS
    with capsys.disabled():
        figures = f"found {guess.found:g} of {BITS} bits, charged {bound / MICRO:g}"
        sys.stdout.write(f"\n  {figures}; without protection {free:g}\n")


def _ask(node: Node, guess: Guess, number: int) -> bool:
    """Ask for the next answer; return whether the owner could still allow it."""
    asker = Asker(node, f"app {number}")
    request = asker.ask(node, job(guess, 0, number))
    try:
        grant = allow(node, request)
    except LeakExhaustedError:
        return False
    guess.learn(node.runs.run(named(grant)).value)
    return True


def _charged_to_each(node: Node) -> int:
    asker = Asker(node, f"probe {node.audit.state().size}")
    return card_of(node, asker.ask(node, Job())).object_before


def _without_protection(secret: int) -> float:
    """Return how many bits the same programs find where nothing counts and nothing is refused."""
    guess, limits = Guess(), Limits(ms_per_partition=100, memory_mib=16)
    with Broker() as broker:
        while guess.high - guess.low > 1:
            obj: dict[str, Plain] = {"summary": f"{secret:012x}"}
            answer = broker.evaluate(guess.program(), {"param": 0, "resources": {}}, [obj], limits)
            assert answer[0] is not None
            guess.learn(answer[0])
    assert guess.low == secret
    return guess.found


# --- a count that is asked again ---


@pytest.fixture
def days(tmp_path: Path) -> Iterator[tuple[Node, Hands, Path]]:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.sources.import_paths([calendar(tmp_path / "first.ics", ["green"] * 7)])
        yield node, clock, tmp_path


@pytest.mark.threat("T45")
def test_a_frozen_count_is_the_same_bytes_for_a_month_whatever_comes_or_goes(
    days: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = days
    second = node.sources.import_paths([calendar(folder / "2.ics", ["green"] * 2, uid="v")])
    grant = Asker(node).granted(node, Job(milliseconds=1_000), until=Instant(clock.now + 40 * DAY))
    node.sources.import_paths([calendar(folder / "3.ics", ["green"] * 5, uid="w")])
    job_row = next(job for job in node.sources.jobs() if job.id == second.files[0].job)
    node.sources.undo(job_row)

    answers = []
    for _ in range(EPOCHS):
        answers.append(node.runs.run(grant))
        clock.move(DAY)

    assert [answer.value for answer in answers] == [9] * EPOCHS  # what stood at approval, no less
    assert len({answer.sealed for answer in answers}) == 1
    assert charged(node) == answers[0].cost == 5 * MICRO


@pytest.mark.threat("T45")
def test_an_open_count_pays_for_each_day_of_a_month_that_shows_and_for_each_answer_or_is_refused(
    days: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = days
    asker = Asker(node)
    ends = "2026-12-22T00:00:00Z"  # the last of 31 days, the one of the approval among them
    request = asker.ask(
        node,
        Job(objects="open", expires=ends, milliseconds=1_000),
        schedule=Schedule.DAILY,
        until=Instant(clock.now + 30 * DAY),
        expires=Instant(clock.now + 30 * DAY),
        budget=MicroBits(500 * MICRO),
    )
    presence = math.ceil(math.log2(1 + EPOCHS * (EPOCHS + 1) // 2) * MICRO)

    card = card_of(node, request)
    grant = named(allow(node, request))
    values, refused = dict[int, int](), 0
    for day in range(EPOCHS):
        before = charged(node)
        try:
            values[day] = node.runs.run(grant).value
        except (DeniedError, ExhaustedError):
            refused += 1
            assert charged(node) == before
        else:
            assert charged(node) == before + 5 * MICRO
        node.sources.import_paths([calendar(folder / f"{day}.ics", ["green"], uid=f"d{day}")])
        clock.move(DAY)

    assert card.cost_per_object == 1 * MICRO + presence
    assert values == {day: min(31, 7 + day) for day in values}
    assert len(values) + refused == EPOCHS
    assert list(values) == list(range(len(values)))  # once refused, refused for good
    assert charged(node) == len(values) * 5 * MICRO <= ONE_APP


@pytest.mark.threat("T45")
def test_a_month_of_open_days_is_more_than_an_object_may_tell_beside_sixteen_values(
    days: tuple[Node, Hands, Path],
) -> None:
    node, _, _ = days
    asker = Asker(node)
    wide = Job(
        code=b"def evaluate(obj, res):\n    return len(obj['summary'])\n",
        evaluate={"min": 0, "max": 255, "step": 1},
        aggregate=sum_of(0, 255),
        objects="open",
        expires="2026-12-22T00:00:00Z",
    )
    request = asker.ask(node, wide)

    with pytest.raises(LeakExhaustedError):
        allow(node, request)

    assert node.grants.list() == ()


# --- what an app sees of two vaults that differ in one object ---


TIERS = {
    "py": Job(),
    "wasm": Job(
        code=CORE.reads('"summary":"green'), tier="wasm", fuel=1_000_000, milliseconds=1_000
    ),
}


@pytest.mark.threat("T43")
@pytest.mark.parametrize(("mode", "tier"), [(Mode.ONCE, "py"), (Mode.UNTIL, "wasm")])
def test_two_vaults_that_differ_in_one_object_look_alike_to_the_app_in_a_hundred_queries(
    tmp_path: Path, mode: Mode, tier: str
) -> None:
    """The object reads otherwise, and the program says the same of it."""
    template = new_home(tmp_path / "template")
    with opened(template) as node:
        asker = Asker(node)
    papers = asker.papers(TIERS[tier], mode=mode)

    views = [
        _view(template, tmp_path / str(number), asker, papers, summary)
        for number, summary in enumerate(["green hills", "green fields, and a much longer walk"])
    ]

    (seen, proof), (other_seen, other_proof) = views
    assert seen == other_seen
    assert set(_differences(proof, other_proof)) <= DIFFERS


def _view(
    template: Path, home: Path, asker: Asker, papers: Papers, summary: str
) -> tuple[list[object], Plain]:
    """Return all that the app sees in one vault, and the proof that it opens."""
    shutil.copytree(template, home)
    clock = Hands()
    seen: list[object] = []
    with opened(home, clock) as node:
        file = calendar(home.with_suffix(".ics"), [summary, "red", "green"])
        node.sources.import_paths([file])
        request = asker.hand_in(node, papers)
        seen.append(node.outside.request_status(asker.token, request))
        grant = allow(node, request)
        replies: list[bytes] = []
        for _ in range(QUERIES):
            node.runs.begin(grant.id, nonce="ab" * 16)()
            try:
                reply = node.outside.fetch(asker.token, request)
            except DeniedError as err:
                seen.append(repr(err))
            else:
                seen.append(len(reply) if reply else None)
                replies += [reply] if reply else []
            seen.append(node.outside.request_status(asker.token, request))
            clock.move(SECOND // 10)
        seen.append(len(set(replies)))
        info = box_info(RequestId(grant.request), papers.digest)
        return seen, json.loads(asker.keys.box.open(unpad(replies[0]), info))


def _differences(one: Plain, other: Plain, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, parts in enumerate(zip(one, other, strict=True)):
            yield from _differences(*parts, f"{path}/{number}")
    elif one != other and path.endswith("/payload"):
        yield from _differences(_opened(one), _opened(other), path)
    elif one != other:
        yield path


def _opened(payload: Plain) -> Plain:
    return json.loads(base64.b64decode(payload))
