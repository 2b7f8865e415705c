"""Pages as HTML: one Jinja environment in which nothing is inserted unescaped or unseen.

- Autoescape is on everywhere, an unknown name is an error, and each inserted text passes
  `visible`, so that no control or bidirectional character of a stranger reaches the reader.
- What stands in a hidden field comes back as it went out: it is escaped, and not written out.
- Every page is complete without script.

Source: docs/spec/20-faces.md section 5.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup, escape

from sealhold.frontends.web import charts, formats
from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.icons import ICONS
from sealhold.frontends.web.pattern import rosette
from sealhold.frontends.web.safetext import mixes_scripts, visible
from sealhold.frontends.web.texts import ENGLISH
from sealhold.frontends.web.visit import Page, Visit
from sealhold.model.errors import SealholdError
from sealhold.model.ids import Id16, Kind, canonical, show
from sealhold.model.quantities import show_bits, show_bits_left
from sealhold.model.shown import RequestState

TEMPLATES = Path(__file__).parent / "templates"
NAV = (
    ("/", "home"),
    ("/timeline", "timeline"),
    ("/requests", "requests"),
    ("/policies", "policies"),
    ("/apps", "apps"),
    ("/sources", "sources"),
    ("/sharing", "sharing"),
    ("/devices", "devices"),
    ("/ledger", "ledger"),
    ("/status", "status"),
)
_HIDDEN = re.compile(r'(<input type="hidden" name="[^"]*" value="\{\{)(.*?)(\}\}")')


class _HiddenFields(Extension):
    """Has what stands in hidden fields pass `escape` alone, so that names are found again."""

    def preprocess(self, source: str, *_: object, **__: object) -> str:
        return _HIDDEN.sub(r"\1 (\2) | sent \3", source)


class Renderer:
    """Turns pages into HTML."""

    def __init__(self, assets: Assets, words: Mapping[str, str] = ENGLISH) -> None:
        self._words = words
        self._env = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=[_HiddenFields],
        )
        self._env.globals.update(
            say=self.say,
            icon=_icon,
            rosette=rosette,
            meter_svg=charts.meter,
            meter_scale=charts.scale,
            hours_svg=charts.hours,
            asset=assets.url,
            integrity=assets.integrity,
            mixes_scripts=mixes_scripts,
            kind_letter=_short_id,
            whole=_whole_id,
        )
        filters: dict[str, Callable[..., Any]] = {  # reason: Jinja calls them by name
            "day": formats.day,
            "short_day": formats.short_day,
            "weekday": formats.weekday,
            "capital": formats.capital,
            "clock": formats.clock,
            "moment": formats.moment,
            "zone": formats.zone,
            "bits": formats.bits,
            "plain_bits": show_bits,
            "plain_bits_left": show_bits_left,
            "count": formats.count,
            "size": formats.size,
            "length_of": formats.length_of,
            "grouped": formats.grouped,
            "ordinal": formats.ordinal,
            "ranges": formats.ranges,
            "sentence": formats.sentence,
            "ticked": _ticked,
            "span": formats.span,
            "sent": _sent,
        }
        self._env.filters.update(filters)

    def say(self, key: str, **values: object) -> Markup:
        """Return the text of `key` with `values` set in, escaped."""
        safe = {
            name: visible(value) if isinstance(value, str) and not _is_markup(value) else value
            for name, value in values.items()
        }
        # The texts are our own; what is set in is escaped.
        return Markup(self._words[key]).format(**safe)  # noqa: S704 - reason: see above

    def html(self, page: Page, visit: Visit) -> str:
        """Return the whole document."""
        frame = {
            "path": visit.path,
            "csrf": visit.csrf,
            "scheme": visit.scheme.value,
            "demo": visit.demo,
            "stage": visit.stage,
            "now": visit.now,
            "nav": NAV,
            "mine": visit.path == "/me" or visit.path.startswith("/me/"),
            "me": bool(visit.me),
            **_around(visit),
        }
        return self._env.get_template(page.template).render(frame | dict(page.values))


def _around(visit: Visit) -> dict[str, object]:
    """Return what the frame of a signed-in page shows; nothing without a session."""
    if not visit.csrf or visit.me or visit.vault.locked:
        return {"signed_in": False, "waiting_count": 0, "log": None}
    try:
        waiting = sum(line.state is RequestState.WAITING for line in visit.vault.requests.list())
        return {"signed_in": True, "waiting_count": waiting, "log": visit.vault.audit.state()}
    except SealholdError:  # the page itself tells what is wrong; its frame need not
        return {"signed_in": True, "waiting_count": 0, "log": None}


def _finalize(value: object) -> object:
    # THREAT T61: text from strangers keeps no character that hides or turns what is read.
    if isinstance(value, str) and not _is_markup(value):
        return visible(value)
    return value


def _is_markup(value: object) -> bool:
    return hasattr(value, "__html__")


def _icon(name: str) -> Markup:
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        Markup(ICONS[name])  # noqa: S704 - reason: our own constant
    )


def _ticked(text: str) -> Markup:
    """Return a message with what stands between backticks as code."""
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    pieces = enumerate(visible(text).split("`"))
    return Markup().join((code if at % 2 else plain).format(piece) for at, piece in pieces)


def _sent(value: object) -> Markup:
    """Return a value for a hidden field: it comes back as it is, and shows nothing that is odd."""
    plain = str(value)
    # THREAT T60: no character of a stranger that `visible` writes out stands in a page as it is
    parts = [escape(each) if visible(each) == each else _reference(each) for each in plain]
    return Markup().join(parts)


def _reference(character: str) -> Markup:
    return Markup("&#{};").format(ord(character))


def _short_id(kind: str, whole: bytes) -> str:
    return show(Kind[kind], Id16(whole))


def _whole_id(whole: bytes) -> str:
    return canonical(Id16(whole))
