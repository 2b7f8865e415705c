"""Records of a dataset as a share takes them: those that its filter lets through, as shown.

- What is shown is made here, before anything is sealed: a field that is left out, a finer value and
  a row outside the filter are in no byte that leaves.
- The version follows from what is shown alone, so a change that nobody sees writes nothing. A name
  is made of what is shown; at T2, where each opening counts, it is an id that tells nothing.
- Equal names are told apart in the order of what is shown, which tells nothing of when they came.

Source: docs/spec/52-share-spaces.md section 8; docs/spec/49-sharing.md section 6.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import Collection, FieldName, GrantId, Id16
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.records import Column, ColumnType, Dataset, Record, Sensitivity
from sealhold.node.sharefiles import Offered
from sealhold.policy.described import Described
from sealhold.policy.rowfilter import matches
from sealhold.policy.share import Clauses
from sealhold.policy.sharefacts import Thing
from sealhold.policy.sharepapers import to_document
from sealhold.policy.shareshown import Shown, parse_shown
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.peers.mirror import Item
from sealhold.sharing.peers.sharepaper import Record as ShareRecord
from sealhold.vault.index import Doc
from sealhold.vault.sharedrows import SharedRows

SHOWN_KIND: Final = "shown"  # of notes in the home collection: what a space was last made of
PEOPLE: Final = frozenset(  # columns that name people
    {"attendees", "author", "cc", "forwarded_from", "from", "mentions", "organizer", "payee", "to"}
)
PLACES: Final = frozenset({"address", "location"})
SPOTS: Final = (("lat", "lon"), ("start_lat", "start_lon"))  # columns of a place, by what is first
_NAME: Final = 80  # characters of a name
_FORM: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A record that is shown."""

    id: Id16
    fields: Mapping[str, Plain]  # as the owner has it
    shown: Mapping[str, Plain]
    name: str  # made of what is shown
    text: bytes  # what is shown, as JSON
    doc: Doc | None


class SharedRecords:
    """The owner's records, for shares. For one thread."""

    def __init__(self, devices: Devices, rows: SharedRows) -> None:
        self._devices, self._rows = devices, rows
        self._looked: dict[Collection, list[tuple[Record, Doc | None]]] = {}

    def begin_look(self) -> None:
        """Forget what was read for a preview: the next one reads anew."""
        self._looked.clear()

    def every(self, clauses: Clauses, grant: GrantId | None = None) -> list[Offered]:
        """Return the records that a share shows, each as it is shown.

        Args:
            clauses: which have a dataset.
            grant: the share that they are read for; None while the owner looks at one.

        Raises:
            NotFoundError: there is no such dataset.
            InvalidFilterError: rows, precision or a field that is left out do not fit it.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SourceAwayError: a place where some of them lie cannot be read.
        """
        name = clauses.what.dataset
        if name is None:
            return []
        dataset = self._rows.dataset(name)
        shown = _shown(clauses, dataset)
        barred = _barred(clauses)
        found = [
            _row(record, doc, dataset, shown)
            for record, doc in self._read(name, grant)
            # THREAT T566: a row that the filter does not let through is not made into an object
            if record.id not in barred and matches(shown.rows, record.fields)
        ]
        return list(_offered(found, dataset, shown, clauses.tier))

    def columns(self, clauses: Clauses) -> Mapping[Collection, tuple[Column, ...]]:
        """Return the columns of the dataset of a share, by its name."""
        name = clauses.what.dataset
        return {} if name is None else {name: self._rows.dataset(name).columns}

    def places(self, clauses: Clauses) -> Mapping[Collection, tuple[FieldName, FieldName]]:
        """Return in which two columns of its dataset a place stands."""
        for name, columns in self.columns(clauses).items():
            known = {column.name for column in columns}
            for latitude, longitude in SPOTS:
                if {latitude, longitude} <= known:
                    return {name: (FieldName(latitude), FieldName(longitude))}
        return {}

    # --- whether there is anything to do ---

    def mark(self, record: ShareRecord) -> Plain:
        """Return what a space is made of now; None if only reading tells."""
        name = record.clauses.what.dataset
        if name is None:
            return None
        mark = self._rows.mark(name)
        if mark is None:
            return None
        in_force = record.clauses.covers(self._devices.now())
        return [_FORM, mark, to_document(record.clauses), in_force]

    def is_done(self, record: ShareRecord, mark: Plain, objects: int) -> bool:
        """Return whether a space of so many objects was made of just this before."""
        note = self._devices.home.replica.state.note(SHOWN_KIND, record.grant)
        return mark is not None and note is not None and note.told == [mark, objects]

    def done(self, record: ShareRecord, mark: Plain, objects: int) -> None:
        """Keep what a space was made of, durably."""
        if mark is not None and not self.is_done(record, mark, objects):
            draft = Draft(self._devices.home.replica)
            draft.note(SHOWN_KIND, record.grant, [mark, objects])
            draft.commit()

    # --- inside ---

    def _read(self, name: Collection, grant: GrantId | None) -> list[tuple[Record, Doc | None]]:
        if grant is not None:
            return list(self._rows.read(name, grant))
        if name not in self._looked:
            self._looked[name] = list(self._rows.read(name, None))
        return self._looked[name]


def _shown(clauses: Clauses, dataset: Dataset) -> Shown:
    """Return what a share shows of a dataset.

    Raises:
        InvalidFilterError: rows, precision or a field that is left out do not fit it.
    """
    # THREAT T567: a field that was misspelt is refused, or the one that was meant would be shown
    unknown = clauses.omit - {column.name for column in dataset.columns}
    if unknown:
        raise InvalidFilterError(f"`{dataset.name}` has no field `{min(unknown)[:64]}`")
    return parse_shown(clauses, dataset.columns)


def _barred(clauses: Clauses) -> frozenset[Id16]:
    """Return what is barred for whatever anybody wants with it: it is not in the space at all."""
    whole = [bar.ids for bar in clauses.bars if not bar.actions | bar.purposes]
    return frozenset().union(*whole)


def _row(record: Record, doc: Doc | None, dataset: Dataset, by: Shown) -> _Row:
    shown = _readable(by.of(record.fields), dataset)
    text = json.dumps(shown, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    return _Row(
        id=Id16(record.id),
        fields=record.fields,
        shown=shown,
        name=_name(shown, dataset),
        text=text.encode("utf-8", "replace") + b"\n",
        doc=doc,
    )


def _readable(shown: Mapping[str, Plain], dataset: Dataset) -> dict[str, Plain]:
    """Return what is shown with times as text, and no number that JSON has not."""
    times = {each.name for each in dataset.columns if each.type is ColumnType.INSTANT}
    found: dict[str, Plain] = {}
    for name, value in shown.items():
        if name in times and type(value) is int:
            found[name] = rfc3339(Instant(value))
        elif isinstance(value, float) and not math.isfinite(value):
            found[name] = None
        else:
            found[name] = value
    return found


def _name(shown: Mapping[str, Plain], dataset: Dataset) -> str:
    """Return a name made of nothing but what is shown."""
    titles = [dataset.title, *(each.name for each in dataset.columns if each.searchable)]
    wanted = [*(name for name in titles if name), *filter(None, [dataset.time_column])]
    texts = (shown.get(name) for name in wanted)
    found = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    clean = "".join(" " if each in "/\\:" or not each.isprintable() else each for each in found)
    return " ".join(clean.split())[:_NAME].strip(" .") or dataset.name


def _offered(found: list[_Row], dataset: Dataset, shown: Shown, tier: Tier) -> Iterator[Offered]:
    names: Counter[str] = Counter()
    for row in sorted(found, key=lambda each: (each.name, each.text, each.id)):
        folded = row.name.casefold()
        names[folded] += 1
        name = row.name if names[folded] == 1 else f"{row.name} ({names[folded]})"
        # THREAT T567: at T2 a name would tell for nothing what each opening is counted for
        item = Item(
            source=row.id,
            version=row.text,
            name=f"{name}.json" if tier < Tier.KEY_PER_USE else "",
            folder=(),
            read=_reading(row.text),
        )
        thing = Thing(id=row.id, dataset=dataset.name, row=row.fields)
        came = Instant(0) if row.doc is None or row.doc.at is None else row.doc.at
        title = row.doc.title if row.doc is not None and row.doc.title else name
        yield Offered(
            id=row.id,
            thing=thing,
            describe=_describing(row, thing, dataset, shown),
            item=item,
            path=title,
            came=came,
        )


def _reading(text: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([text])


def _describing(row: _Row, thing: Thing, dataset: Dataset, shown: Shown) -> Callable[[], Described]:
    def describe() -> Described:
        is_special = dataset.sensitivity is Sensitivity.SPECIAL
        return Described(
            thing=thing,
            type=dataset.name,
            people=_texts(row, PEOPLE & shown.fields),
            places=_texts(row, PLACES & shown.fields),
            sensitive=frozenset({"special category"}) if is_special else frozenset(),
        )

    return describe


def _texts(row: _Row, names: frozenset[str]) -> frozenset[str]:
    """Return the texts that are shown in some columns."""
    values = [row.shown.get(name) for name in names]
    every = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return frozenset(one for one in every if isinstance(one, str) and one)
