"""A guilloche drawn from a digest: a face for keys, receipts and roots.

- The same digest gives the same picture at any size; every byte of it bends a line.
- It helps the eye to recognise, and proves nothing: words and digits stay beside it.

Source: docs/spec/20-faces.md section 4. After the engine-turned lines on share certificates.
"""

from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup

STEPS = 96  # points per line; enough that quadratic curves through them look round
CENTRE = 50.0
PRIMES = (997, 991, 983)  # the digest modulo each: a change of any byte moves them


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Where a wave runs and how often it may repeat."""

    outer: float  # of 50
    inner: float
    petals: int  # at least
    more: int  # petals that the digest may add, less one
    copies: int


RINGS = (
    Ring(outer=47.5, inner=23.0, petals=8, more=5, copies=4),
    Ring(outer=25.0, inner=5.0, petals=5, more=4, copies=3),
)


def rosette(digest: str, name: str, label: str = "") -> Markup:
    """Return the pattern of `digest` (hex) as SVG; `name` must be unique on its page."""
    seed = bytes.fromhex(digest)
    rings = "".join(_ring(seed[at::2], name, at, ring) for at, ring in enumerate(RINGS))
    role = Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    drawn = f'<svg class="rosette" viewBox="0 0 100 100" {role}>{rings}</svg>'
    return Markup(drawn)  # noqa: S704 - reason: our own figures, and `role` is escaped


def _ring(seed: bytes, name: str, at: int, ring: Ring) -> str:
    """Return one closed wave and its turned copies."""
    number = int.from_bytes(seed, "big")
    petals = ring.petals + number % ring.more
    weights = [number % prime / prime for prime in PRIMES]
    first, second, phase = 0.55 + 0.35 * weights[0], 0.4 * weights[1], 2 * pi * weights[2]
    middle, reach = (ring.outer + ring.inner) / 2, (ring.outer - ring.inner) / 2
    points = []
    for step in range(STEPS):
        turn = 2 * pi * step / STEPS
        wave = first * cos(petals * turn) + second * cos(2 * petals * turn + phase)
        radius = middle + reach * wave / (first + second)
        points.append((CENTRE + radius * cos(turn), CENTRE + radius * sin(turn)))
    angle = 360 / petals / ring.copies
    turned = "".join(
        f'<use href="#{name}{at}" transform="rotate({angle * copy:.2f} 50 50)"/>'
        for copy in range(1, ring.copies)
    )
    return f'<path id="{name}{at}" d="{_smooth(points)}"/>{turned}'


def _smooth(points: list[tuple[float, float]]) -> str:
    """Return a closed path of quadratic curves; the points are the handles."""
    middles = [
        ((x + points[at - 1][0]) / 2, (y + points[at - 1][1]) / 2)
        for at, (x, y) in enumerate(points)
    ]
    start = f"M{middles[0][0]:.1f} {middles[0][1]:.1f}"
    curves = [
        f"Q{x:.1f} {y:.1f} {middles[at + 1 - len(points)][0]:.1f}"
        f" {middles[at + 1 - len(points)][1]:.1f}"
        for at, (x, y) in enumerate(points)
    ]
    return start + "".join(curves) + "Z"
