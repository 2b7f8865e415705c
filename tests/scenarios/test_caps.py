"""Caps from end to end: shown, raised on a look and a yes, lowered at once, and told when short."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    CapTooHighError,
    ConflictError,
    InvalidError,
    LeakExhaustedError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import Collection
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.node import Node
from sealhold.vault.caps import HIGHEST, CapKind
from tests.scenarios.vaults import (
    DENIED,
    PASSPHRASE,
    Asker,
    Job,
    allow,
    calendar,
    card_of,
    kinds,
    named,
    new_home,
    opened,
    refusal,
)
from tests.transcripts.cli import Cli, furnish


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home")) as found:
        found.sources.import_paths([calendar(tmp_path / "c.ics", ["green"] * 10)])
        yield found


def bits(count: float) -> MicroBits:
    return MicroBits(int(count * MICRO))


def set_cap(node: Node, kind: str, most: float) -> None:
    look = node.budgets.look(kind, bits(most))
    node.budgets.set_cap(kind, bits(most), look.before, PASSPHRASE, confirmed=look.raises)


def cap(node: Node, kind: str) -> MicroBits:
    return next(view.cap for view in node.budgets.caps() if view.kind == kind)


def test_thirty_two_objects_to_a_run_are_allowed_once_the_owner_raised_the_cap(
    tmp_path: Path,
) -> None:
    home = new_home(tmp_path / "home")
    wide = Job(k=32)
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green", "grey"] * 40)])
        asker = Asker(node)
        request = asker.ask(node, wide)
        with pytest.raises(LeakExhaustedError, match="an object of `events` is 16 bits short"):
            allow(node, request)
        look = node.budgets.look("object", bits(32))
        set_cap(node, "object", 32)

    with opened(home) as node:  # it is data of the vault, and there after a restart
        card = card_of(node, request)
        grant = allow(node, request)
        answer = node.runs.run(named(grant))
        told = next(view for view in node.budgets.caps() if view.kind == "object")

    assert [each.label for each in look.opens] == ["green days"]
    assert set(card.points) == {"partition_k"}
    assert (card.cost_per_object, card.object_cap) == (bits(32), bits(32))
    assert answer.value == 31  # forty are green; the answer says at most 31
    assert [(each.label, each.used) for each in told.budgets] == [("events", bits(32))]


def test_the_refusal_says_which_budget_which_function_and_how_much_is_short(node: Node) -> None:
    asker = Asker(node)
    grant = asker.granted(node, Job())
    set_cap(node, "app", 3.5)
    leaks = node.runs._office.budget.leaks(Collection("events"))
    (f,) = [each.key.hex()[:12] for each in leaks if each.kind == "function"]

    with pytest.raises(LeakExhaustedError) as caught:
        node.runs.run(grant)

    said = f"the budget of this app in 2026 is 1.5 bits short for function `{f}`"
    assert str(caught.value) == said
    assert "sealhold budget set" in caught.value.remedy()
    assert node.budgets.meters()[0].used == 0


@pytest.mark.threat("T90")
@pytest.mark.parametrize("kind", ["app", "purpose", "all"])
def test_an_app_cannot_tell_a_lowered_cap_from_any_other_no(node: Node, kind: str) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    allow(node, request)
    set_cap(node, kind, 1)
    before = kinds(node).count("charge")

    said = refusal(lambda: node.outside.invoke(asker.token, request))

    assert said == DENIED
    assert kinds(node).count("charge") == before
    set_cap(node, kind, 64)
    node.outside.invoke(asker.token, request)


@pytest.mark.threat("T90")
def test_more_is_told_only_on_a_yes_to_that_and_with_the_passphrase(node: Node) -> None:
    size = node.audit.state().size

    with pytest.raises(InvalidError, match="`raise` was not confirmed"):
        node.budgets.set_cap("app", bits(21), bits(20), PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        node.budgets.set_cap("app", bits(21), bits(20), "wrong", confirmed=True)
    with pytest.raises(WrongPassphraseError):
        node.budgets.set_cap("app", bits(2), bits(20), "wrong")
    with pytest.raises(ConflictError):
        node.budgets.set_cap("app", bits(21), bits(19), PASSPHRASE, confirmed=True)
    most = MicroBits(HIGHEST[CapKind.APP] + 1)
    with pytest.raises(CapTooHighError):
        node.budgets.set_cap("app", most, bits(20), PASSPHRASE, confirmed=True)
    with pytest.raises(NotFoundError):
        node.budgets.set_cap("month", bits(2), bits(20), PASSPHRASE)

    assert cap(node, "app") == bits(20)
    assert node.audit.state().size == size


def test_a_lower_cap_holds_at_once_and_what_was_told_stays_told(node: Node) -> None:
    asker = Asker(node)
    first = asker.granted(node, Job())
    node.runs.run(first)
    second = asker.granted(node, replace(Job(), name="Again", version="2.0.0"))

    set_cap(node, "all", 5)

    with pytest.raises(
        LeakExhaustedError, match="the budget of all askers in 2026 is 5 bits short"
    ):
        node.runs.run(second)
    assert node.runs.run(first).cost == 0  # the bytes that left leave again
    every = node.budgets.meters()[0]
    assert (every.used, every.cap) == (bits(5), bits(5))
    assert [line.what for line in node.audit.lines() if line.kind == "cap"] == [
        "the cap all was set to 5 bits"
    ]


def test_the_commands_show_ask_and_set(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    for line in (
        "init --headless",
        "import tracks",
        "app register GreenCorp --make-keys greencorp",
        "request add examples/green-bonus --keys greencorp --mode until --selection all",
    ):
        assert cli.line(line).code == 0, line
    request = json.loads(cli.line("request list --json").out)[0]["id"]
    assert cli.line("budget set app 4").code == 0
    grant = json.loads(cli.line(f"request approve {request} --json").out)["id"]

    refused = cli.line(f"run {grant} --out answer")
    unsure = cli.line("budget set app 30")
    raised = cli.line("budget set app 30 --confirm raise --json")
    too_high = cli.line("budget set app 100000 --confirm raise")
    unknown = cli.line("budget set month 3")
    shown = json.loads(cli.line("budget show --json").out)["caps"]
    ran = cli.line(f"run {grant} --out answer")

    assert [refused.code, unsure.code, raised.code] == [8, 2, 0]
    assert [too_high.code, unknown.code, ran.code] == [5, 4, 0]
    assert "the budget of this app in 2026 is 1 bits short for function `" in refused.err
    assert "sealhold budget set" in refused.err
    assert "not without a yes to it: --confirm raise" in unsure.err
    assert "Each app could be told 26 bits more" in unsure.out
    assert json.loads(raised.out)["cap"] == 30 * MICRO
    assert {each["kind"]: each["cap"] // MICRO for each in shown} == {
        "object": 16,
        "app": 30,
        "purpose": 40,
        "all": 64,
    }


@pytest.mark.threat("T66")
def test_who_only_has_the_environment_sets_no_cap(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert cli("init", typed=[PASSPHRASE, PASSPHRASE], env={}).code == 0

    refused = [cli.line(f"budget set app {most} --confirm raise") for most in (4, 30)]
    typed = cli("budget", "set", "app", "4", typed=[PASSPHRASE])

    assert [each.code for each in refused] == [3, 3]
    assert typed.code == 0
