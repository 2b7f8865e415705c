"""Rules that a medium carries, and a watch that says what comes and goes; pulled out and killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.errors import DeniedError, InvalidGrantError, NotFoundError
from sealhold.model.ids import Kind, show
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import DAY, MICRO, Instant, MicroBits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import RuleDraft
from sealhold.node import Node
from sealhold.node.mediawatch import MediaWatch
from tests.scenarios.vaults import (
    NOON,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    calendar,
    card_of,
    named,
    new_home,
    opened,
)
from tests.transcripts.cli import NOW, Cli

UNTIL = Instant(NOON + 20 * DAY)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("carried")
    with pytest.MonkeyPatch.context() as patch, opened(new_home(folder / "home")) as node:
        patch.setattr(node.outside, "_background", lambda work: work())  # rules answer at once
        node.sources.import_paths([calendar(folder / "c.ics", ["green a", "b"])])
        yield node


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def pulled(stick: Path) -> Path:
    return stick.rename(stick.with_name("drawer"))


def written(node: Node, effect: str, asker: Asker) -> str:
    """Write a rule about one app and return its id."""
    bits = MicroBits(60 * MICRO) if effect == "allow" else MicroBits(0)
    datasets = ("events",) if effect == "show" else ()
    draft = RuleDraft(effect=effect, apps=(asker.shown,), bits=bits, datasets=datasets)
    return show(Kind.POLICY, node.dataware.policies.add(draft, PASSPHRASE).id)


def carrying(node: Node, stick: Path, *rules: str, narrow: bool = False) -> PolicyTokenView:
    return node.parts.media.door.make(stick, (), UNTIL, PASSPHRASE, narrow=narrow, rules=rules)


def granted(node: Node, request: str) -> str:
    """Return the grant that a rule gave."""
    wanted = card_of(node, request).id
    return next(named(each) for each in node.grants.list() if each.request == wanted)


def state(node: Node, asker: Asker, name: str) -> RequestState:
    return card_of(node, asker.ask(node, Job(name=name))).state


def test_a_rule_on_a_medium_says_yes_while_it_is_there_and_its_yes_goes_with_it(
    node: Node, stick: Path
) -> None:
    asker = Asker(node, "Study")
    rules = [written(node, effect, asker) for effect in ("allow", "show")]
    request = asker.ask(node, Job(name="before"))
    grant = granted(node, request)
    assert card_of(node, request).state is RequestState.ALLOWED
    carrying(node, stick, *rules)
    assert node.runs.run(grant).value == 1
    assert [each.name for each in node.outside.datasets(asker.token)] == ["events"]

    drawer = pulled(stick)

    with pytest.raises(DeniedError):  # also what the rule gave before it was bound
        node.runs.run(grant)
    assert state(node, asker, "away") is RequestState.WAITING
    assert node.outside.datasets(asker.token) == ()
    assert not any(each.holds for each in map(node.dataware.policies.show, rules))
    drawer.rename(stick)
    assert node.runs.run(granted(node, asker.ask(node, Job(name="back")))).value == 1
    assert node.runs.run(grant).value == 1


def test_a_guest_token_carries_a_no_that_ends_with_it_and_takes_out_no_grant(
    node: Node, stick: Path
) -> None:
    asker = Asker(node, "Guests")
    grant = asker.granted(node, Job(name="standing"))
    rule = written(node, "deny", asker)
    made = carrying(node, stick, rule, narrow=True)

    assert state(node, asker, "there") is RequestState.REFUSED
    assert node.runs.run(grant).value == 1
    pulled(stick)
    assert state(node, asker, "gone") is RequestState.WAITING
    assert (made.grants, [show(Kind.POLICY, each) for each in made.rules]) == ((), [rule])


def test_a_rule_that_does_not_fit_what_the_token_does_is_refused(node: Node, stick: Path) -> None:
    asker = Asker(node, "Misfit")
    allows, asks = written(node, "allow", asker), written(node, "ask", asker)

    for rule, narrow in ((asks, False), (allows, True)):
        with pytest.raises(InvalidGrantError, match="carries rules that"):
            carrying(node, stick, rule, narrow=narrow)
    with pytest.raises(NotFoundError):
        carrying(node, stick, "l-000000000000")
    assert list(stick.iterdir()) == []


class Watching:
    """A process that watches the media of a home and says a line for each change."""

    def __init__(self, home: Path) -> None:
        line = [sys.executable, "-m", "sealhold", "policy", "token", "watch", "--json"]
        self._process = subprocess.Popen(
            [*line, "--home", str(home)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SEALHOLD_PASSPHRASE": PASSPHRASE},
        )

    def line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def kill(self) -> None:
        self._process.kill()
        assert self._process.wait(10) == -signal.SIGKILL
        assert self._process.stdout is not None
        self._process.stdout.close()


def test_a_watch_says_what_comes_and_goes_and_a_kill_leaves_the_vault_whole(
    tmp_path: Path, stick: Path
) -> None:
    home = new_home(tmp_path / "home")
    with opened(home) as node:
        # a process of its own has the machine's clock
        until = Instant(NOON + 36_500 * DAY)
        node.parts.media.door.make(stick, (), until, PASSPHRASE, narrow=True)
    watch = Watching(home)
    assert watch.line()["what"] == "there"

    drawer = pulled(stick)
    went = watch.line()
    drawer.rename(stick)
    came = watch.line()
    pulled(stick)
    assert [went["what"], came["what"], watch.line()["what"]] == ["away", "present", "away"]
    assert came["token"]["present"]
    watch.kill()

    with opened(home) as node:
        told = [line.reason for line in node.audit.lines() if line.kind == "token"]
        assert told[:3] == ["away", "present", "away"]
        assert node.audit.verify().whole


def test_a_watch_ends_well_at_the_keyboard_and_says_in_words_what_it_saw(
    tmp_path: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path)
    home = new_home(cli.home, Hands(NOW))
    with opened(home, Hands(NOW)) as node:
        made = node.parts.media.door.make(stick, (), UNTIL, PASSPHRASE, narrow=True)
    # Ctrl-C while it looks for the first time
    monkeypatch.setattr(MediaWatch, "once", lambda _self: os.kill(os.getpid(), signal.SIGINT))

    ended = cli("policy", "token", "watch", env={"SEALHOLD_PASSPHRASE": PASSPHRASE})

    assert (ended.code, ended.err) == (0, "")
    assert f"{show(Kind.TOKEN, made.id)} is there (all grants)." in ended.out
