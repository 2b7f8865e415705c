"""Trips as a bike computer exports them: one GPX file a month."""

import math
from datetime import date, datetime, timedelta

from sealhold.compute.synthetic import Draw
from sealhold.demo.life.town import HOME, PLACES, SEED, WORK, Place, days, moment

STEP_S = 20  # seconds between two points
BIKE_MS, CAR_MS = 5.4, 13.5  # usual speeds
METRES = 111_320.0  # per degree of latitude


def files() -> dict[str, bytes]:
    """Return each month's file by its name."""
    draw = Draw(SEED)
    months: dict[str, list[str]] = {}
    for day in days():
        for name, start, goal, at, speed in _rides(draw, day):
            track = _track(draw, name, start, goal, at, speed)
            months.setdefault(f"{day:%Y-%m}", []).append(track)
    waypoints = "".join(
        f'<wpt lat="{p.lat:.5f}" lon="{p.lon:.5f}"><name>{p.name}</name></wpt>' for p in PLACES
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="Pedal 520">'
    return {
        f"rides-{month}.gpx": (
            head + waypoints * (month == "2026-11") + "".join(t) + "</gpx>"
        ).encode()
        for month, t in months.items()
    }


def _rides(draw: Draw, day: date) -> list[tuple[str, Place, Place, datetime, float]]:
    rides = []
    if day.weekday() < 5 and draw.below(100) < 62:  # noqa: PLR2004  # reason: working days
        by_bike = draw.below(100) < 70  # noqa: PLR2004  # reason: most of them
        speed = (BIKE_MS if by_bike else CAR_MS) + draw.below(12) / 10
        how = "by bike" if by_bike else "by car"
        rides.append((f"To work {how}", HOME, WORK, moment(day, 7, draw.below(40)), speed))
        if draw.below(100) < 30:  # noqa: PLR2004  # reason: on other days the bus
            rides.append((f"Home {how}", WORK, HOME, moment(day, 17, draw.below(50)), speed))
    elif draw.below(100) < 45:  # noqa: PLR2004  # reason: days off
        goal = draw.one_of(PLACES[2:])
        rides.append((f"To {goal.name}", HOME, goal, moment(day, 11, draw.below(59)), CAR_MS))
    return rides


def _track(draw: Draw, name: str, start: Place, goal: Place, at: datetime, speed: float) -> str:
    north = (goal.lat - start.lat) * METRES
    east = (goal.lon - start.lon) * METRES * math.cos(math.radians(start.lat))
    points = max(2, int(math.hypot(north, east) / (speed * STEP_S)))
    lines = [f"<trk><name>{name}</name><trkseg>"]
    for step in range(points + 1):
        part = step / points
        lat = start.lat + (goal.lat - start.lat) * part + (draw.below(9) - 4) * 1e-6
        lon = start.lon + (goal.lon - start.lon) * part + (draw.below(9) - 4) * 1e-6
        time = (at + timedelta(seconds=STEP_S * step)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><time>{time}</time></trkpt>')
    lines.append("</trkseg></trk>")
    return "".join(lines)
