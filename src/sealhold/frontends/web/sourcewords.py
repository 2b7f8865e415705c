"""How a source stands, in words: its state, what the last reading brought, when the next one is.

Source: docs/spec/20-faces.md section 2.
"""

import re
from dataclasses import dataclass
from typing import Final

from sealhold.frontends.web.formats import count, moment
from sealhold.frontends.web.texts import text
from sealhold.model.shown.steering import PlaceView

FEDERATE: Final = "federate"
NEW: Final = "source.new"
OTHER: Final = "other"  # a state that has no word of its own
_SPAN = re.compile(r"(?:every )?(\d+) ?([mhd])")
_DAILY = re.compile(r"daily (\d\d:\d\d) (\S+)")
_UNITS: Final = {"m": "minute", "h": "hour", "d": "day"}
_LOOKS: Final = {"done": "ok", "done_with_rejects": "ok", "reading": "ok", "added": "off"} | {
    "paused": "off",
    "running": "warn",
    "needs_login": "warn",
    "broken": "bad",
    "suspicious": "warn",
    "failed": "bad",
    "undone": "off",
    "removed": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a source stands."""

    name: str
    look: str  # ok | off | warn | bad
    word: str
    what: str = ""  # happened, in a sentence
    then: str = ""  # what is safe, and what to do
    needs_you: bool = False


def state_of(view: PlaceView) -> State:
    """Return how a source stands."""
    source = view.source
    name = "reading" if view.is_read else source.state
    if name == "added" and source.mode == FEDERATE and source.reached is not None:
        name = "done"  # nothing is kept of it, so no reading ever says so
    if name == "paused" and source.kind == "file":
        name = "removed"  # nobody else pauses files
    what = "" if view.is_read or name == "removed" else source.error or ""
    then = ""
    if what:
        is_place = source.kind != "file" and name in _LOOKS
        then = text(f"sourcethen.{name}") if is_place else source.remedy or ""
    needs = bool(what) and (source.due is None or source.kind == "file")
    return State(
        name=name,
        look=_LOOKS.get(name, "off"),
        word=text(f"sourceis.{name if name in _LOOKS else OTHER}"),
        what=what,
        then=then,
        needs_you=needs,
    )


def first_line(view: PlaceView) -> str:
    """Return what became of the last reading."""
    if view.is_read:
        return text("source.so_far", number=count(view.so_far))
    source = view.source
    last = next(iter(view.readings), None)
    if last is None or source.mode == FEDERATE:
        at = source.reached
        return text("sources.never") if at is None else text("sources.reached", at=moment(at))
    told = [
        f"{count(number)} {text(key)}"
        for key, number in (
            (NEW, last.new),
            ("source.changed", last.changed),
            ("source.same", last.same),
            ("source.rejected", last.rejected),
        )
        if number or key == NEW
    ]
    return f"{moment(last.started)}: {', '.join(told)}"


def next_line(view: PlaceView) -> str:
    """Return when a source is read again; empty for files."""
    source = view.source
    if source.kind == "file":
        return ""
    if source.state in {"paused", "needs_login", "broken"}:
        return text(f"sourcenext.{source.state}")
    if source.due is not None:
        return text("source.next_try", at=moment(source.due))
    if source.mode == FEDERATE:
        return text("source.next_asked")
    if source.kind == "push":
        return text("source.next_push")
    return in_words(source.schedule) if source.schedule else text("source.next_told")


def in_words(schedule: str) -> str:
    """Return a schedule as people say it: `read every 6 hours`."""
    span = _SPAN.fullmatch(schedule)
    if span is not None:
        number, unit = int(span[1]), _UNITS[span[2]]
        length = unit if number == 1 else f"{number} {unit}s"
        return text("source.next_every", length=length)
    daily = _DAILY.fullmatch(schedule)
    if daily is not None:
        return text("source.next_daily", time=daily[1], zone=daily[2])
    return text("sources.every", when=schedule)
