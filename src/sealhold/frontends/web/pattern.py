"""A guilloche drawn from a digest: a face for keys, receipts and roots.

- The same digest gives the same picture at any size; every byte of it bends a line.
- It helps the eye to recognise, and proves nothing: words and digits stay beside it.

Source: docs/spec/20-faces.md section 4. After the engine-turned lines on share certificates.
"""

from math import cos, pi, sin

from markupsafe import Markup

STEPS = 96  # points per line; enough that quadratic curves through them look round
CENTRE = 50.0
RINGS = ((47.0, 24.0), (21.0, 5.0))  # outer and inner edge of each ring, of 50


def rosette(digest: str, name: str, label: str = "") -> Markup:
    """Return the pattern of `digest` (hex) as SVG; `name` must be unique on its page."""
    seed = bytes.fromhex(digest)
    rings = "".join(_ring(seed[at::2], name, at, edges) for at, edges in enumerate(RINGS))
    role = Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    return Markup('<svg class="rosette" viewBox="0 0 100 100" {}>{}</svg>').format(
        Markup(role), Markup(rings)
    )


def _ring(seed: bytes, name: str, at: int, edges: tuple[float, float]) -> str:
    """Return one closed wave and its turned copies."""
    outer, inner = edges
    petals = 7 + seed[0] % 7
    copies = 3 + seed[1] % 3
    middle, reach = (outer + inner) / 2, (outer - inner) / 2
    # The rest of the seed weighs the overtones, so that no two digests share a line.
    weights = [
        sum(byte << (8 * place) for place, byte in enumerate(seed[2 + part :: 3])) % 1000 / 1000
        for part in range(3)
    ]
    first = 0.62 + 0.3 * weights[0]
    second = 0.3 * weights[1]
    phase = weights[2] * pi
    points = []
    for step in range(STEPS):
        turn = 2 * pi * step / STEPS
        wave = first * cos(petals * turn) + second * cos(2 * petals * turn + phase)
        radius = middle + reach * wave / (first + second)
        points.append((CENTRE + radius * cos(turn), CENTRE + radius * sin(turn)))
    line = _smooth(points)
    angle = 360 / petals / copies
    turned = "".join(
        f'<use href="#{name}{at}" transform="rotate({angle * copy:.2f} 50 50)"/>'
        for copy in range(1, copies)
    )
    return f'<path id="{name}{at}" d="{line}"/>{turned}'


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
