"""What an app sees when a program fails: the same as if the program had said the default.

One task, one program, two vaults: in one an object makes the program say the default, in the other
it makes it fail. All that reaches the app is compared: when, how often, how long, and each byte of
the proof that may not differ. The way of failing would else be one more answer.
"""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import pytest

from sealhold.compute import confinement
from sealhold.compute.broker import Broker
from sealhold.compute.leaving import box_info
from sealhold.compute.runner import Runner
from sealhold.compute.slots import unpad
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import RequestId
from sealhold.model.quantities import SECOND, Instant
from sealhold.node import Node
from tests.attack.test_adaptive_queries import DIFFERS, _differences
from tests.attack.test_killed_brokers import below, keepers
from tests.scenarios.vaults import Asker, Hands, Job, Papers, allow, calendar, new_home, opened

TURNS = 14  # tenths of a second: the slot of one second ends among them
PROGRAM = b"""
def down(n):
    return down(n + 1)

def shared():
    a = [1]
    for i in range(40): a = [a, a]
    return a

def fail(kind):
    if kind == 'loop':
        while True:
            try:
                while True: pass
            except BaseException:
                pass
    if kind == 'memory':
        kept = []
        while True: kept.append([0] * 1000)
    if kind == 'recursion': return down(0)
    if kind == 'print flood':
        while True: print('x' * 1000)
    if kind == 'exception': raise ValueError('a long and telling message ' * 1000)
    if kind == 'another exception': return {}['key']
    if kind == 'exit': raise SystemExit(7)
    if kind == 'true': return True
    if kind == 'nothing': return None
    if kind == 'not a number': return float('nan')
    if kind == 'text': return '1'
    if kind == 'shared list': return shared()
    if kind == 'above the range': return 2
    if kind == 'below the range': return -1
    if kind == 'beyond 64 bits': return 10**100000
    if kind == 'waits to be killed':
        for i in range(10**12): pass
    return 0

def evaluate(obj, res):
    kind = obj['summary']
    return 1 if kind == 'green' else fail(kind)
"""
DEATH = "waits to be killed"
KINDS = re.findall(r"^    if kind == '(.*)':", PROGRAM.decode(), re.MULTILINE)
JOB = Job(code=PROGRAM, milliseconds=2000)  # time to find a process on a busy machine


class Setting(NamedTuple):
    """An empty vault that knows an app, and the papers of the app's one request."""

    template: Path
    asker: Asker
    papers: Papers


class Seen(NamedTuple):
    """What the app learned."""

    told: list[object]
    proof: Plain


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    template = new_home(tmp_path_factory.mktemp("covert") / "template")
    with opened(template) as node:
        asker = Asker(node)
    return Setting(template, asker, asker.papers(JOB))


@pytest.fixture(scope="module")
def honest(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Return what the app learns if the program says the default itself."""
    return seen_with(setting, tmp_path_factory.mktemp("honest") / "home", "says the default")


def seen_with(setting: Setting, home: Path, summary: str, turns: int = TURNS) -> Seen:
    """Return what the app learns from a vault in which one object has this summary."""
    shutil.copytree(setting.template, home)
    clock = Hands()
    with opened(home, clock) as node:
        file = calendar(home.with_suffix(".ics"), [summary, "red", "green"])
        node.sources.import_paths([file])
        request = setting.asker.hand_in(node, setting.papers)
        grant = allow(node, request)
        node.runs.begin(grant.id, nonce="ab" * 16)()
        told, replies = fetched(node, clock, setting.asker, request, turns)
        info = box_info(RequestId(grant.request), setting.papers.digest)
        return Seen(told, json.loads(setting.asker.keys.box.open(unpad(replies[0]), info)))


def fetched(
    node: Node, clock: Hands, asker: Asker, request: str, turns: int
) -> tuple[list[object], list[bytes]]:
    """Return what each of many fetches told, and the replies."""
    told: list[object] = []
    replies: list[bytes] = []
    for _ in range(turns):
        try:
            reply = node.outside.fetch(asker.token, request)
        except DeniedError as err:
            told.append(repr(err))
        else:
            told.append(len(reply) if reply else None)
            replies += [reply] if reply else []
        told.append(node.outside.request_status(asker.token, request))
        clock.move(SECOND // 10)
    told.append(len(set(replies)))
    return told, replies


def equal(one: Seen, other: Seen) -> bool:
    return one.told == other.told and set(_differences(one.proof, other.proof)) <= DIFFERS


@pytest.mark.threat("T43")
@pytest.mark.threat("T44")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != DEATH])
def test_a_failure_reads_as_the_default_in_every_byte_and_at_the_same_time(
    setting: Setting, honest: Seen, tmp_path: Path, kind: str
) -> None:
    failed = seen_with(setting, tmp_path / "home", kind)

    assert equal(failed, honest)


@pytest.mark.threat("T43")
def test_a_hundred_fetches_tell_no_more_than_one(setting: Setting, tmp_path: Path) -> None:
    failed, honest = (
        seen_with(setting, tmp_path / kind, kind, 100) for kind in ("exception", "says the default")
    )

    assert equal(failed, honest)
    assert len(failed.told) == 201


@pytest.mark.threat("T43")
@pytest.mark.threat("T44")
def test_an_object_that_is_too_large_reads_as_the_default(
    setting: Setting, honest: Seen, tmp_path: Path
) -> None:
    failed = seen_with(setting, tmp_path / "home", "x" * (JOB.object_bytes + 1))

    assert equal(failed, honest)


@pytest.mark.threat("T43")
@pytest.mark.threat("T44")
@pytest.mark.parametrize("whose", ["worker", "broker"])
def test_the_death_of_a_process_reads_as_the_default(
    setting: Setting,
    honest: Seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
) -> None:
    killed = killing(monkeypatch, whose)

    failed = seen_with(setting, tmp_path / "home", DEATH)

    assert killed
    assert equal(failed, honest)


def killing(monkeypatch: pytest.MonkeyPatch, whose: str) -> list[int]:
    """Kill the worker or broker that has the object which waits for it in hand."""
    monkeypatch.setattr(confinement, "Runner", Runner)  # its keeper is found below this process
    killed: list[int] = []
    plain: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers

    def kill(over: Event) -> None:
        while not over.wait(0.01):
            with suppress(OSError, IndexError):
                victim = below(keepers()[-1])[0]
                if whose == "worker":
                    victim = below(victim)[0]
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)
                return

    def answers(
        broker: Broker, code: bytes, res: object, objects: Iterable[object], limits: object
    ) -> Iterator[tuple[int, int | None]]:
        over, some = Event(), list(objects)
        if DEATH in repr(some):
            Thread(target=kill, args=[over], daemon=True).start()
        try:
            yield from plain(broker, code, res, some, limits)
        finally:
            over.set()

    monkeypatch.setattr(Broker, "answers", answers)
    return killed


def test_a_true_answer_reads_otherwise(setting: Setting, honest: Seen, tmp_path: Path) -> None:
    other = seen_with(setting, tmp_path / "home", "green")

    assert other.told == honest.told
    assert not equal(other, honest)


@pytest.mark.threat("T44")
@pytest.mark.parametrize("kind", ["loop", "above the range"])
def test_what_failed_is_not_tried_again(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tried = counted(monkeypatch)
    home = shutil.copytree(setting.template, tmp_path / "home")
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", [kind, "green"])])
        first = setting.asker.granted(node, JOB)
        again = setting.asker.granted(node, Job(code=PROGRAM, milliseconds=2000, version="1.0.1"))
        tried.clear()

        values = [node.runs.run(grant).value for grant in (first, again, first)]

        assert values == [1, 1, 1]
        assert tried in ([2], [])  # evaluated at the yes or at the first run, and never again


@pytest.mark.threat("T43")
@pytest.mark.parametrize("pace", [0, 150, 290], ids=lambda ms: f"{ms} ms for each object")
def test_an_answer_leaves_when_its_slot_ends_however_long_the_program_took(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pace: int
) -> None:
    clock = Hands()
    plain: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers

    def answers(broker: Broker, *args: object) -> Iterator[tuple[int, int | None]]:
        for found in plain(broker, *args):
            clock.move(pace)
            yield found

    home = shutil.copytree(setting.template, tmp_path / "home")
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["red", "green"])])
        job = Job(slot={"seconds": 1, "mode": "demand", "max_slots": 1}, most=2)
        request = setting.asker.ask(node, job)
        grant = allow(node, request)
        monkeypatch.setattr(Broker, "answers", answers)
        invoked = clock.now

        node.runs.begin(grant.id)()

        assert clock.now == invoked + 2 * pace
        clock.now = Instant(invoked + SECOND - 1)
        assert node.outside.fetch(setting.asker.token, request) is None
        clock.now = Instant(invoked + SECOND)
        assert node.outside.fetch(setting.asker.token, request) is not None


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the objects of each call of a broker."""
    tried: list[int] = []
    plain: Callable[..., Iterator[tuple[int, int | None]]] = Broker.answers

    def answers(broker: Broker, *args: object) -> Iterator[tuple[int, int | None]]:
        found = list(plain(broker, *args))
        tried.append(len(found))
        yield from found

    monkeypatch.setattr(Broker, "answers", answers)
    return tried


@pytest.mark.threat("T45")
def test_an_aggregate_cannot_tell_in_which_order_the_objects_came(tmp_path: Path) -> None:
    program = b"""
def evaluate(obj, res):
    return int(obj['summary'])

def aggregate(parts):
    return parts[0] * 100 + parts[1] * 10 + parts[2]
"""
    job = Job(
        code=program,
        evaluate={"min": 0, "max": 9, "step": 1},
        aggregate={
            "kind": "custom",
            "args": {},
            "range": {"min": 0, "max": 999, "step": 1},
            "default": 0,
        },
    )
    answers = []
    for number, order in enumerate((["7", "1", "4"], ["4", "7", "1"], ["1", "4", "7"])):
        home = new_home(tmp_path / str(number))
        with opened(home) as node:
            node.sources.import_paths([calendar(home.with_suffix(".ics"), order)])
            answers.append(node.runs.run(Asker(node).granted(node, job)).value)

    assert answers == [147, 147, 147]
