"""Erasing an item: one step, after which no value, no grant and no answer tells of it."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.compute import memo, partition
from sealhold.compute.members import frozen
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import Collection, RecordId, canonical
from sealhold.model.quantities import DAY, MICRO, MicroBits
from sealhold.model.shown import Mode, RequestState
from sealhold.node import Node
from sealhold.vault.deciding import scan_all
from tests.forked import FORKS
from tests.scenarios.vaults import (
    DENIED,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    kinds,
    named,
    new_home,
    opened,
    refusal,
    sum_of,
)
from tests.transcripts.cli import NOW, Cli, furnish

EVENTS = Collection("events")
SPEAKS_OF_ALL = b"""\
seen = []
def evaluate(obj, res):
    seen.append(obj['summary'])
    return 1 if 'victim' in seen else len(seen) % 2
"""


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Hands, Path]]:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        yield node, clock, tmp_path


def bring(node: Node, folder: Path, summaries: list[str], uid: str = "u") -> None:
    node.sources.import_paths([calendar(folder / f"{uid}.ics", summaries, uid=uid)])


def find(node: Node, words: str) -> RecordId:
    (item,) = node.records.search(words).items
    return item.id


def values(node: Node) -> dict[bytes, dict[bytes, int]]:
    """Return what each function and family says of each object."""
    core = node.parts.core
    functions = {found.row[0] for found in scan_all(core.store, memo.MEMO)}
    return {
        f: {name: value for name, (_, value) in memo.read(core, f).first.items()}
        for f in functions - {memo.presence_id(EVENTS)}
    }


def wider(node: Node, most: int) -> None:
    look = node.budgets.look("object", MicroBits(most * MICRO))
    node.budgets.set_cap("object", look.after, look.before, PASSPHRASE, confirmed=look.raises)


@pytest.mark.threat("T92")
def test_every_value_of_the_partition_is_the_default_for_every_function(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    bring(node, folder, ["other"] * 60 + ["victim"])
    wider(node, 32)
    job = Job(code=SPEAKS_OF_ALL, k=16, most=100, aggregate=sum_of(0, 100))
    for number in range(2):
        asker = Asker(node, f"app {number}")
        node.runs.run(asker.granted(node, replace(job, params={"p": number}, name=f"N {number}")))
    record = find(node, "victim")
    before = values(node)
    parts = partition.read(node.parts.core, EVENTS, 16)
    mates = set(parts.mates(logical_of(node, record)))

    node.erasing.erase(record, PASSPHRASE)

    after = values(node)
    assert len(before) == len(after) == 2
    for f, told in after.items():
        assert {told[name] for name in mates} == {0}
        assert any(before[f][name] for name in mates)
        others = told.keys() - mates
        assert {name: told[name] for name in others} == {name: before[f][name] for name in others}


@pytest.mark.threat("T92")
def test_two_vaults_that_differ_in_the_erased_object_answer_alike(tmp_path: Path) -> None:
    job = Job(
        code=b"seen = []\ndef evaluate(obj, res):\n    seen.append(obj['summary'])\n"
        b"    return 1 if 'green victim' in seen else 0\n",
        k=16,
        most=100,
        aggregate=sum_of(0, 100),
    )
    answers = []
    for summary in ("green victim", "grey victim"):
        clock = Hands()
        with opened(new_home(tmp_path / summary, clock), clock) as node:
            bring(node, tmp_path, ["other"] * 60 + [summary])
            asker = Asker(node)
            first = node.runs.run(asker.granted(node, job)).value
            node.erasing.erase(find(node, "victim"), PASSPHRASE)
            again = replace(job, name="Again", version="2.0.0")  # the same function
            bring(node, tmp_path, [*["other"] * 60, summary, "another"])  # and the item is back
            second = node.runs.run(asker.granted(node, again)).value
            answers.append((first > 0, second))

    assert answers == [(True, 0), (False, 0)]


def logical_of(node: Node, record: RecordId) -> bytes:
    grant = node.grants.list()[0].id
    return next(each.logical for each in frozen(node.parts.core, grant, 0) if each.record == record)


@pytest.mark.threat("T92")
def test_the_task_of_its_frozen_set_is_retired_and_its_grants_end(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    bring(node, folder, ["green victim", "green", "grey"])
    asker, other = Asker(node), Asker(node, "Other")
    other.author = asker.author
    request = asker.ask(node, Job())
    grant = allow(node, request)
    waiting = other.ask(node, Job())
    node.runs.run(named(grant))
    stranger = Asker(node, "Stranger")

    gone = node.erasing.erase(find(node, "victim"), PASSPHRASE)

    assert [(each.id, each.state) for each in gone.grants] == [(grant.id, RequestState.REVOKED)]
    assert len(gone.retired) == 1
    foreign = refusal(lambda: node.outside.invoke(stranger.token, request))
    assert refusal(lambda: node.outside.invoke(asker.token, request)) == foreign == DENIED
    assert refusal(lambda: node.outside.fetch(asker.token, request)) == DENIED
    with pytest.raises(DeniedError):
        node.runs.run(named(grant))
    with pytest.raises(ConflictError, match="an object of its frozen set was erased"):
        allow(node, waiting)
    told = [line.kind for line in node.audit.lines()]
    assert {"erase", "revoke"} <= set(told)
    assert node.audit.verify().whole


def test_an_answer_that_was_for_once_is_not_given_again(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["green victim", "green"])
    asker = Asker(node)
    request = asker.ask(node, Job(), budget=MicroBits(5 * MICRO))
    card = node.requests.show(request)
    terms = replace(card.asked_terms, mode=Mode.ONCE)
    grant = allow(node, request, terms)
    node.runs.run(named(grant))

    node.erasing.erase(find(node, "victim"), PASSPHRASE)

    with pytest.raises(DeniedError):
        node.runs.run(named(grant))
    assert refusal(lambda: node.outside.fetch(asker.token, request)) == DENIED


def test_a_task_that_did_not_count_it_goes_on(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green", "green"])
    early = Asker(node).granted(node, Job())
    bring(node, folder, ["green victim"], uid="v")
    daily = Asker(node, "Daily").granted(
        node, Job(name="Daily", objects="open", expires="2026-12-01T00:00:00Z")
    )
    assert node.runs.run(daily).value == 3

    gone = node.erasing.erase(find(node, "victim"), PASSPHRASE)
    clock.move(DAY)

    assert gone.grants == ()
    assert node.runs.run(early).value == 2
    assert node.runs.run(daily).value == 2  # the day's set, chosen anew


def test_a_member_that_was_deleted_keeps_its_values(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["green"] * 3)
    report = node.sources.import_paths([calendar(folder / "w.ics", ["green late"], uid="w")])
    grant = Asker(node).granted(node, Job())
    before = values(node)

    job = report.files[0].job
    assert job is not None
    node.sources.undo(node.sources.job(canonical(job)))

    assert values(node) == before
    assert node.runs.run(grant).value == 4


def test_nothing_of_the_item_is_found_and_the_others_are(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["apple pear", "pear plum", "plum victim"])
    record = find(node, "victim")

    node.erasing.erase(record, PASSPHRASE)

    assert node.records.search("victim").total == 0
    assert [node.records.search(each).total for each in ("apple", "pear", "plum")] == [1, 2, 1]
    with pytest.raises(NotFoundError):
        node.records.get(canonical(record))
    with pytest.raises(NotFoundError):
        node.erasing.erase(record, PASSPHRASE)
    same = node.sources.import_paths([folder / "u.ics"])
    assert same.new == 0  # the file that it came in is known, and does not bring it back
    more = calendar(folder / "n.ics", ["apple pear", "pear plum", "plum victim", "new"])
    again = node.sources.import_paths([more])
    assert (again.new, again.same) == (2, 2)  # another file of the owner's does


def test_without_the_passphrase_nothing_is_erased(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["victim"])
    before = kinds(node)

    with pytest.raises(WrongPassphraseError):
        node.erasing.erase(find(node, "victim"), "wrong")

    assert kinds(node).count("erase") == before.count("erase") == 0
    assert node.records.search("victim").total == 1


# --- kills ---


def erase_slowly(home: Path, clock: Hands, said: Connection) -> None:
    """Erase the item, and say when it begins and when it is done."""
    with opened(home, clock) as node:
        record = find(node, "victim")
        said.send("begun")
        node.erasing.erase(record, PASSPHRASE)
        said.send("erased")
        time.sleep(60)


@pytest.mark.threat("T92")
@pytest.mark.parametrize("seed", range(6))
def test_a_kill_leaves_all_of_it_or_nothing(tmp_path: Path, seed: int) -> None:
    home, clock = new_home(tmp_path / "home", Hands()), Hands()
    with opened(home, clock) as node:
        bring(node, tmp_path, ["green victim", *["green"] * 40])
        grant = Asker(node).granted(node, Job())
        told = values(node)
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=erase_slowly, args=(home, clock, theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "begun"
    time.sleep(random.Random(seed).uniform(0, 0.25))
    process.kill()
    process.join()
    was_told = ours.poll() and heard(ours)

    with opened(home, clock) as node:
        is_gone = node.records.search("victim").total == 0
        assert is_gone or not was_told
        assert (values(node) != told) == is_gone
        assert (node.grants.list()[0].state is RequestState.REVOKED) == is_gone
        assert ("erase" in kinds(node)) == is_gone
        assert node.audit.verify().whole
        if not is_gone:
            assert node.runs.run(grant).value == 31


def heard(said: Connection) -> bool:
    """Return whether the process said that it was done before it died."""
    try:
        return bool(said.recv() == "erased")
    except EOFError:
        return False


def test_the_command_tells_first_and_then_erases(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    for line in (
        "init --headless",
        "import tracks",
        "app register GreenCorp --make-keys greencorp",
        "request add examples/green-bonus --keys greencorp --mode until --selection all",
    ):
        assert cli.line(line).code == 0, line
    request = json.loads(cli.line("request list --json").out)[0]["id"]
    grant = json.loads(cli.line(f"request approve {request} --json").out)["id"]
    with opened(cli.home, Hands(NOW)) as node:
        item = canonical(node.records.timeline().items[0].id)

    would = cli.line(f"erase {item} --dry-run")
    still = cli.line(f"run {grant} --out answer")
    erased = cli.line(f"erase {item} --json")
    gone = cli.line(f"run {grant} --out again")
    again = cli.line(f"erase {item}")

    assert [each.code for each in (would, still, erased, gone, again)] == [0, 0, 0, 3, 4], gone.err
    assert "nothing was changed" in would.out
    assert len(json.loads(erased.out)["retired"]) == 1
