"""Blood pressure as a phone's health app exports it, and its days as the vault reads them.

    python examples/tasks/health.py health              a made-up year, always the same
    python examples/tasks/health.py health export.xml   your own export

A health export is one large XML file with one `Record` per value. One day of readings is what the
hospital asks about, so `days.jsonl` holds one line per day, and each line becomes one object.
"""

import json
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from xml.etree.ElementTree import iterparse

from sealhold.compute.synthetic import Draw

KIND = "HKQuantityTypeIdentifierBloodPressure"
FIRST, DAYS, SEED = date(2025, 11, 22), 365, 7


def main(folder: Path, export: Path | None) -> None:
    """Write `days.jsonl`, from `export` or from an export that is made first."""
    folder.mkdir(parents=True, exist_ok=True)
    if export is None:
        export = folder / "export.xml"
        export.write_text(made_up())
    lines = [
        json.dumps({"date": day, "readings": readings})
        for day, readings in sorted(days_of(export).items())
    ]
    (folder / "days.jsonl").write_text("\n".join([*lines, ""]))
    sys.stdout.write(f"{len(lines)} days\n")


def days_of(export: Path) -> dict[str, list[dict[str, int]]]:
    """Return the readings of each day, each with its systolic and diastolic value in mmHg."""
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for _, element in iterparse(export):  # noqa: S314  reason: one's own export
        kind = element.get("type", "")
        if element.tag == "Record" and kind.startswith(KIND):
            at = element.attrib["startDate"]
            name = kind.removeprefix(KIND).lower()
            found[at[:10]][at][name] = round(float(element.attrib["value"]))
        element.clear()
    both = {"systolic", "diastolic"}
    return {
        day: [reading for _, reading in sorted(times.items()) if reading.keys() == both]
        for day, times in found.items()
    }


def made_up() -> str:
    """Return an export of a year: up to three readings a day, on nine days of ten."""
    draw = Draw(SEED)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<HealthData locale="en_GB">']
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        usual = 70 + draw.below(16)
        for hour in (7, 13, 21)[: draw.below(10) and 1 + draw.below(3)]:
            at = f"{day} {hour:02d}:{draw.below(60):02d}:00 +0000"
            low = usual + draw.below(12)
            lines += [
                record("Systolic", at, low + 38 + draw.below(20)),
                record("Diastolic", at, low),
            ]
    return "\n".join([*lines, "</HealthData>", ""])


def record(name: str, at: str, value: int) -> str:
    """Return one value as such an export writes it."""
    return (
        f' <Record type="{KIND}{name}" sourceName="Cuff" unit="mmHg" creationDate="{at}"'
        f' startDate="{at}" endDate="{at}" value="{value}"/>'
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
