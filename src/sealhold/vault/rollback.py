"""A database that is older than it should be: what its owner accepts, and what that costs.

- What left since that day is not known any more, because the log went back with the rows. So each
  budget that was open then, of bits and of noise, counts as spent, and every object as having told
  all that it ever may: up to the highest cap that can be set, for nobody knows which one was. No
  task has a question left that was known then.
- Every app is stopped until the owner lets it ask again.
- Both stand in the same commit as the entry that says so, before anything else can be asked for.

Source: docs/spec/09-leakage.md section 9.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender
from sealhold.model.errors import ConflictError, VerificationNeededError
from sealhold.model.ids import Collection
from sealhold.model.quantities import Instant, Year, year_of
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.budget import BUDGETS, LEAKS, all_askers
from sealhold.vault.caps import HIGHEST, CapKind
from sealhold.vault.core import Core
from sealhold.vault.noisebudget import NOISE, NoiseBudget
from sealhold.vault.questions import QUESTIONS
from sealhold.vault.registry import ACTIVE, SUSPENDED, Registry
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

LOST = bytes(32)  # stands for the functions that nobody remembers; no digest is all zeros
MOST_QUERIES = 1_000_000  # no manifest says more
OLDER = "older"  # why the log says that something was restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The owner's word that an older database is to be gone on with."""

    at_terminal: bool  # the passphrase was typed for this one decision
    checkpoint: str | None  # a newer one that was kept elsewhere, if that is what shows it


def check_is_older(accepted: Accepted, appender: Appender, beside: int) -> None:
    """Refuse to spend budgets for a vault that is as old as HEAD, of `beside` entries, says.

    Raises:
        ConflictError: neither HEAD nor the owner's checkpoint tells of a longer log.
        TamperedError: the owner's checkpoint is not of this log.
    """
    known = beside
    if accepted.checkpoint is not None:
        known = max(known, open_checkpoint(accepted.checkpoint, (appender.key,)).size)
    if known <= appender.head.size:
        raise ConflictError("nothing shows that this vault is older than it was")


def accept(core: Core, accepted: Accepted, then: Instant) -> None:
    """Go on from a database of the day `then`, with all budgets spent and all apps stopped.

    Raises:
        VerificationNeededError: the owner is not proven to be there.
    """
    if not (accepted.at_terminal or core.headless):
        raise VerificationNeededError("the owner's passphrase must be typed at a terminal")
    token, teller = core.keyring.named("token"), Teller(core.keys)
    registry = Registry(core.deciding, core.papers, token, core.clock, core.entropy)
    event = Event(kind=EventKind.RESTORE, actor=Actor.OWNER, subject=teller.subject, reason=OLDER)
    stopped = [registry.change(app, SUSPENDED) for app in registry.all() if app.state == ACTIVE]
    # THREAT T174: what an older database forgot was told is counted as told, to the last bit
    spent = (*_spent(core, then), *_drawn(core, then))
    ops = (*spent, *_told(core, core.datasets), *_asked(core), *stopped)
    core.writer.commit(Work(ops, (teller.entry(event),), releases=True))


def _spent(core: Core, then: Instant) -> Iterable[Op]:
    first, year = year_of(then), year_of(core.clock())
    everyone, most = all_askers(core.keys), int(max(HIGHEST.values()))
    is_there = False
    for found in core.deciding.all(BUDGETS.name):
        scope, of, _ = found.row
        is_there |= (scope, of) == (everyone.tag, year)
        if of >= first:
            yield Put(BUDGETS.name, (scope, of, most), found.v)
    if not is_there:
        yield Put(BUDGETS.name, (everyone.tag, year, most), Expect.ABSENT)


def _drawn(core: Core, then: Instant) -> Iterable[Op]:
    """Yield what spends the noise of each collection and year in which it could be drawn."""
    noise, years = NoiseBudget(core.deciding), range(year_of(then), year_of(core.clock()) + 1)
    for name, year in product(core.datasets, map(Year, years)):
        found = core.deciding.get(NOISE.name, name, year)
        cap = int(noise.meter(name, year).cap)
        yield Put(NOISE.name, (name, year, cap, cap), found.v if found else Expect.ABSENT)


def _told(core: Core, collections: Iterable[Collection]) -> Iterable[Op]:
    for name in collections:
        row = (name, "function", LOST, int(HIGHEST[CapKind.OBJECT]))
        found = core.deciding.get(LEAKS.name, name, "function", LOST)
        yield Put(LEAKS.name, row, found.v if found else Expect.ABSENT)


def _asked(core: Core) -> Iterable[Op]:
    for found in core.deciding.all(QUESTIONS.name):
        yield Put(QUESTIONS.name, (found.row[0], MOST_QUERIES), found.v)
