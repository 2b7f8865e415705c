"""The commands about documents: two homes edit at once, read the same, and lose what is erased."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps
from sealhold.node.pairingwork import joined
from tests.scenarios.test_device_commands import Desk
from tests.scenarios.two_screens import Screen
from tests.scenarios.vaults import Hands, opened
from tests.transcripts.cli import PASSPHRASE, ROOT
from tests.unit.document_thief import says

KILLED_WHILE = """
import sys
from pathlib import Path
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps, Edits
from tests.scenarios.vaults import opened

with opened(Path(sys.argv[1])) as node:
    steps = DocumentSteps(DeviceWork(node))
    for number in range(100_000):
        steps.edit("plan", Edits(append=f"line {number}\\n", put={"last": number}))
        print(number, flush=True)
"""


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    """Return two devices, each with a home of its own, that meet at a stick."""
    found = []
    for number in range(2):
        folder = tmp_path / f"desk{number}"
        folder.mkdir()
        found.append(Desk(folder, number))
        assert found[-1].line("init --headless").code == 0
    one, other = found
    stick = f"folder:{tmp_path / 'stick'}"
    assert one.line("device begin laptop").code == 0
    assert one.line(f"device place add {stick}").code == 0
    with opened(one.home, Hands(one.now)) as first, opened(other.home, Hands(other.now)) as second:
        joined(DeviceWork(first), DeviceWork(second), "phone", place=stick)
    return one, other


@contextmanager
def steps(desk: Desk) -> Iterator[DocumentSteps]:
    with opened(desk.home, Hands(desk.now)) as node:
        yield DocumentSteps(DeviceWork(node))


def synced(*desks: Desk) -> list[str]:
    """Let each sync; return what was told of documents."""
    told = []
    for desk in desks:
        ended = desk.line("device sync")
        assert ended.code == 0, ended
        told += [line for line in ended.out.splitlines() if " in plan" in line]
    return told


def text(desk: Desk, *more: str) -> str:
    found: str = desk.told("document", "show", "plan", *more)["text"]
    return found


def test_two_homes_edit_offline_read_the_same_and_redact(
    desks: tuple[Desk, Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = desks
    assert one.line("document create plan").code == 0
    for desk in desks:
        desk.now = type(desk.now)(desk.now + 60_000)
    first = one.told("document", "edit", "plan", "--append", "The code is 4711.\nBuy milk.\n")
    assert synced(one, other) == ["1 edit by laptop in plan."]
    before = first["at"]

    # both edit, offline: one by a file that was made from an older version, one in an editor
    for desk in desks:
        desk.now = type(desk.now)(desk.now + 60_000)
    assert one.line("document show plan --out plan.md").code == 0
    written = (one.folder / "plan.md").read_text()
    (one.folder / "plan.md").write_text(written.replace("milk", "oat milk"))
    assert one.line("document edit plan --append 'From the laptop.\n'").code == 0
    since = first["version"]
    assert one.line(f"document edit plan --file plan.md --since {since}").code == 0
    monkeypatch.setenv("EDITOR", "sed -i 's/4711/zero/'")
    screen = Screen(other.folder, PASSPHRASE, "document", "edit", "plan")
    assert screen.ended() == 0, screen.seen
    assert synced(other, one, other) == ["1 edit by phone in plan.", "2 edits by laptop in plan."]
    both = "The code is zero.\nBuy oat milk.\nFrom the laptop.\n"
    assert text(one) == text(other) == both

    # each version names its device, and an earlier one comes back
    history = one.told("document", "history", "plan")["versions"]
    assert history == other.told("document", "history", "plan")["versions"]
    assert {each["by"]["name"] for each in history} == {"laptop", "phone"}
    assert {each["by"]["role"] for each in history} == {"admin", "full"}
    at = DATE.format(before // 1000 % 86_400 // 3600, before // 1000 % 3600 // 60)
    assert text(other, "--at", at) == "The code is 4711.\nBuy milk.\n"
    assert other("document", "restore", "plan", at).code == 0
    synced(other, one)
    assert text(one) == "The code is 4711.\nBuy milk.\n"

    redacted_everywhere(one, other, tmp_path)
    assert other.line("document remove plan").code == 0
    synced(other, one)
    assert one.told("document", "list")["documents"] == []
    assert one.line("audit verify").code == 0


def redacted_everywhere(one: Desk, other: Desk, top: Path) -> None:
    """Erase words on one: gone from both homes and the stick, for whoever has all their keys."""
    desks, stick = (one, other), top / "stick"
    place = {str(path): path.read_bytes() for path in files(stick)}
    for desk in desks:
        with opened(desk.home, Hands(desk.now)) as node:
            assert says(DeviceWork(node).devices.collection("documents"), place, "4711")
    assert one.told("document", "redact", "plan", "4711", "--dry-run")["is_done"] is False
    assert text(one) == "The code is 4711.\nBuy milk.\n"
    assert other.line("document redact plan 4711").code == 3  # no admin
    assert one.told("document", "redact", "plan", "4711")["is_done"] is True
    synced(one, other, one, other, one)
    place |= {str(path): path.read_bytes() for path in files(stick)}
    for desk in desks:
        assert text(desk) == "The code is .\nBuy milk.\n"
        with steps(desk) as found:
            for version in found.history("plan"):
                assert "4711" not in found.show("plan", version.version).text
        with opened(desk.home, Hands(desk.now)) as node:
            assert says(DeviceWork(node).devices.collection("documents"), place, "4711") == []
    (one.folder / "plan.md").unlink()
    kept = [path for folder in (one.home, other.home) for path in files(folder)]
    assert not [path for path in (*kept, *files(stick)) if holds(path, b"4711.\n")]


DATE = "2026-11-21T{:02}:{:02}:59Z"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def holds(path: Path, words: bytes) -> bool:
    return words in path.read_bytes()


def test_a_process_that_is_killed_while_it_edits_loses_nothing_that_it_said(
    desks: tuple[Desk, Desk],
) -> None:
    one, other = desks
    assert one.line("document create plan").code == 0
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE, str(one.home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(6)]
        child.kill()
        told += [int(line) for line in child.stdout.read().splitlines() if line]
    with steps(one) as found:
        shown = found.show("plan")
    lines = shown.text.splitlines()
    assert lines == [f"line {number}" for number in range(len(lines))]
    assert told[-1] + 1 <= len(lines) <= told[-1] + 2
    assert shown.fields["last"] == len(lines) - 1
    assert one.line("document edit plan --append 'And on.'").code == 0
    synced(one, other)
    assert text(one) == text(other)
    assert text(one).endswith("And on.")


def test_what_does_not_fit_says_so_and_changes_nothing(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    assert one.line("document list").out.startswith("No document yet")
    assert one.line("document create plan").code == 0
    (one.folder / "odd").write_bytes(b"\xff\xfe")
    for words, code in (
        ("document create plan", 9),
        ("document create plan --in home", 9),
        ("document create a/b", 5),
        ("document show nothing", 4),
        ("document show plan --at 01234567-0", 4),
        ("document show plan --at yesterday", 2),
        ("document show plan --at 400d", 4),
        ("document edit plan", 2),  # nobody is there to edit
        ("document edit plan --since 0", 2),
        ("document edit plan --set state", 2),
        ("document edit plan --take 1", 5),
        ("document edit plan --file odd", 5),
        ("document edit plan --file missing", 4),
        ("document redact plan", 2),
        ("document redact plan word --deleted", 2),
        ("document redact plan word", 4),
        ("document decide plan --take a --leave b", 2),
        ("document decide plan --take 01234567-0", 4),
        ("device keep . --as documents", 4),
    ):
        ended = one.line(words)
        assert ended.code == code, (words, ended)
        assert "try: " in ended.err
    assert one.told("document", "list")["documents"][0]["size"] == 0


def test_a_vault_that_is_no_device_has_no_documents(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 5)
    assert desk.line("init --headless").code == 0
    for words in ("document list", "document create plan", "document show plan"):
        ended = desk.line(words)
        assert ended.code == 4, ended
        assert "sealhold device begin" in ended.err
