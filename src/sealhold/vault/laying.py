"""What laying down a schema or a collection would do to what is kept: looked up, not done.

- Rules that would be refused are refused here, for the same reason.
- What is kept is counted by clear columns; nothing is opened.
- Purposes bind the next use of what is there. A term binds what is written next.

Source: docs/spec/24-people.md section 3; docs/spec/25-records-of-people.md section 4.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from sealhold.model.ids import AppId, FieldName, SubjectId
from sealhold.model.people import FieldRule, Rules
from sealhold.model.personrecords import CollectionRule
from sealhold.model.shown.laying import COUNTED, RuleChange, RulesPreview
from sealhold.stores.spec import ReadView
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_in, scan_all
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.personrows import RECORDS
from sealhold.vault.registry import App
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import SUBJECTS

MASKING = ("mask", "whole for")
NOTHING_KEPT = "nothing is kept of it yet"


class Laying:
    """Looks at rules before they are laid down."""

    def __init__(self, core: Core, schemas: Schemas, collections: Collections) -> None:
        self._core = core
        self._schemas = schemas
        self._collections = collections

    def schema(self, app: App, rules: Rules) -> RulesPreview:
        """Return what laying down a schema would do.

        Raises:
            InvalidError: it would be refused, and why.
            UnknownPurposeError: a purpose is none.
        """
        self._schemas.change(app.id, rules)
        before = self._schemas.get(app.id)
        old = before.rules if before else {}
        changed = {name for name in old if _differences(old[name], rules[name])}
        kept = self._values(app.id, changed)
        # THREAT T360: whoever lays it down is told first that people are asked anew
        anew = Counter(chain.from_iterable(self._schemas.reopened_by(app.id, rules).values()))
        changes = [
            change
            for name in sorted(rules)
            for change in _of_field(name, old, rules, (kept[name], anew[name]))
        ]
        version = before.version + 1 if before else 1
        return RulesPreview(app=app.id, collection="", version=version, changes=tuple(changes))

    def collection(self, app: App, name: str, rule: CollectionRule) -> RulesPreview:
        """Return what laying down a collection would do.

        Raises:
            InvalidError: it would be refused, and why.
            UnknownPurposeError: a purpose is none.
        """
        self._collections.change(app.id, name, rule)
        before = self._collections.get(app.id, name)
        changes = tuple(self._of_collection(app.id, name, before.rule, rule)) if before else ()
        version = before.version + 1 if before else 1
        return RulesPreview(app=app.id, collection=name, version=version, changes=changes)

    def _of_collection(
        self, app: AppId, name: str, old: CollectionRule, new: CollectionRule
    ) -> Iterator[RuleChange]:
        plain = _differences(old, new)
        fields = [
            (field, old.fields.get(field), each)
            for field, each in sorted(new.fields.items())
            if old.fields.get(field) != each
        ]
        if not (plain or fields or old.versions != new.versions):
            return
        kept = self._records(app, name)
        for what, before, after in plain:
            yield _change("", what, before, after, kept)
        if old.versions != new.versions:
            effect = "with the next change of each record, older versions over the number go"
            yield _told("", "versions", (str(old.versions), str(new.versions)), kept, effect)
        for field, was, each in fields:
            words = _required(was.required if was else False), _required(each.required)
            if was is None and not each.required:
                yield _told(field, "new", ("", each.kind.value), 0, NOTHING_KEPT)
            else:
                effect = "records that are there stay as they are; the next version must fit"
                yield _told(field, "new" if was is None else "required", words, kept, effect)

    def _values(self, app: AppId, names: set[FieldName]) -> Counter[str]:
        """Return how many values are kept of fields, each `COUNTED` at most."""
        found: Counter[str] = Counter()
        if not names:
            return found
        with self._core.store.snapshot() as view:
            for person in _people(view, app):
                for row in rows_in(view, FIELDS.name, "key", person):
                    found[str(row.row[1])] += row.row[1] in names
                if names and min(found[name] for name in names) >= COUNTED:
                    break
        return Counter({name: min(number, COUNTED) for name, number in found.items()})

    def _records(self, app: AppId, name: str) -> int:
        with self._core.store.snapshot() as view:
            mine = (
                row
                for person in _people(view, app)
                for row in rows_in(view, RECORDS.name, "key", person)
                if row.row[1] == name
            )
            return sum(1 for _ in islice(mine, COUNTED))


def _people(view: ReadView, app: AppId) -> Iterator[SubjectId]:
    return (SubjectId(each.row[0]) for each in scan_all(view, SUBJECTS) if each.row[1] == app)


def _of_field(
    name: FieldName, old: Rules, new: Rules, counts: tuple[int, int]
) -> Iterator[RuleChange]:
    """Yield what would be other of a field; `counts` are values, and processings asking anew."""
    kept, anew = counts
    if name not in old:
        yield _told(name, "new", ("", new[name].category), 0, NOTHING_KEPT)
        return
    for what, before, after in _differences(old[name], new[name]):
        change = _change(name, what, before, after, kept)
        yield replace(change, effect=change.effect + _asked(anew)) if what in MASKING else change


def _differences(
    old: FieldRule | CollectionRule, new: FieldRule | CollectionRule
) -> list[tuple[str, str, str]]:
    """Return what differs, and how both sides say it."""
    pairs = [
        ("category", old.category, new.category),
        ("sensitive", _yes(old.sensitive), _yes(new.sensitive)),
        ("term", _days(old.retention_days), _days(new.retention_days)),
        ("purposes", " ".join(sorted(old.purposes)), " ".join(sorted(new.purposes))),
    ]
    if isinstance(old, FieldRule) and isinstance(new, FieldRule):
        before, after = (" ".join(sorted(each.whole_for)) for each in (old, new))
        pairs += [("mask", old.mask.value, new.mask.value), ("whole for", before, after)]
    return [each for each in pairs if each[1] != each[2]]


def _change(field: str, what: str, before: str, after: str, kept: int) -> RuleChange:
    match what:
        case "purposes":
            gone, more = ({*one.split()} - {*other.split()} for one, other in _both(before, after))
            said = [f"no more for {', '.join(sorted(gone))}"] if gone else []
            said += [f"for {', '.join(sorted(more))}, too"] if more else []
            effect = f"from the next use on, what is there is read {'; and '.join(said)}"
        case _ if what in MASKING:
            effect = "from the next use on, what is there is shown as the new rule says"
        case "term":
            effect = "what is there keeps its end until it is written again"
        case _:
            effect = "what is there counts as this from now on"
    return _told(field, what, (before, after), kept, effect)


def _asked(anew: int) -> str:
    if not anew:
        return ""
    return f"; {anew} that get more wait until they are activated, and ask everybody anew"


def _both(before: str, after: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (before, after), (after, before)


def _told(field: str, what: str, said: tuple[str, str], kept: int, effect: str) -> RuleChange:
    before, after = said
    return RuleChange(field=field, what=what, before=before, after=after, kept=kept, effect=effect)


def _yes(truth: bool) -> str:  # noqa: FBT001  # reason: the word for it
    return "yes" if truth else "no"


def _required(truth: bool) -> str:  # noqa: FBT001  # reason: the word for it
    return "required" if truth else "may be missing"


def _days(number: int) -> str:
    return f"{number} days" if number else "without end"
