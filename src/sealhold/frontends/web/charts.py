"""Charts drawn on the server as SVG: they need no script, print well and speak in a sentence.

- Counts start at zero. Violet is what was told and nothing else.
- Colours come from the style sheet by class; no colour and no style stands in the drawing.

Source: docs/spec/20-faces.md section 4.
"""

from markupsafe import Markup

from sealhold.frontends.web.formats import count
from sealhold.model.quantities import show_bits
from sealhold.model.shown import Meter

QUARTERS = (0, 1, 2, 3, 4)
HOURS = 24
HIGH = 46.0  # of the tallest bar
FLOOR = 64.0  # where bars stand
SLOT = 26.0  # width of an hour
LAST = HOURS * SLOT


def meter(told: Meter) -> Markup:
    """Return a ruler: filled what was told, outlined what would be told, ticks at quarters."""
    cap = max(told.cap, 1)
    used = min(told.used / cap, 1.0) * 100
    after = min((told.used + told.pending) / cap, 1.0) * 100
    ticks = "".join(
        f'<line class="tick" x1="{at * 25}" x2="{at * 25}" y1="{2 if at in (0, 4) else 7}" y2="14"/>'
        for at in QUARTERS
    )
    drawn = (
        f'<rect class="next" x="{used:.2f}" y="3.5" width="{after - used:.2f}" height="7"/>'
        if after > used
        else ""
    )
    return Markup(
        '<svg class="ruler" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="used" x="0" y="3" width="{used:.2f}" height="8"/>{drawn}{ticks}'
        '<line class="base" x1="0" x2="100" y1="13.5" y2="13.5"/></svg>'
    )


def scale(told: Meter) -> tuple[str, ...]:
    """Return the figures under the ticks of a meter."""
    return tuple(show_bits(type(told.cap)(told.cap * at // 4)) for at in QUARTERS)


def hours(items: tuple[tuple[int, int], ...], now: int, uses: tuple[float, ...]) -> Markup:
    """Return today by hour: a bar per hour with items, a mark per use, a line at `now`.

    Args:
        items: (hour, items of that hour).
        now: minutes since midnight.
        uses: hours since midnight of each use by others.
    """
    most = max((number for _, number in items), default=0)
    bars = "".join(_bar(hour, number, most) for hour, number in items)
    marks = "".join(f'<path class="use" d="M{at * SLOT:.1f} 69l5 8h-10z"/>' for at in uses)
    labels = "".join(
        f'<line class="tick" x1="{hour * SLOT}" x2="{hour * SLOT}" y1="{FLOOR}" y2="{FLOOR + 4}"/>'
        f'<text x="{hour * SLOT}" y="95" class="{_anchor(hour)}">{hour:02d}:00</text>'
        for hour in range(0, HOURS + 1, 4)
    )
    here = now / 60 * SLOT
    side = "end" if here > LAST - 60 else "start"
    return Markup(
        f'<svg class="hours" viewBox="0 0 {LAST:.0f} 100" role="img" aria-label="'
        f'{_say(items, uses)}"><line class="now" x1="{here:.1f}" x2="{here:.1f}" y1="4" y2="{FLOOR}"/>'
        f'<text class="now {side}" x="{here + (-6 if side == "end" else 6):.1f}" y="12">now</text>'
        f'{bars}<line class="base" x1="0" x2="{LAST:.0f}" y1="{FLOOR}" y2="{FLOOR}"/>'
        f"{marks}{labels}</svg>"
    )


def _bar(hour: int, number: int, most: int) -> str:
    height = max(HIGH * number / most, 1.5)
    left = hour * SLOT + 4
    return (
        f'<rect class="bar" x="{left:.1f}" y="{FLOOR - height:.1f}" width="{SLOT - 8}"'
        f' height="{height:.1f}" rx="1"/>'
        f'<text class="middle" x="{left + SLOT / 2 - 4:.1f}" y="{FLOOR - height - 5:.1f}">'
        f"{number}</text>"
    )


def _anchor(hour: int) -> str:
    return {0: "start", HOURS: "end"}.get(hour, "middle")


def _say(items: tuple[tuple[int, int], ...], uses: tuple[float, ...]) -> str:
    total = sum(number for _, number in items)
    if not total:
        came = "No item came in today"
    else:
        peak = max(items, key=lambda pair: pair[1])[0]
        came = f"{count(total)} items came in today, most of them after {peak:02d}:00"
    return f"{came}; your data was used {len(uses)} times."
