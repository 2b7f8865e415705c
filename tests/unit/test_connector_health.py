"""Apple Health: days of readings, workouts, and what a declaration may not do."""

import pytest

from sealhold.connectors.bodies import in_si
from sealhold.connectors.sources.apple_health import AppleHealth
from sealhold.model.records import Sensitivity
from tests.unit.connector_reading import Found, outcome, read

HOUR_8 = 1_735_718_400_000  # 2025-01-01T08:00:00Z
HEART = "HKQuantityTypeIdentifierHeartRate"
MASS = "HKQuantityTypeIdentifierBodyMass"


def export(inner: str, prolog: str = "") -> str:
    return f"<?xml version='1.0'?>{prolog}<HealthData locale='en'>{inner}</HealthData>"


def record(
    kind: str,
    value: str,
    minute: int,
    unit: str | None = "count/min",
    who: str = "Watch",
    **more: str,
) -> str:
    at = f"2025-01-01 {9 + minute // 60:02d}:{minute % 60:02d}:00 +0100"
    named = {"type": kind, "sourceName": who, "startDate": at, "endDate": at, "value": value}
    named |= ({"unit": unit} if unit else {}) | more
    return "<Record " + " ".join(f'{k}="{v}"' for k, v in named.items()) + "/>"


def health(inner: str) -> Found:
    return read(AppleHealth(), export(inner))


def test_the_readings_of_a_day_by_one_recorder_are_one_object() -> None:
    inner = record(HEART, "60", 0, device="d") + record(HEART, "80.5", 5, device="d")

    ((day,), rejects) = health(inner + "<ExportDate value='2025'/>")

    assert not rejects
    assert day.fields == {
        "day": "2025-01-01", "start": HOUR_8, "end": HOUR_8 + 300_000, "offset_min": 60,
        "type": "HeartRate", "unit": "count/min", "count": 2, "total": 140.5, "mean": 70.25,
        "least": 60.0, "most": 80.5, "recorder": "Watch",
        "readings": [[HOUR_8, HOUR_8, 60.0], [HOUR_8 + 300_000, HOUR_8 + 300_000, 80.5]],
    }  # fmt: skip
    assert day.raw["readings"]["device"] == [["d"], []]
    assert day.raw["readings"]["value"] == [["60", None], [0, 1]]
    assert day.original_id == f"{HEART}\ncount/min\nWatch\n2025-01-01"


def test_recorders_kinds_and_days_are_kept_apart_and_mixed_lines_put_together() -> None:
    inner = "".join(
        record(HEART, "60", n, who=who) for n in range(5) for who in ("Watch", "Strap")
    ) + record(HEART, "61", 24 * 60 - 9 * 60 - 1)

    (items, _) = health(inner)

    assert [(one.fields["recorder"], one.fields["count"]) for one in items] == [
        ("Strap", 5),
        ("Watch", 6),
    ]


def test_units_become_those_of_si_and_what_was_written_is_kept() -> None:
    ((day,), _) = health(record(MASS, "150", 0, unit="lb"))

    assert (day.fields["unit"], day.fields["most"]) == ("kg", 68.0388555)
    assert day.raw["unit"] == "lb"
    assert day.raw["readings"]["value"] == [["150"], []]


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (26.2, "mi", (42164.8128, "m")),
        (1.0, "kcal", (1.16222222222, "Wh")),
        (98.6, "degF", (37.0, "degC")),
        (0.5, "%", (0.5, "%")),
    ],
)
def test_a_unit_is_turned_exactly_or_left(value: float, unit: str, told: tuple[float, str]) -> None:
    assert in_si(value, unit) == told


def test_a_category_keeps_its_word() -> None:
    kind = "HKCategoryTypeIdentifierSleepAnalysis"

    ((day,), _) = health(record(kind, "HKCategoryValueSleepAnalysisAsleepCore", 0, unit=None))

    assert (day.fields["type"], day.fields["total"]) == ("SleepAnalysis", None)
    assert day.fields["readings"] == [[HOUR_8, HOUR_8, "SleepAnalysisAsleepCore"]]


def test_a_workout_tells_its_distance_energy_and_the_file_of_its_way() -> None:
    inner = (
        "<Workout workoutActivityType='HKWorkoutActivityTypeRunning' duration='30' "
        "durationUnit='min' sourceName='Watch' startDate='2025-01-01 09:00:00 +0100' "
        "endDate='2025-01-01 09:40:00 +0100'><WorkoutStatistics unit='km' sum='5.5' "
        "type='HKQuantityTypeIdentifierDistanceWalkingRunning'/><WorkoutStatistics average='150' "
        "type='HKQuantityTypeIdentifierHeartRate' unit='count/min'/><WorkoutStatistics unit='kcal' "
        "type='HKQuantityTypeIdentifierActiveEnergyBurned' sum='300'/><WorkoutRoute>"
        "<FileReference path='/workout-routes/route.gpx'/></WorkoutRoute></Workout>"
    )

    ((workout,), _) = health(inner)

    assert workout.fields == {
        "start": HOUR_8, "end": HOUR_8 + 2_400_000, "offset_min": 60, "duration_s": 1800.0,
        "type": "Running", "distance_m": 5500.0, "energy_wh": 348.666666667,
        "mean_heart_rate": 150.0, "route": "/workout-routes/route.gpx", "recorder": "Watch",
    }  # fmt: skip
    assert workout.raw[3][0][1]["sum"] == "5.5"


def test_all_else_is_kept_whole() -> None:
    (items, rejects) = health(
        "<Me HKCharacteristicTypeIdentifierBloodType='A'/>"
        "<ActivitySummary dateComponents='2025-01-01' appleExerciseTime='30'/>"
        "<Correlation type='HKCorrelationTypeIdentifierBloodPressure' sourceName='Cuff' "
        "startDate='2025-01-01 09:00:00 +0100' endDate='2025-01-01 09:00:00 +0100'/>"
    )

    assert not rejects
    assert [one.fields["type"] for one in items] == ["Me", "ActivitySummary", "BloodPressure"]
    assert items[1].fields["day"] == "2025-01-01"
    assert items[1].fields["offset_min"] is None
    assert items[0].raw[1] == {"HKCharacteristicTypeIdentifierBloodType": "A"}
    assert {one.sensitivity for one in AppleHealth.datasets} == {Sensitivity.SPECIAL}


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ("<Record/>", "malformed"),
        (record(HEART, "many", 0), "malformed"),
        (record(HEART, "1e999", 0), "malformed"),
        ("<Workout startDate='now'/>", "no_time"),
    ],
)
def test_what_is_no_reading_is_a_named_reject(inner: str, why: str) -> None:
    assert outcome(AppleHealth(), export(inner)) == (0, [why])


def test_faults_are_told_one_by_one_and_then_counted() -> None:
    _, rejects = health("<Record/>" * 50 + record(HEART, "1", 0))

    assert len(rejects) == 21
    assert rejects[-1].detail == "30 more records of that kind"


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE HealthData [<!ELEMENT HealthData (Record*)> <!-- isn't ]> the end -->]>",
        "<!DOCTYPE HealthData [<!ATTLIST Record note CDATA 'x]>'>] >",
        "<!DOCTYPE HealthData>",
    ],
)
def test_a_declaration_inside_is_passed_over(prolog: str) -> None:
    count, told = outcome(AppleHealth(), export(record(HEART, "60", 0), prolog))

    assert (count, told) == (1, [])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<HealthData>",
        export("<Record>"),
        export("&unknown;"),
        export("", "<!DOCTYPE x ["),
    ],
)
def test_a_file_that_is_cut_or_another_is_broken(content: str) -> None:
    assert outcome(AppleHealth(), content) == (0, ["broken"])
