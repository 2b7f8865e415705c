"""Two homes with records: what one imports the other finds, takes back, and erases."""

from pathlib import Path

import pytest

from tests.scenarios.test_device_commands import Desk, paired

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
{events}END:VCALENDAR
"""
EVENT = """BEGIN:VEVENT
UID:{uid}@tests
DTSTART:202601{day:02}T100000Z
SUMMARY:{title}
END:VEVENT
"""


def calendar(*titles: str) -> str:
    events = [EVENT.format(uid=t.split()[0], day=n + 1, title=t) for n, t in enumerate(titles)]
    return CALENDAR.format(events="".join(events)).replace("\n", "\r\n")


def found(desk: Desk, word: str) -> list[str]:
    return [each["title"] for each in desk.told("search", word)["items"]]


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    made: list[Desk] = []
    for number in range(2):
        folder = tmp_path / f"desk{number}"
        folder.mkdir()
        desk = Desk(folder, number)
        assert desk.line("init --headless").code == 0
        made.append(desk)
    one, other = made
    stick = f"folder:{tmp_path / 'stick'}"
    assert one.line("device begin laptop").code == 0
    assert one.line(f"device place add {stick}").code == 0
    (one.folder / "june.ics").write_text(calendar("violin lesson", "dentist visit"))
    (other.folder / "june.ics").write_text(calendar("violin lesson", "dentist visit"))
    (other.folder / "july.ics").write_text(calendar("swimming"))
    assert one.line("import june.ics").code == 0
    paired(one, other, stick)
    return one, other


def test_what_one_home_imports_the_other_finds_takes_back_and_erases(
    desks: tuple[Desk, Desk],
) -> None:
    one, other = desks
    assert one.told("device", "sync")["records"]["given"] == 2
    assert other.told("device", "sync")["records"]["written"] == 2
    assert found(other, "violin") == ["violin lesson"]
    kinds = {each["name"]: each["objects"] for each in other.told("device", "list")["collections"]}
    assert kinds == {"home": 0, "vault": 2}
    # the file is known there, whoever read it
    assert other.line("import june.ics").code == 0
    assert len(found(other, "lesson")) == 1

    assert other.line("import july.ics").code == 0
    other.told("device", "sync")
    one.told("device", "sync")
    assert found(one, "swimming") == ["swimming"]

    (record,) = one.told("search", "dentist")["items"]
    assert one("erase", record["id"]).code == 0
    one.told("device", "sync")
    assert other.told("device", "sync")["records"]["removed"] == 1
    assert found(other, "dentist") == []
    for desk in desks:
        assert desk.line("audit verify").code == 0
        assert desk.line("audit show").code == 0
        assert desk.line("device keep vault").code == 4
