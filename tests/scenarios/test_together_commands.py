"""The commands of a document with other people, as two people type them: docs/howto/together.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from tests.scenarios.test_device_commands import Desk
from tests.scenarios.vaults import Hands, opened


@contextmanager
def contacts(desk: Desk) -> Iterator[ContactWork]:
    with opened(desk.home, Hands(desk.now)) as node:
        yield ContactWork(DeviceWork(node))


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    found: list[Desk] = []
    cards: list[str] = []
    for number, name in enumerate(("Ada", "Bo")):
        folder = tmp_path / name
        folder.mkdir()
        desk = Desk(folder, number)
        assert desk.line("init --headless").code == 0
        assert desk.line(f"device begin laptop-of-{name}").code == 0
        assert desk.line(f"device place add folder:{tmp_path / 'stick'}").code == 0
        with contacts(desk) as of:
            cards.append(of.card(name).text)
        found.append(desk)
    for desk, name, text in ((found[0], "Bo", cards[1]), (found[1], "Ada", cards[0])):
        with contacts(desk) as of:
            card = of.read(text)
            of.add(card, name)
            of.verify(name, " ".join(card.words))
    return found[0], found[1]


def run(desk: Desk, *lines: str) -> str:
    """Run commands; return what the last one says."""
    out = ""
    for line in lines:
        ended = desk.line(line)
        assert ended.code == 0, ended
        out = ended.out
    return out


def test_two_people_write_a_document_and_part(desks: tuple[Desk, Desk]) -> None:
    ada, bo = desks
    run(ada, "document create plan", "document edit plan --append 'Bring the tent.\n'")
    create = "share create meeting documents/plan --to Bo --may view,edit --for ServiceProvision"
    assert "documents/plan" in run(ada, f"{create} --dry-run")
    run(ada, f"{create} --yes --answers no_end,third_person", "device sync")
    run(bo, "device sync", "share accept meeting", "device sync")
    run(ada, "device sync")
    run(bo, "device sync", "document edit meeting/plan --append 'And the stove.\n'", "device sync")
    assert "1 edit by Bo" in run(ada, "device sync")
    assert "And the stove." in run(ada, "document show meeting/plan")
    history = run(ada, "document history meeting/plan")
    assert "Bo (" in history
    assert "you (laptop-of-Ada)" in history
    assert "editor" in history
    assert "Ada (" in run(bo, "document show meeting/plan --authors")
    assert ada.told("document", "list")["documents"][1]["by"]["person"] == "Bo"
    shown = run(bo, "share received meeting")
    assert "receipt" not in shown

    assert ada.line("share people meeting").code != 0
    assert ada.line("share people meeting --remove Bo").code != 0  # nobody would be left
    assert ada.line("share people meeting --add Bo").code != 0
    assert ada.line("share people meeting --add Nobody").code != 0
    assert ada.line("document redact meeting/plan stove --yes").code != 0
    assert bo.line("document remove meeting/plan").code != 0
    run(ada, "share revoke meeting", "device sync")
    run(bo, "device sync")
    assert bo.line("document show meeting/plan").code != 0
    assert "Bring the tent." in run(ada, "document show plan")
    run(ada, "audit verify")
