"""Time zones: how far a place is from UTC at an instant or a local time.

- The rules are those of the system's zone files, which the server uses too. Beyond the years that
  Python knows, the rules of 400 years earlier or later hold, as the calendar repeats.
- A local time that is skipped has the offset before; one that comes twice, that after.
- Abbreviations are those that mean the same in all of the server's sets; others are refused.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, appendix B; RFC 9636.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from sealhold.protect.pgtypes.calendar import CYCLE_DAYS, DAY, SECOND
from sealhold.protect.pgtypes.errors import INVALID_PARAMETER, PgValueError, TypeRefusedError

MAX_OFFSET: Final = 15 * 3600 + 59 * 60 + 59  # seconds
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH: Final = _EPOCH.replace(tzinfo=None)
_CYCLE: Final = CYCLE_DAYS * DAY
_FIRST: Final = -1999 * 365 * DAY  # early in year 1, as Python's dates begin
_END: Final = 7998 * 365 * DAY  # late in year 9993
_FIXED: Final = re.compile(r"<[+-]\d{2}(?::?\d{2})?>([+-]?)(\d{1,2})(?::(\d{2}))?")
_HOUR: Final = 3600  # seconds
ABBREVIATIONS: Final = {
    "utc": 0, "ut": 0, "z": 0, "zulu": 0, "gmt": 0, "est": -5 * _HOUR, "edt": -4 * _HOUR,
    "cst": -6 * _HOUR, "cdt": -5 * _HOUR, "mst": -7 * _HOUR, "mdt": -6 * _HOUR, "pst": -8 * _HOUR,
    "pdt": -7 * _HOUR, "akst": -9 * _HOUR, "akdt": -8 * _HOUR, "wet": 0, "west": _HOUR,
    "wetdst": _HOUR, "cet": _HOUR, "cest": 2 * _HOUR, "met": _HOUR, "mest": 2 * _HOUR,
    "eet": 2 * _HOUR, "eest": 3 * _HOUR, "bst": _HOUR, "jst": 9 * _HOUR, "kst": 9 * _HOUR,
}  # fmt: skip

_DISPUTED: Final = (
    "acdt acsst acst act acwst adt aedt aesst aest aft almst almt amst amt anast anat arst "
    "art ast awsst awst azost azot azst azt bdst bdt bnt bort bot bra brst brt btt cadt "
    "cast cct cetdst chadt chast chut ckt clst clt cot cxt davt ddut easst east eat eetdst "
    "egst egt fet fjst fjt fkst fkt fnst fnt galt gamt gest get gft gilt gyt hkt hst ict "
    "idt iot irkst irkt irt ist jayt kdt kgst kgt kost krast krat lhdt lhst ligt lint lkt "
    "magst magt mart mawt mesz metdst mez mht mmt mpt msd msk must mut mvt myt ndt nft "
    "novst novt npt nst nut nzdt nzst nzt omsst omst pet petst pett pgt pht pkst pkt pmdt "
    "pmst pont pwt pyst pyt ret sadt sast sct sgt taht tft tjt tkt tmt tot trut tvt uct "
    "ulast ulat uyst uyt uzst uzt vet vlast vlat volt vut wadt wakt wast wat wdt wft wgst "
    "wgt xjt yakst yakt yapt yekst yekt"
)
OTHERS: Final = frozenset(_DISPUTED.split())  # abbreviations that settings of a server change


class Zone:
    """One time zone, or one offset."""

    def __init__(self, rules: tzinfo | int) -> None:
        self._rules = rules

    @property
    def fixed(self) -> int | None:
        """The offset east of UTC in seconds, if it never changes; else None."""
        if isinstance(self._rules, int):
            return self._rules
        return 0 if str(self._rules) in {"UTC", "Etc/UTC", "GMT"} else None

    def offset_at(self, instant: int) -> int:
        """Return the offset east of UTC, in seconds, at an instant in microseconds from 2000."""
        if isinstance(self._rules, int):
            return self._rules
        return _at_second(self._rules, _cycled(instant) // SECOND)

    def offset_of_local(self, local: int) -> int:
        """Return the offset east of UTC, in seconds, of a local time in microseconds from 2000."""
        if isinstance(self._rules, int):
            return self._rules
        moment = _LOCAL_EPOCH + timedelta(microseconds=_cycled(local))
        return min(_seconds(self._rules, moment, fold) for fold in (0, 1))


@lru_cache(maxsize=4096)
def _at_second(rules: tzinfo, second: int) -> int:
    moment = (_EPOCH + timedelta(seconds=second)).astimezone(rules)
    offset = moment.utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _seconds(rules: tzinfo, moment: datetime, fold: int) -> int:
    offset = rules.utcoffset(moment.replace(fold=fold))
    return 0 if offset is None else offset // timedelta(seconds=1)


def _cycled(us: int) -> int:
    """Return the time as many times 400 years off as Python needs to know it."""
    if us < _FIRST:
        return us + -(-(_FIRST - us) // _CYCLE) * _CYCLE
    if us >= _END:
        return us - ((us - _END) // _CYCLE + 1) * _CYCLE
    return us


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def zone(name: str) -> Zone:
    """Return the zone that a session's TimeZone names: a place, UTC, or `<-03>+03`.

    Raises:
        TypeRefusedError: a zone that has no file, such as a rule in POSIX form.
    """
    known = _names().get(name.lower())
    if known is not None:
        return Zone(ZoneInfo(known))
    fixed = _FIXED.fullmatch(name)
    if fixed is None:
        raise TypeRefusedError("a time zone that has no name of a place")
    seconds = int(fixed[2]) * _HOUR + int(fixed[3] or 0) * 60
    return Zone(seconds if fixed[1] == "-" else -seconds)


def zone_in_text(word: str) -> Zone | None:
    """Return the zone that a word within a time names, None if it names none.

    Raises:
        PgValueError: it looks like the name of a place, and no place has it.
    """
    offset = ABBREVIATIONS.get(word)
    if offset is not None:
        return Zone(offset)
    if word in _names():
        return zone(word)
    if "/" in word:
        raise PgValueError(INVALID_PARAMETER, f'time zone "{word}" not recognized')
    return None
