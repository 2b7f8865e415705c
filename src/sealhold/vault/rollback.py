"""A database that is older than it should be: what its owner accepts, and what that costs.

- What left since that day is not known any more, because the log went back with the rows. So each
  budget that was open then, of bits and of noise, counts as spent, and every object as having told
  all that it ever may: up to the highest cap that can be set, for nobody knows which one was. No
  task has a question left that was known then.
- Every app is stopped until the owner lets it ask again. Every consent is unknown until the owner
  confirms it, and each yes of people until they say it anew. No run goes on, and no token of a
  person, an officer or the monitor holds any more.
- People whose keys are gone were erased since: their rows go before anything is read. So does what
  was held of erased people under a hold that ended since.
- All but the last stand in the same commit as the entry that says so, before anything else can
  be asked for.

Source: docs/spec/09-leakage.md section 9.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender, Entry
from sealhold.crypto.note import VerifierKey
from sealhold.model.errors import ConflictError, VerificationNeededError
from sealhold.model.ids import AppId, Collection, Id16, RequestId, SubjectId
from sealhold.model.quantities import Instant, Year, year_of
from sealhold.policy.consent import PERMITTING, By, ConsentEvent, ConsentState
from sealhold.stores.spec import Delete, DeleteWhere, Expect, Op, Put
from sealhold.vault import leases, logkeys
from sealhold.vault.attachments import all_packs
from sealhold.vault.budget import BUDGETS, LEAKS, all_askers
from sealhold.vault.caps import HIGHEST, CapKind
from sealhold.vault.caveats import USES
from sealhold.vault.consents import CONSENTS, Consents
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.holdrows import keeping_ids
from sealhold.vault.leaving import OF_A_PERSON
from sealhold.vault.loginrows import no_logins
from sealhold.vault.minting import Minting, skipped
from sealhold.vault.noisebudget import NOISE, NoiseBudget
from sealhold.vault.objects import PACKS
from sealhold.vault.passkeyrows import no_passkeys
from sealhold.vault.personloginrows import no_ways_in
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.pushers import all_end
from sealhold.vault.questions import QUESTIONS
from sealhold.vault.recipients import Recipients
from sealhold.vault.registry import ACTIVE, SUSPENDED, TOKENS, Registry
from sealhold.vault.says import CHOICES, said_by, unsaid
from sealhold.vault.settings import MONITOR, SETTINGS
from sealhold.vault.subjects import ACTIVE as PRESENT
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.telling import Teller
from sealhold.vault.tokenrows import OFFICER_TOKENS, PERSON_TOKENS
from sealhold.vault.wraps import SUBJECT
from sealhold.vault.writer import Work

LOST = bytes(32)  # stands for the functions that nobody remembers; no digest is all zeros
MOST_QUERIES = 1_000_000  # no manifest says more
AT_ONCE = 100  # people whose rows go in one commit
CHOICE_STATE = list(CHOICES.columns).index("state")
MARK = b"this vault went back to an older day, and its owner has not said yet that it counts\n"
ERASED_SINCE = "erased_since"  # why the vault took them out
OLDER = "older"  # why the log says that something was restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The owner's word that an older database is to be gone on with."""

    at_terminal: bool  # the passphrase was typed for this one decision
    checkpoint: str | None  # a newer one that was kept elsewhere, if that is what shows it


def check_is_older(
    accepted: Accepted, appender: Appender, beside: int, keys: Sequence[VerifierKey]
) -> None:
    """Refuse to spend budgets for a vault that is as old as HEAD, of `beside` entries, says.

    `keys`: every key of the log that the key set knows of.

    Raises:
        ConflictError: no HEAD, checkpoint of the owner or key of the log tells of a longer one.
        TamperedError: the owner's checkpoint is not of this log.
    """
    known = beside
    if accepted.checkpoint is not None:
        known = max(known, open_checkpoint(accepted.checkpoint, keys).size)
    if known <= appender.head.size and not appender.keys.is_behind:
        raise ConflictError("nothing shows that this vault is older than it was")


@dataclass(frozen=True, slots=True)
class Undone:
    """What going on from an older database ended."""

    apps: int  # stopped
    consents: int  # unknown, until their owner confirms them
    tokens: int  # of people and officers
    people: int  # erased since; their rows went


def accept(core: Core, accepted: Accepted, then: Instant, mark: Callable[[], None]) -> Undone:
    """Go on from a database of the day `then`, with all budgets spent and all apps stopped.

    No consent permits and no token of a person, an officer or a monitor holds after it. `mark`
    is called first: a process that dies before the end must find the home closed.

    Raises:
        VerificationNeededError: the owner is not proven to be there.
    """
    if not (accepted.at_terminal or core.headless):
        raise VerificationNeededError("the owner's passphrase must be typed at a terminal")
    mark()
    teller = Teller(core.keys)
    event = Event(kind=EventKind.RESTORE, actor=Actor.OWNER, subject=teller.subject, reason=OLDER)
    # THREAT T174: what an older database forgot was told is counted as told, to the last bit
    spent = (*_spent(core, then), *_drawn(core, then), *_told(core, core.datasets), *_asked(core))
    # THREAT T286: what was withdrawn or revoked since that day must not come back with it
    ending = all_permissions(core)
    entries = (*logkeys.missed(core), teller.entry(event))
    core.writer.commit(Work((*spent, *ending.ops), entries, releases=True))
    return Undone(ending.apps, ending.consents, ending.tokens, _sweep(core))


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends all that permits, and how much that is."""

    ops: tuple[Op, ...]
    apps: int  # stopped
    consents: int  # of the owner and of people: unknown, until they are said again
    tokens: int  # of people and officers


def all_permissions(core: Core) -> Ending:
    """Return what stops every app, makes every yes unknown, and ends every token and lease."""
    minting = Minting(core.keyring, core.deciding)
    registry = Registry(core.deciding, core.papers, minting, core.clock, core.entropy)
    stopped = [registry.change(app, SUSPENDED) for app in registry.all() if app.state == ACTIVE]
    unknown, dead = tuple(_unknown(core)), tuple(_dead(core))
    ops = (
        *stopped,
        *unknown,
        *dead,
        unsaid(core),
        *leases.ends(core),
        *_uncounted(core),
        *skipped(core),
        *_monitor(core),
        *all_end(core),
        *no_logins(core),
        *no_ways_in(core),  # or put out since
    )
    return Ending(ops, len(stopped), len(unknown) + _permitting(core), len(dead))


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


def _unknown(core: Core) -> Iterable[Op]:
    """Yield what makes each consent that permitted unknown: it may have been withdrawn since."""
    consents, now = Consents(core.deciding, core.entropy), core.clock()
    for request in {found.row[1] for found in core.deciding.all(CONSENTS.name)}:
        held = consents.standing(RequestId(request), now)
        if held.state in PERMITTING:
            yield consents.event(
                ConsentEvent(
                    consent=Id16(request),
                    state=ConsentState.UNKNOWN,
                    at=now,
                    by=By.VAULT,
                    notice=held.notice,
                    starts=held.starts,
                    ends=held.ends,
                )
            )


def _permitting(core: Core) -> int:
    """Return how many choices of people permit."""
    states = (found.row[CHOICE_STATE] for found in core.deciding.all(CHOICES.name))
    return sum(ConsentState(each) in PERMITTING for each in states)


def _dead(core: Core) -> Iterable[Op]:
    """Yield what ends each token of people and officers: it may have been revoked since."""
    for table in (PERSON_TOKENS, OFFICER_TOKENS):
        for found in core.deciding.all(table.name):
            yield Delete(table.name, (found.row[0],), found.v)


def _uncounted(core: Core) -> Iterable[Op]:
    """Yield what takes out how often tokens were used that are not there any more."""
    left = {found.row[0] for found in core.deciding.all(TOKENS.name)}
    for found in core.deciding.all(USES.name):
        if found.row[1] not in left:
            yield Delete(USES.name, (found.row[0],), found.v)


def _monitor(core: Core) -> Iterable[Op]:
    """Yield what ends the monitor's token: a number beyond any that was reached since."""
    found = core.deciding.get(SETTINGS.name, MONITOR)
    if found is not None:
        yield Put(SETTINGS.name, (MONITOR, max(found.row[1], core.clock())), found.v)


def _sweep(core: Core) -> int:
    """Take out the rows of people whose keys are gone, who were erased since; return how many."""
    keys = core.keyring.lies_in.store
    people = [each.row for each in scan_all(core.store, SUBJECTS) if each.row[2] == PRESENT]
    apps = {
        row[0]: AppId(Id16(row[1]))
        for row in people
        if not any(rows_of(keys, SUBJECT, "key", row[0]))
    }
    gone, recipients = [*apps], Recipients(core)
    for first in range(0, len(gone), AT_ONCE):
        some = gone[first : first + AT_ONCE]
        event = Event(
            kind=EventKind.ERASE, actor=Actor.VAULT, rows_out=len(some), reason=ERASED_SINCE
        )
        ops: list[Op] = [Delete(SUBJECTS.name, (each,)) for each in some]
        packs = [pack for each in some for pack in all_packs(core.store, SubjectId(each))]
        ops += [Delete(PACKS.name, (pack,)) for pack in packs]
        ops += [op for each in some for op in said_by(core, SubjectId(each))]
        ops += [op for each in some for op in no_passkeys(core, SubjectId(each))]
        ops += [op for each in some for op in recipients.untold(apps[each], SubjectId(each))]
        for table, index in OF_A_PERSON:
            ops += [DeleteWhere(table, index, (each,)) for each in some]
        core.writer.commit(Work(tuple(ops), (Entry(event=event),), right=True))
        drop_packs(core.objects, packs)
    if keeping_ids(core):
        from sealhold.vault.keepings import drop_keyless  # noqa: PLC0415  # reason: few have any

        drop_keyless(core)
    return len(gone)


def _asked(core: Core) -> Iterable[Op]:
    for found in core.deciding.all(QUESTIONS.name):
        yield Put(QUESTIONS.name, (found.row[0], MOST_QUERIES), found.v)
