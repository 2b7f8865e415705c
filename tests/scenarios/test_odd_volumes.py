"""A folder that something comes into each day, until it does not: said, and read on."""

from pathlib import Path

from sealhold.model.quantities import DAY, Instant
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened
from tests.transcripts.cli import NOW, Cli


def test_a_folder_that_gives_less_than_it_did_is_said_to_be_odd_and_read_on(
    tmp_path: Path,
) -> None:
    clock, cli = Hands(NOW), Cli(tmp_path)
    folder = tmp_path / "calendars"
    folder.mkdir()
    new_home(cli.home, clock)

    def day(number: int, events: int) -> tuple[str, str]:
        """Let a day go by on which so many events come; return how the source stands."""
        clock.now = Instant(clock.now + DAY)
        names = [f"event {number} {at}" for at in range(events)]
        calendar(folder / f"{number}.ics", names, uid=f"day {number} ")
        with opened(cli.home, clock) as node:
            node.standing.pull(node.standing.find("calendars"))
            found = node.standing.find("calendars")
        return found.state, found.why

    calendar(folder / "first.ics", ["event"])
    with opened(cli.home, clock) as node:
        node.standing.add("calendars", "folder", {"place": str(folder)})
    assert {day(number, 12) for number in range(8)} == {("", "")}
    assert day(8, 1) == ("suspicious", "it brought 1 items; 12 are usual")

    env = {"SEALHOLD_PASSPHRASE": PASSPHRASE}
    shown = cli("source", "list", env=env)
    assert "read, and odd" in shown.out
    assert "12 are usual" in cli("source", "show", "calendars", env=env).out
    assert day(9, 12) == ("", "")
