"""The history of Chromium and the browsers made of it: the file `History`.

- One visit is one item, in the order of time; times are microseconds since 1601 in UTC.
- Addresses are masked; the whole one is in `raw`. What counts visits, and changes with each, is
  not kept, nor are downloads.

Source: docs/spec/44-money-and-mail.md section 3.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count
from sealhold.connectors.browsing import VISITS_WEB
from sealhold.connectors.dbfile import MAGIC, WAL_NOTE, Value, is_in_wal_mode, opened, tables_in
from sealhold.connectors.pages import Moments, Visit, at_1601, text_in, visit_item
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_MARKS = {b"urls", b"visits"}
_KINDS = (
    "link", "typed", "auto bookmark", "auto subframe", "manual subframe", "generated",
    "auto toplevel", "form submit", "reload", "keyword", "keyword generated",
)  # fmt: skip
_KIND = 0xFF  # the bits of a transition that say its kind
_NEEDED = {"id", "url", "visit_time", "transition"}
_MICRO = 1_000_000


class Chromium:
    """Reads `History`."""

    name: ClassVar[str] = "chromium"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (VISITS_WEB,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        is_named = file_name == "History" and head.startswith(MAGIC)
        if not is_named and not tables_in(head) >= _MARKS:
            return Guess(sure=0, what="")
        note = WAL_NOTE if is_in_wal_mode(head) else ""
        return Guess(sure=50 if is_named else 98, what=f"Chromium history{note}")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    moments = Moments()
    with opened(file, ("urls", "visits")) as database:
        has = database.columns["visits"]
        if not has >= _NEEDED or not database.columns["urls"] >= {"id", "url", "title"}:
            raise UnreadableSourceError("no history of Chromium: its tables lack columns")
        duration = "v.visit_duration" if "visit_duration" in has else "NULL"
        referrer = "v.external_referrer_url" if "external_referrer_url" in has else "NULL"
        statement = (
            f"SELECT v.visit_time, v.transition, {duration}, {referrer}, u.url, u.title"  # noqa: S608  reason: words of ours
            " FROM visits v LEFT JOIN urls u ON u.id = v.url ORDER BY v.visit_time, v.id"
        )
        for number, row in enumerate(database.rows(statement), start=1):
            micros, transition, duration_us, referred, url, title = row
            visit = Visit(
                url=url,
                title=title,
                micros=micros,
                at=at_1601(micros),
                kind=_kind(transition),
                duration_s=duration_us / _MICRO if isinstance(duration_us, int) else None,
                browser="chromium",
                raw=_raw(transition, referred),
            )
            yield visit_item(visit, f"visit {number}", moments)


def _kind(transition: Value) -> str | None:
    number = transition & _KIND if isinstance(transition, int) else len(_KINDS)
    return _KINDS[number] if number < len(_KINDS) else None


def _raw(transition: Value, referred: Value) -> dict[str, Plain]:
    try:
        referrer = text_in(referred)
    except UnicodeDecodeError:
        referrer = None
    raw: dict[str, Plain] = {"transition": transition, "referrer": referrer}
    return {name: value for name, value in raw.items() if value is not None}
