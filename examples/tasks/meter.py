"""A year of a power meter: 17,520 readings, one line of 48 half-hours per day.

python examples/tasks/meter.py meter     a made-up year, always the same
"""

import sys
from datetime import date, timedelta
from pathlib import Path

from sealhold.compute.synthetic import Draw

FIRST, DAYS, SEED = date(2025, 11, 22), 365, 7
HALVES = [f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48)]


def main(folder: Path) -> None:
    """Write `meter.csv`: watt-hours drawn in each half-hour."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = Draw(SEED)
    lines = [",".join(["date", *HALVES])]
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        lines.append(",".join([str(day), *(str(drawn(draw, half)) for half in HALVES)]))
    (folder / "meter.csv").write_text("\n".join([*lines, ""]))
    sys.stdout.write(f"{DAYS * len(HALVES):,} readings\n")


def drawn(draw: Draw, half: str) -> int:
    """Return what is drawn in the half-hour that begins at `half`: little at night, most at six."""
    if half < "06:00":
        return 20 + draw.below(40)
    if "17:00" <= half < "20:00":
        return 120 + draw.below(420)
    return 60 + draw.below(180)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
