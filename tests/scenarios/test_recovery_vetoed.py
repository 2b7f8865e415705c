"""A recovery that a living device vetoes: real homes, the commands, and a clock that is moved.

Acceptance 14 of the design of devices and peers.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.errors import WrongPassphraseError
from sealhold.model.quantities import DAY
from sealhold.node.recoverywork import RecoveryWork
from tests.scenarios.people_desks import desks_of, go_on, sync
from tests.scenarios.test_contact_commands import Desk
from tests.scenarios.vaults import Hands, opened
from tests.transcripts.cli import NOW, PASSPHRASE

SHOW = ("key", "held", "show", "Anna", "--out", "card")


def refused(desk: Desk, *words: str) -> dict[str, Any]:
    """Return how a command was refused; it wrote no card."""
    ended = desk(*words, "--json")
    assert ended.code != 0, words
    found: dict[str, Any] = json.loads(ended.out)["error"]
    assert not (desk.folder / "card").exists()
    return found


@pytest.fixture
def desks(tmp_path: Path) -> dict[str, Desk]:
    """Return an owner who gave three people shares, of which two are needed."""
    found = desks_of(tmp_path, ("Anna", "Bo", "Cy", "Di"))
    anna = found["Anna"]
    line = "key share send paper --to Bo --to Cy --to Di --need 2 --heir Di --after 9"
    sent = anna.line(line)
    assert sent.code == 0, sent.err
    assert "Each holds back for 3 days once a recovery was opened" in sent.out
    sync(found.values())
    return found


def opened_by_bo(bo: Desk, file: str) -> None:
    """Have somebody who says that they are Anna open a recovery at Bo."""
    assert bo.told("key", "held", "open", "Anna", "--dry-run")["is_new"] is True
    assert bo.told("key", "held", "list")["held"][0]["recoveries"] == []
    said = bo("key", "held", "open", "Anna", "--out", file)
    assert said.code == 0, said.err
    assert "was not told yet" in refused(bo, *SHOW)["message"]
    sync([bo])
    early = refused(bo, *SHOW)
    assert "1 of 2 holders opened it" in early["message"]


def heir_waits(anna: Desk, di: Desk, file: str) -> None:
    """Have Anna type her passphrase for a sync: the heir waits from then on."""
    assert anna("device", "sync", typed=[PASSPHRASE], env={}).code == 0
    sync([di])
    heir = refused(di, "key", "held", "open", "Anna", "--heir", "--out", file)
    assert 12 * DAY < heir["until"] - NOW < 12.2 * DAY


def logs_tell(anna: Desk, bo: Desk) -> None:
    """Have the logs of both sides tell what happened."""
    for desk, words in (
        (anna, ("heard", "given", "use-told")),
        (bo, ("opened", "heard", "handed-out")),
    ):
        log = desk.told("audit", "show", "--limit", "300")["entries"]
        told = [each["reason"] for each in log if each["kind"] in {"recovery", "veto"}]
        assert set(words) <= set(told), told


def vetoed_once(anna: Desk) -> str:
    """Have a device of Anna say no to what Bo opened; return the recovery."""
    # each sync of Anna says so, and one of her devices says no: not without her, and once
    assert "a recovery of your secret was opened at Bo" in anna("device", "sync").out
    assert "was opened at Bo" in anna("device", "list").out
    (heard,) = anna.told("key", "recovery", "list")["recoveries"]
    assert (heard["by"], heard["course"], heard["vetoed_by"]) == (["Bo"], "held", "")
    assert anna("key", "recovery", "veto", env={}).code != 0
    wrong = anna("key", "recovery", "veto", env={"SEALHOLD_PASSPHRASE": "not it at all"})
    assert wrong.code != 0
    with opened(anna.home, Hands(anna.now)) as node, pytest.raises(WrongPassphraseError):
        RecoveryWork(node).own.veto("", "typed, and wrong")
    assert anna.told("key", "recovery", "list")["recoveries"] == [heard]
    assert anna.told("key", "recovery", "veto")["holders"] == 3
    second = anna.told("key", "recovery", "veto", heard["id"][:8])
    assert (second["is_new"], second["holders"]) == (False, 0)
    return str(heard["id"])


def test_a_vetoed_recovery_waits_for_two_windows_or_one_share_more(
    desks: dict[str, Desk], tmp_path: Path
) -> None:
    anna, bo, cy, di = desks.values()
    assert anna.told("key", "recovery", "alive") == {"told": True}
    notices = [str(tmp_path / f"notices-{number}") for number in range(4)]
    assert "open one first" in refused(bo, *SHOW)["message"]

    opened_by_bo(bo, notices[0])
    sync([anna])
    recovery = vetoed_once(anna)
    sync([anna, bo, cy, di])

    # every holder is shown the device; Cy opens it as well, with what was brought
    for each in (bo, cy, di):
        (one,) = each.told("key", "held", "list")["held"][0]["recoveries"]
        assert (one["id"], one["vetoed_by"]) == (recovery, "laptop")
    assert cy("key", "held", "open", "Anna", "--notices", notices[0], "--out", notices[1]).code == 0
    doubled = refused(cy, *SHOW)
    assert 5.9 * DAY < doubled["until"] - NOW < 6.1 * DAY
    assert "laptop said no" in doubled["message"]
    assert "2026-11-27" in doubled["message"]

    # the plain window ends: two shares are too few, three are enough
    go_on(desks.values(), 3.1)
    assert refused(bo, *SHOW, "--notices", notices[1])["until"] is not None
    assert di("key", "held", "open", "Anna", "--notices", notices[1], "--out", notices[2]).code == 0
    enough = bo(*SHOW, "--notices", notices[2])
    assert enough.code == 0, enough.err

    heir_waits(anna, di, notices[3])

    # Cy never hears of the third: there the doubled window ends
    assert refused(cy, *SHOW)["until"] == doubled["until"]
    go_on(desks.values(), 3)
    assert cy(*SHOW).code == 0
    cards = [str(desk.folder / "card") for desk in (bo, cy)]
    assert anna.told("key", "recover", *cards, "--check")["opens_this_vault"] is True

    go_on([di], 7)
    may = di.told("key", "held", "open", "Anna", "--heir", "--dry-run")
    assert (may["by_heir"], may["is_new"]) == (True, True)

    logs_tell(anna, bo)
