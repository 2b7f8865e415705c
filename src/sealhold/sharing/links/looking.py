"""What a link would show, and what is odd about it: looked at before anything leaves.

- The clauses are those of a share at tier T0 for nobody in particular, judged by the same rules.
- The digest is over the content and the findings: an answer that names it is to those alone.

Source: docs/spec/53-link-shares.md section 6; docs/spec/49-sharing.md section 8.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import Sha256, tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import UnansweredError
from sealhold.model.ids import Collection as Dataset
from sealhold.model.ids import ContactId, FieldName, Id16
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, Sensitivity
from sealhold.policy.described import Around, Described
from sealhold.policy.share import Clauses, Count, Per, What
from sealhold.policy.sharefacts import Thing
from sealhold.policy.shareshown import Shown, parse_shown
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.suspicion import Finding, Fix, findings, require_answers

PEOPLE: Final = ("from", "to", "cc", "author", "organizer", "attendees", "with")
CONTACTS: Final = ("name", "emails")  # of a record that is about somebody
PLACES: Final = (("lat", "lon"), ("start_lat", "start_lon"))
FIXES: Final[Mapping[Fix, str]] = {
    Fix.EXCLUDE: "take it out before you share it",
    Fix.COARSEN: "make it coarser by a rule of precision",
    Fix.RAISE_TIER: "a link has no higher tier: share it with a person who has a vault",
    Fix.KEEP: "a link cannot be kept from being passed on",
    Fix.SET_END: "set an end",
}
FILES: Final = Dataset("files")
_ITEM: Final = Id16(bytes(16))  # there is one object, and its id goes nowhere
_OWNER: Final = ContactId(bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be shared."""

    kind: str  # `file` or `record`
    dataset: Dataset = FILES
    row: Mapping[str, Plain]  # as it is shown
    columns: Sequence[Column] = ()
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    hidden: frozenset[str] = frozenset()
    precision: tuple[str, ...] = ()
    omit: frozenset[FieldName] = frozenset()


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the digest that an answer may name."""

    clauses: Clauses
    found: tuple[Finding, ...]
    digest: str  # 16 hex digits

    def check(self, signs: Collection[str], shown: str = "") -> None:
        """Return if each finding was answered.

        Raises:
            UnansweredError: one was not, or it is not what was shown.
        """
        if shown and shown != self.digest:
            raise UnansweredError("this is not what the preview showed")
        require_answers(self.found, [one for one in self.found if one.sign.value in signs])


def shown_row(
    row: Mapping[str, Plain],
    columns: Sequence[Column],
    precision: tuple[str, ...],
    omit: Iterable[str],
) -> dict[str, Plain]:
    """Return what a link shows of a record.

    Raises:
        InvalidFilterError: a rule is not in the language, or names a column that there is not.
    """
    left = frozenset(FieldName(name) for name in omit)
    clauses = _clauses(Instant(0), Instant(1), 0, precision, left)
    parsed: Shown = parse_shown(clauses, columns)
    return parsed.of(row)


def look(subject: Subject, content: bytes, now: Instant, until: Instant, most: int) -> Looked:
    """Return what is odd about a link to `subject`.

    Args:
        subject: what it is of.
        content: SHA-256 of what would be opened.
        now: the time.
        until: when the link ends.
        most: how often it may be opened; 0 for any number.
    """
    clauses = _clauses(now, until, most, subject.precision, subject.omit)
    described = Described(
        thing=Thing(id=_ITEM, dataset=subject.dataset, row=subject.row),
        type=subject.kind,
        people=frozenset(_people(subject.row)),
        sensitive=_sensitive(subject.sensitivity),
        hidden=subject.hidden,
    )
    around = Around(
        now=now,
        owner=_OWNER,
        described={_ITEM: described},
        columns={subject.dataset: subject.columns} if subject.columns else {},
        places=_places(subject),
    )
    found = findings(clauses, {_ITEM}, around)
    told = pack([content, [one.sign.value for one in found], sorted(subject.hidden)])
    return Looked(clauses, found, tagged(Tag.LINK_FINDINGS, told).hex()[:16])


def digest_of(content: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of a content."""
    state = Sha256()
    for part in content:
        state.update(part)
    return state.digest()


def _clauses(
    now: Instant,
    until: Instant,
    most: int,
    precision: tuple[str, ...],
    omit: frozenset[FieldName],
) -> Clauses:
    return Clauses(
        who=frozenset(),
        what=What(ids=frozenset({_ITEM})),
        actions=frozenset({Action.VIEW, Action.EXPORT}),
        purposes=frozenset(),
        not_before=now,
        not_after=until,
        count=Count(most=most, per=Per.GRANT) if most else None,
        precision=precision,
        omit=omit,
        tier=Tier.COPY,
    )


def _sensitive(level: Sensitivity) -> frozenset[str]:
    is_it = level >= Sensitivity.INTIMATE
    return frozenset({level.name.lower()}) if is_it else frozenset()


def _people(row: Mapping[str, Plain]) -> Iterable[str]:
    names = (*PEOPLE, *(CONTACTS if CONTACTS[1] in row else ()))
    for name in names:
        told = row.get(name)
        for each in told if isinstance(told, list) else [told]:
            if isinstance(each, str) and each:
                yield each


def _places(subject: Subject) -> dict[Dataset, tuple[FieldName, FieldName]]:
    for pair in PLACES:
        if all(name in subject.row for name in pair):
            return {subject.dataset: (FieldName(pair[0]), FieldName(pair[1]))}
    return {}
