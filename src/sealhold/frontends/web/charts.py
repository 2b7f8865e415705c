"""Charts drawn on the server as SVG: they need no script, print well and speak in a sentence.

- Counts start at zero. Violet is what was told and nothing else.
- Colours come from the style sheet by class; no colour and no style stands in the drawing.

Source: docs/spec/20-faces.md section 4.
"""

from markupsafe import Markup

from sealhold.frontends.web.formats import count
from sealhold.frontends.web.texts import text
from sealhold.model.quantities import show_bits
from sealhold.model.shown import Meter

QUARTERS = (0, 1, 2, 3, 4)
HOURS = 24
WAKING = 6  # the chart begins here unless something came in earlier
HIGH = 46.0  # of the tallest bar
FLOOR = 64.0  # where bars stand
SLOT = 35.0  # width of an hour


def meter(told: Meter) -> Markup:
    """Return a ruler: filled what was told, outlined what would be told, ticks at quarters."""
    cap = max(told.cap, 1)
    used = min(told.used / cap, 1.0) * 100
    after = min((told.used + told.pending) / cap, 1.0) * 100
    ticks = "".join(
        f'<line class="tick" x1="{25 * at}" x2="{25 * at}" y1="{7 if at % 4 else 2}" y2="14"/>'
        for at in QUARTERS
    )
    drawn = (
        f'<rect class="next" x="{used:.2f}" y="3.5" width="{after - used:.2f}" height="7"/>'
        if after > used
        else ""
    )
    return Markup(  # noqa: S704 - reason: our own figures
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
    begin = min([WAKING, now // 60, *(hour for hour, _ in items), *map(int, uses)])
    begin -= begin % 2
    wide = (HOURS - begin) * SLOT
    most = max((number for _, number in items), default=0)
    bars = "".join(_bar(hour - begin, number, most) for hour, number in items)
    marks = "".join(
        f'<path class="use" d="M{(at - begin) * SLOT:.1f} 69l5 8h-10z"/>' for at in uses
    )
    here = (now / 60 - begin) * SLOT
    side, shift = ("end", -6) if here > wide - SLOT * 2 else ("start", 6)
    said = _say(items, uses)
    return Markup(  # noqa: S704 - reason: our own figures and words
        f'<svg class="hours" viewBox="0 0 {wide:.0f} 100" role="img" aria-label="{said}">'
        f'<line class="now" x1="{here:.1f}" x2="{here:.1f}" y1="4" y2="{FLOOR}"/>'
        f'<text class="now {side}" x="{here + shift:.1f}" y="12">{text("home.now")}</text>'
        f'{bars}<line class="base" x1="0" x2="{wide:.0f}" y1="{FLOOR}" y2="{FLOOR}"/>'
        f"{marks}{_axis(begin, wide)}</svg>"
    )


def _axis(begin: int, wide: float) -> str:
    places = ((hour, (hour - begin) * SLOT) for hour in range(begin, HOURS + 1, 2))
    return "".join(
        f'<line class="tick" x1="{x}" x2="{x}" y1="{FLOOR}" y2="{FLOOR + 4}"/>'
        f'<text x="{x}" y="95" class="{"minor " if (hour - begin) % 4 else ""}'
        f'{"start" if x == 0 else "end" if x == wide else "middle"}">{hour:02d}:00</text>'
        for hour, x in places
    )


def _bar(at: int, number: int, most: int) -> str:
    height = max(HIGH * number / most, 1.5)
    left = at * SLOT + 6
    return (
        f'<rect class="bar" x="{left:.1f}" y="{FLOOR - height:.1f}" width="{SLOT - 12}"'
        f' height="{height:.1f}" rx="1"/>'
        f'<text class="middle" x="{(at + 0.5) * SLOT:.1f}" y="{FLOOR - height - 5:.1f}">'
        f"{number}</text>"
    )


def _say(items: tuple[tuple[int, int], ...], uses: tuple[float, ...]) -> str:
    total = sum(number for _, number in items)
    if total:
        peak = max(items, key=lambda pair: pair[1])[0]
        came = text("home.some_came", number=count(total), hour=peak)
    else:
        came = text("home.none_came")
    key = {0: "home.never_used", 1: "home.used_once"}.get(len(uses), "home.used")
    return f"{came}; {text(key, number=len(uses))}"
