"""A place as the square that it lies in, and a name as its first letters.

- The grid is fixed: rows of equal height from the south pole, each cut into equal squares from the
  meridian of 180 degrees. Equal places lie in one square whatever else was shared.
- A side measures at least what the rule says, also where meridians draw together; near the poles
  a row is one square. What is shown is the middle, and it lies in the very same square.
- Initials tell how many words a name has, and nothing of how long they are.

Source: docs/spec/07-grants.md section 4.4.
"""

import math
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.policy.precision_ast import Grid
from sealhold.policy.rowfilter import EARTH_METRES
from sealhold.policy.values import number_of

_DIGITS: Final = 6  # after the point: a tenth of a metre, where a square has a thousand
_POLE: Final = 90.0
_TURN: Final = 360.0
MAX_WORDS: Final = 8  # of a name; a ninth one is not told


def squared(rule: Grid, latitude: Plain, longitude: Plain) -> tuple[float | None, float | None]:
    """Return the middle of the square that a place lies in; nothing if it is no place."""
    north, east = number_of(latitude), number_of(longitude)
    if north is None or east is None or abs(north) > _POLE or abs(east) > _TURN / 2:
        return None, None
    rows = math.floor(math.pi * EARTH_METRES / rule.metres)  # so that a row is no lower than asked
    row = min(rows - 1, math.floor((float(north) + _POLE) / (2 * _POLE) * rows))
    height = 2 * _POLE / rows
    low, high = row * height - _POLE, (row + 1) * height - _POLE
    narrow = math.cos(math.radians(max(abs(low), abs(high))))  # the side that is nearer to a pole
    columns = max(1, math.floor(2 * math.pi * EARTH_METRES * max(0.0, narrow) / rule.metres))
    column = math.floor((float(east) + _TURN / 2) / _TURN * columns) % columns
    middle = (column + 0.5) * _TURN / columns - _TURN / 2
    return round((low + high) / 2, _DIGITS) + 0.0, round(middle, _DIGITS) + 0.0


def initials_of(name: Plain) -> str | None:
    """Return the first letters of the words of a name: `A. L.`; nothing if there is none."""
    if not isinstance(name, str):
        return None
    firsts = [next((char for char in word if char.isalnum()), "") for word in name.split()]
    letters = [first.upper()[:1] for first in firsts if first][:MAX_WORDS]
    return " ".join(f"{letter}." for letter in letters) or None
