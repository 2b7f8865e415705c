"""When a source brings less than it did, or nothing for long: said, and never on a guess."""

import pytest

from sealhold.model.ids import Id16, JobId, SourceId
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.vault.catalogue import JobRow, SourceRow
from sealhold.vault.volumes import judged, odd

START = 1_700_000_000_000


def reading(at: float, new: int, same: int = 0, state: str = "done") -> JobRow:
    """Return a reading `at` days after the start."""
    return JobRow(
        id=JobId(Id16(int(at * 24).to_bytes(16, "big"))),
        source=SourceId(Id16(bytes(16))),
        input=bytes(16),
        state=state,
        file="",
        what="",
        started=Instant(START + int(at * DAY)),
        ended=None,
        new=new,
        changed=0,
        same=same,
        rejected=0,
        rejects=(),
        by_collection={},
        error=None,
        remedy=None,
    )


def told(jobs: list[JobRow], after: float = 0) -> str:
    now = Instant(max(job.started for job in jobs) + int(after * DAY))
    return odd(jobs, now)


DAILY = [reading(day, 100 + day) for day in range(8)]


@pytest.mark.parametrize(
    ("brought", "said"),
    [
        (0, "it brought 0 items; 104 are usual"),
        (20, "it brought 20 items; 104 are usual"),
        (21, ""),
    ],
)
def test_less_than_a_fifth_of_what_is_usual_is_odd(brought: int, said: str) -> None:
    assert told([*DAILY, reading(8, brought)]) == said
    assert told([*DAILY, reading(8, brought)][::-1]) == said


def test_of_few_readings_or_few_items_nothing_is_usual() -> None:
    assert odd([], Instant(START)) == told([reading(0, 5)]) == ""
    assert told([*DAILY[1:], reading(8, 0)]) == ""
    assert told([*(reading(day, 9) for day in range(8)), reading(8, 0)]) == ""


def test_readings_that_failed_or_were_taken_back_tell_nothing() -> None:
    broken = [
        reading(day + 0.5, 0, state=state) for day in range(8) for state in ("failed", "undone")
    ]
    assert told([*DAILY, *broken, reading(8, 3)]) == "it brought 3 items; 104 are usual"
    assert told([*DAILY, reading(8, 3, state="failed")]) == ""


def test_what_is_read_often_may_bring_little_by_night() -> None:
    hourly = [reading(hour / 24, 100) for hour in range(8)]
    assert told([*hourly, reading(8 / 24, 0)]) == ""


def test_a_place_that_is_read_whole_gives_what_is_the_same_too() -> None:
    weekly = [reading(7 * week, 0, same=500) for week in range(8)]
    assert told([*weekly, reading(56, 0, same=500)]) == ""
    assert told([*weekly, reading(56, 0, same=40)]) == ("it gave 40 items; 500 are usual")


def test_silence_for_three_times_the_usual_gap_is_odd() -> None:
    often = [reading(day, 5) for day in range(9)]
    quiet = [reading(day, 0) for day in (9, 10)]
    assert told([*often, *quiet]) == ""
    assert (
        told([*often, *quiet], after=1.5)
        == "nothing new came for 4 days; something comes every 24 hours"
    )
    assert told(often[1:], after=90) == ""  # eight of them tell seven gaps
    minutes = [reading(number / 1440, 5) for number in range(9)]
    assert told(minutes, after=0.03) == ""


def test_a_source_is_read_on_and_is_in_order_again() -> None:
    source = SourceRow(id=SourceId(Id16(bytes(16))), name="bank", connector="csv", kind="folder")
    now = Instant(START + 9 * DAY)
    after = judged(source, [*DAILY, reading(8, 0)], now)
    assert (after.state, after.why) == (
        "suspicious",
        "it brought 0 items; 104 are usual",
    )
    assert (after.due, after.tries, after.reached) == (None, 0, now)
    again = judged(after, [*DAILY, reading(8, 90)], Instant(now + HOUR))
    assert (again.state, again.why) == ("", "")
    drop = SourceRow(id=source.id, name="drop", connector="drop", kind="drop")
    assert judged(drop, [*DAILY, reading(8, 0)], now).state == ""
