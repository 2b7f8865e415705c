"""What people said about the use of their data, as it is kept: choices, limits, and all events.

- One row per person counts all that they said; each use is bound to that row, so none is committed
  behind a withdrawal, an objection or a restriction. It holds the limits, sealed.
- One row per choice: what was said to which terms, from when until when. No row is no yes.
- Both decide, so they stand under the set hash. The events behind them are sealed under the
  person's key, numbered without a gap by the person's row, and only ever added.

Source: docs/spec/26-processings.md sections 3, 5 and 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import ConsentId, Id16, ProcessingId, Purpose, SubjectId
from sealhold.model.quantities import Instant
from sealhold.policy.consent import (
    NEVER_GIVEN,
    PERMITTING,
    By,
    ConsentEvent,
    ConsentState,
    Standing,
)
from sealhold.policy.limits import Limits
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers
from sealhold.vault.settings import SETTINGS, UNSAID

SAYS = TableSpec(
    name="say",
    columns={"subject": ColumnKind.ID16, "n": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("subject",),
    indexes={},
)
CHOICES = TableSpec(
    name="choice",
    columns={
        "subject": ColumnKind.ID16,
        "processing": ColumnKind.ID16,
        "consent": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "notice": ColumnKind.HASH32,  # of the edition that it was said to
        "at": ColumnKind.I64,
        "starts": ColumnKind.I64,
        "ends": ColumnKind.I64,
    },
    key=("subject", "processing"),
    indexes={"processing": ("processing", "subject")},
)
SAID = TableSpec(
    name="said",
    columns={"subject": ColumnKind.ID16, "n": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("subject", "n"),
    indexes={},
)
DECIDING = (SAYS, CHOICES)
FOREVER = Instant(253_402_300_799_999)  # the end of the year 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """All that a person said, in one row."""

    subject: SubjectId
    n: int = 0  # how many events there are
    objections: Mapping[Purpose, Instant] = field(default_factory=dict)
    restricted_at: Instant | None = None
    lifts_at: Instant | None = None  # when a restriction ends that somebody else lifted
    v: int = 0

    def is_restricted(self, now: Instant) -> bool:
        """Return whether a restriction holds."""
        lifted = self.lifts_at is not None and self.lifts_at <= now
        return self.restricted_at is not None and not lifted

    def limits(self, now: Instant) -> Limits:
        """Return what a decision must heed."""
        restricted = self.is_restricted(now)
        return Limits(objected=frozenset(self.objections), restricted=restricted)

    @property
    def guard(self) -> Op:
        """What fails a commit if the person said anything more by then."""
        return Guard(SAYS.name, (self.subject,), self.v or Expect.ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person said last to one processing."""

    subject: SubjectId
    processing: ProcessingId
    consent: ConsentId
    at: Instant
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which text a person saw when they said something."""

    digest: str  # 64 hex digits
    language: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event: a consent, or one about the person's limits."""

    n: int
    what: str  # `consent`, `objected`, `took_back`, `restricted`, `lifting` or `lifted`
    at: Instant
    by: By
    purpose: str = ""  # of an objection
    processing: ProcessingId | None = None  # of a consent, and all that follows
    event: ConsentEvent | None = None
    version: int = 0  # of the processing
    shown: Shown | None = None
    way: str = ""  # how the person was known


class Says:
    """Reads and writes what people said."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def of(self, subject: SubjectId, keys: SubjectKeys) -> Say:
        """Return what a person said.

        Raises:
            SealBrokenError: the row is not as it was written.
        """
        found = self._core.deciding.get(SAYS.name, subject)
        if found is None:
            return Say(subject=subject)
        _, n, sealed = found.row
        papers = Papers(keys, self._core.entropy)
        objections, restricted, lifts = papers.open(SAYS.name, (subject, n), sealed)
        return Say(
            subject=subject,
            n=n,
            objections={Purpose(name): Instant(at) for name, at in objections.items()},
            restricted_at=restricted,
            lifts_at=lifts,
            v=found.v,
        )

    def kept(self, subject: SubjectId, processing: ProcessingId) -> Choice | None:
        """Return what a person said last to a processing, as it is kept; None if they never did."""
        found = self._core.deciding.get(CHOICES.name, subject, processing)
        return None if found is None else _choice(found)

    def choice(self, subject: SubjectId, processing: ProcessingId) -> Choice | None:
        """Return what counts of it: a yes of before an older database was taken is unknown."""
        found = self.kept(subject, processing)
        if found is None or found.at > self.unsaid or found.standing.state not in PERMITTING:
            return found
        # THREAT T286: it may have been withdrawn since, so the person says it anew
        return replace(found, standing=replace(found.standing, state=ConsentState.UNKNOWN))

    @property
    def unsaid(self) -> Instant:
        """Up to when each yes is unknown; 0 while no older database was taken."""
        found = self._core.deciding.get(SETTINGS.name, UNSAID)
        return Instant(found.row[1] if found else 0)

    def standing(self, subject: SubjectId, processing: ProcessingId) -> Standing:
        """Return what counts of it."""
        found = self.choice(subject, processing)
        return found.standing if found else NEVER_GIVEN

    def keep(self, say: Say, keys: SubjectKeys, said: Said) -> tuple[Op, ...]:
        """Return the operations that add one event, and keep what `say` is after it."""
        return self.keep_all(replace(say, n=say.n + 1), keys, (replace(said, n=say.n + 1),))

    def keep_all(self, say: Say, keys: SubjectKeys, said: Sequence[Said]) -> tuple[Op, ...]:
        """Return the operations that add the newest events of a person, of whom `say` tells all."""
        papers = Papers(keys, self._core.entropy)
        clear = (say.subject, say.n)
        limits = [dict(say.objections), say.restricted_at, say.lifts_at]
        paper = papers.seal(SAYS.name, clear, limits)
        places = [(say.subject, each.n) for each in said]
        sealed = (
            papers.seal(SAID.name, place, _plain(each))
            for place, each in zip(places, said, strict=True)
        )
        return (
            Put(SAYS.name, (*clear, paper), say.v or Expect.ABSENT),
            *(
                Put(SAID.name, (*place, event), Expect.ABSENT)
                for place, event in zip(places, sealed, strict=True)
            ),
        )

    @staticmethod
    def put(choice: Choice) -> Op:
        """Return the operation that keeps a choice, over what was said before."""
        standing = choice.standing
        row = (
            choice.subject,
            choice.processing,
            choice.consent,
            standing.state.value,
            bytes.fromhex(standing.notice),
            choice.at,
            standing.starts,
            standing.ends,
        )
        return Put(CHOICES.name, row)

    def events(self, say: Say, keys: SubjectKeys) -> tuple[Said, ...]:
        """Return all that a person said, oldest first.

        Raises:
            SealBrokenError: an event is gone, or not as it was written.
        """
        papers = Papers(keys, self._core.entropy)
        found = list(rows_of(self._core.store, SAID, "key", say.subject))
        # THREAT T256: an event that was taken out leaves a gap, and one more is one too many
        if [each.row[1] for each in found] != list(range(1, say.n + 1)):
            raise SealBrokenError("what a person said is not whole")
        opened = (papers.open(SAID.name, each.row[:2], each.row[2]) for each in found)
        return tuple(_said(n, plain) for n, plain in enumerate(opened, 1))

    def told(self, say: Say, keys: SubjectKeys) -> tuple[Said, ...]:
        """Return all that a person said, and that some of it is unknown since.

        Raises:
            SealBrokenError: an event is gone, or not as it was written.
        """
        events, unsaid = self.events(say, keys), self.unsaid
        newest = {each.event.consent: each for each in events if each.event is not None}
        return (*events, *filter(None, (_unknown(each, unsaid) for each in newest.values())))


def unsaid(core: Core) -> Op:
    """Return the operation by which no yes of people counts that was said until now."""
    found = core.deciding.get(SETTINGS.name, UNSAID)
    return Put(SETTINGS.name, (UNSAID, core.clock()), found.v if found else Expect.ABSENT)


def said_by(core: Core, subject: SubjectId) -> Iterator[Op]:
    """Yield the operations that take out what decided of all that a person said."""
    yield Delete(SAYS.name, (subject,))
    for found in rows_of(core.store, CHOICES, "key", subject):
        yield Delete(CHOICES.name, found.row[:2])


def _unknown(said: Said, unsaid: Instant) -> Said | None:
    """Return that a yes is unknown since an older database was taken, if it is."""
    event = said.event
    if event is None or event.state not in PERMITTING or said.at > unsaid:
        return None
    lost = replace(event, state=ConsentState.UNKNOWN, at=unsaid, by=By.VAULT)
    return replace(said, at=unsaid, by=By.VAULT, event=lost)


def _choice(found: Found) -> Choice:
    subject, processing, consent, state, notice, at, starts, ends = found.row
    return Choice(
        subject=SubjectId(Id16(subject)),
        processing=ProcessingId(Id16(processing)),
        consent=ConsentId(Id16(consent)),
        at=Instant(at),
        standing=Standing(
            state=ConsentState(state),
            starts=Instant(starts),
            ends=Instant(ends),
            notice=notice.hex(),
        ),
    )


def _plain(said: Said) -> list[Any]:
    event, shown = said.event, said.shown
    consent = event and [
        event.consent, event.state.value, event.notice, event.starts, event.ends,
    ]  # fmt: skip
    text = shown and [shown.digest, shown.language, shown.version]
    about = [said.purpose, said.processing, said.version, said.way]
    return [said.what, said.at, said.by.value, *about, consent, text]


def _said(n: int, plain: list[Any]) -> Said:
    what, at, by, purpose, processing, version, way, consent, text = plain
    event = None
    if consent is not None:
        named, state, notice, starts, ends = consent
        event = ConsentEvent(
            consent=Id16(named),
            state=ConsentState(state),
            at=Instant(at),
            by=By(by),
            notice=notice,
            starts=Instant(starts),
            ends=Instant(ends),
        )
    return Said(
        n=n,
        what=what,
        at=Instant(at),
        by=By(by),
        purpose=purpose,
        processing=ProcessingId(Id16(processing)) if processing else None,
        event=event,
        version=version,
        shown=Shown(digest=text[0], language=text[1], version=text[2]) if text else None,
        way=way,
    )
