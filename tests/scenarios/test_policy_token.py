"""A vault whose grants hang on media: what is pulled out, put back, watched and killed."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidGrantError,
    NotFoundError,
    SealholdError,
    UnavailableError,
    WrongPassphraseError,
)
from sealhold.model.ids import Kind, show
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import DAY, Instant
from sealhold.node import Node
from sealhold.node.mediawatch import watched
from tests.calm import Calm
from tests.conformance.programs import core
from tests.scenarios.vaults import (
    NOON,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    calendar,
    new_home,
    opened,
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Hands]]:
    folder = tmp_path_factory.mktemp("tokens")
    clock = Hands()
    home = new_home(folder / "home", clock)
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green a", "b"])])
        yield node, clock


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def make(node: Node, stick: Path, *grants: str, narrow: bool = False) -> PolicyTokenView:
    until = Instant(NOON + 20 * DAY)
    return node.parts.media.door.make(stick, grants, until, PASSPHRASE, narrow=narrow)


def told(node: Node) -> list[str]:
    return [line.reason for line in node.audit.lines() if line.kind == "token"]


def pulled(stick: Path) -> Path:
    return stick.rename(stick.with_name("drawer"))


def test_a_bound_grant_answers_while_its_token_is_there(
    kept: tuple[Node, Hands], stick: Path
) -> None:
    node, _ = kept
    asker = Asker(node)
    grant, free = asker.granted(node, Job(name="a")), asker.granted(node, Job(name="b"))
    made = make(node, stick, grant)
    assert made.present
    assert node.runs.run(grant).value == 1

    drawer = pulled(stick)
    with pytest.raises(DeniedError):
        node.runs.run(grant)
    assert node.runs.run(free).value == 1
    assert not node.parts.media.door.find(show(Kind.TOKEN, made.id)).present

    drawer.rename(stick)
    assert node.runs.run(grant).value == 1
    node.parts.media.door.revoke(show(Kind.TOKEN, made.id))
    with pytest.raises(DeniedError):
        node.runs.run(grant)
    with pytest.raises(ConflictError):
        node.parts.media.door.revoke(show(Kind.TOKEN, made.id))


def test_a_token_that_narrows_takes_out_all_grants_while_it_is_there(
    kept: tuple[Node, Hands], stick: Path
) -> None:
    node, _ = kept
    asker = Asker(node)
    grant = asker.granted(node, Job(name="c"))
    made = make(node, stick, narrow=True)
    with pytest.raises(DeniedError):
        node.runs.run(grant)

    drawer = pulled(stick)
    assert node.runs.run(grant).value == 1
    drawer.rename(stick)
    with pytest.raises(DeniedError):
        node.runs.run(grant)
    node.parts.media.door.revoke(show(Kind.TOKEN, made.id), PASSPHRASE)
    assert node.runs.run(grant).value == 1


def test_a_token_ends_with_its_day(kept: tuple[Node, Hands], stick: Path) -> None:
    node, clock = kept
    asker = Asker(node)
    grant = asker.granted(node, Job(name="d"))
    until = Instant(clock() + 1000)
    node.parts.media.door.make(stick, [grant], until, PASSPHRASE)
    assert node.runs.run(grant).value == 1

    clock.move(1000)

    with pytest.raises(DeniedError):
        node.runs.run(grant)


def test_what_is_told_of_a_token_is_in_the_log_once_each(
    kept: tuple[Node, Hands], stick: Path
) -> None:
    node, _ = kept
    asker = Asker(node)
    grant = asker.granted(node, Job(name="e"))
    before = len(told(node))
    make(node, stick, grant)
    pulled(stick).rename(stick)
    for _ in range(3):
        node.parts.media.door.all()
    drawer = pulled(stick)
    for _ in range(3):
        node.parts.media.door.all()
    drawer.rename(stick)
    node.parts.media.door.all()

    assert len(told(node)) - before == 4  # made, came, went, came
    assert node.audit.verify().whole


def test_what_cannot_be_made_is_refused_and_binds_nothing(
    kept: tuple[Node, Hands], stick: Path
) -> None:
    node, clock = kept
    asker = Asker(node)
    grant, until = asker.granted(node, Job(name="f")), Instant(clock() + DAY)
    door = node.parts.media.door
    with pytest.raises(WrongPassphraseError):
        door.make(stick, [grant], until, "another")
    with pytest.raises(NotFoundError):
        door.make(stick, ["g-000000000000"], until, PASSPHRASE)
    with pytest.raises(InvalidGrantError):
        door.make(stick, [], until, PASSPHRASE)
    with pytest.raises(InvalidGrantError):
        door.make(stick, [grant], clock(), PASSPHRASE)
    with pytest.raises(UnavailableError):
        door.make(stick / "nowhere", [grant], until, PASSPHRASE)

    assert node.runs.run(grant).value == 1
    assert list(stick.iterdir()) == []


def test_a_vault_that_is_opened_again_finds_its_token_where_it_was_made(tmp_path: Path) -> None:
    home, stick = new_home(tmp_path / "home"), tmp_path / "stick"
    stick.mkdir()
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green a"])])
        grant = Asker(node).granted(node, Job())
        make(node, stick, grant)
    with opened(home) as node:
        assert node.runs.run(grant).value == 1
    other = shutil.move(stick, tmp_path / "other")
    (home / "config.toml").write_text(f'[policy]\nmedia = ["{other}"]\n')
    (home / "config.toml").chmod(0o600)
    with opened(home) as node:
        assert node.runs.run(grant).value == 1


SLOW = Job(
    code=b"""
def evaluate(obj, res):
    for i in range(100000000 if obj["summary"] in "abcd" else 1): pass
    return 1
""",
    milliseconds=2_000,
    most=10,
    slot={"seconds": 60, "mode": "demand", "max_slots": 8},
)

SLOW_WASM = replace(SLOW, code=core("(loop (br 0)) (i64.const 1)"), tier="wasm", fuel=2_000_000_000)


def running(node: Node, grant: str, ended: list[Exception]) -> threading.Thread:
    """Begin a run in a thread of its own, which notes how and when it ended."""

    def run() -> None:
        try:
            node.runs.run(grant)
        except SealholdError as err:
            ended.append(err)

    thread = threading.Thread(target=run)
    thread.start()
    while not any(line.kind == "charge" for line in node.audit.lines()):
        time.sleep(0.01)
    time.sleep(0.3)  # the program is in the middle of its first object
    return thread


def check_ends_within_a_second(node: Node, stick: Path, grant: str, how: str) -> None:
    ended: list[Exception] = []
    thread = running(node, grant, ended)
    assert not ended
    begun = Calm()
    if how == "mount":
        subprocess.run(["umount", "-l", stick], check=True)
    else:
        pulled(stick)
    thread.join(60)
    assert begun.within(1)
    (err,) = ended
    assert not isinstance(err, DeniedError)  # it was ended in the middle, not refused at its end
    assert node.runs.answers() == ()
    with pytest.raises(DeniedError):
        node.runs.run(grant)
    assert told(node) == ["away", "present", "made"]


def mounted_at(stick: Path) -> bool:
    """Mount a small disk there, as root can."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(stick)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.threat("T420")
@pytest.mark.parametrize("how", ["folder", "mount", "wasm"])
def test_pulled_out_what_runs_under_it_is_ended_within_a_second(tmp_path: Path, how: str) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    if how == "mount" and not mounted_at(stick):
        pytest.skip("a small disk can be mounted by root alone")
    try:
        with opened(new_home(tmp_path / "home")) as node:
            node.sources.import_paths([calendar(tmp_path / "c.ics", list("abcd"))])
            grant = Asker(node).granted(node, SLOW_WASM if how == "wasm" else SLOW)
            make(node, stick, grant)
            with watched(node):
                check_ends_within_a_second(node, stick, grant, how)
    finally:
        subprocess.run(["umount", "-l", stick], check=False, capture_output=True)
