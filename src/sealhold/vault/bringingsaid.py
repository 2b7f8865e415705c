"""Taking in what a person said elsewhere: all of it is kept as it was, and no yes of it permits.

- Events come in as they were said, in their order, so that a later export tells them again.
- An objection and a restriction hold here, too, from the first use on.
- A consent that permitted there is `ConsentUnknown` here: it was given to somebody else, and the
  person is asked anew.

Source: docs/spec/27-rights.md section 9.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from sealhold.model.errors import InvalidError
from sealhold.model.ids import ID_BYTES, ConsentId, Id16, Kind, ProcessingId, Purpose, parse_id
from sealhold.model.quantities import DAY, Instant
from sealhold.policy import dpv
from sealhold.policy.consent import (
    PERMITTING,
    By,
    ConsentEvent,
    ConsentState,
    Standing,
    standing_of,
)
from sealhold.policy.limits import TOLD_BEFORE
from sealhold.stores.spec import Op
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.says import FOREVER, Choice, Said, Say, Says, Shown

FILE = "said.json"
MOST = 2_000  # events of one person: one commit
MAX_WORD = 64  # characters of a language, of a version, and of how a person was known
_DIGEST = 64  # hex digits


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened to a consent."""

    consent: str
    state: ConsentState
    at: int
    by: By
    notice: str
    starts: int
    ends: int


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which text the person saw."""

    digest: str
    language: str
    version: str


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event of `said.json`."""

    n: int
    what: str
    at: int
    by: By
    purpose: str
    processing: str | None
    event: _Event | None
    version: int
    shown: _Shown | None
    way: str


def said_in(data: bytes, now: Instant) -> tuple[Said, ...]:
    """Return what `said.json` holds, and behind it that each yes of it is unknown.

    Raises:
        InvalidError: it has another form.
    """
    try:
        read = msgspec.json.decode(data, type=tuple[_Said, ...], strict=True)
    except (ValueError, RecursionError, msgspec.DecodeError) as err:
        raise InvalidError("what was said has another form") from err
    if len(read) > MOST or [each.n for each in read] != [*range(1, len(read) + 1)]:
        raise InvalidError(f"what was said is not whole, or more than {MOST} events")
    events = tuple(_event(each, Instant(now + DAY)) for each in read)
    return (*events, *_unknown(events, now))


def taken_in(says: Says, keys: SubjectKeys, said: Sequence[Said]) -> Iterator[Op]:
    """Yield the operations that keep what a new person said elsewhere."""
    say = Say(subject=keys.subject, n=len(said))
    for each in said:
        say = _after(say, each)
    yield from says.keep_all(say, keys, said)
    for processing, standing in _standings(said).items():
        last = _of(said, processing)[-1]
        yield says.put(
            Choice(
                subject=keys.subject,
                processing=processing,
                consent=ConsentId(last.consent),
                at=last.at,
                standing=standing,
            )
        )


def _unknown(said: Sequence[Said], now: Instant) -> Iterator[Said]:
    """Yield that a yes is unknown here, for each consent that permits."""
    newest = {each.event.consent: each for each in said if each.event is not None}
    at, n = max([now, *(each.at for each in said)]), len(said)
    for each in newest.values():
        event = each.event
        # THREAT T324: a yes to somebody else, or one that was written into a file, permits none
        if event is not None and event.state in PERMITTING:
            n += 1
            lost = replace(event, state=ConsentState.UNKNOWN, at=at, by=By.VAULT)
            yield replace(each, n=n, at=at, by=By.VAULT, event=lost, way="")


def _standings(said: Sequence[Said]) -> Mapping[ProcessingId, Standing]:
    """Return what the events come to, by processing; none of it permits.

    Raises:
        InvalidError: something would.
    """
    named = {each.processing: None for each in said if each.processing is not None}
    found = {}
    for processing in named:
        of_it = _of(said, processing)
        last = of_it[-1]
        mine = (each for each in of_it if each.consent == last.consent)
        found[processing] = standing_of(mine, last.at)
    # INVARIANT: nothing that was brought in permits a use.
    if any(each.state in PERMITTING for each in found.values()):
        raise InvalidError("what was said would permit something here")
    return found


def _of(said: Sequence[Said], processing: ProcessingId) -> list[ConsentEvent]:
    return [each.event for each in said if each.processing == processing and each.event]


def _after(say: Say, said: Said) -> Say:
    """Return what a person set to all uses, after one more event."""
    match said.what:
        case "objected":
            return replace(say, objections={**say.objections, Purpose(said.purpose): said.at})
        case "took_back":
            kept = {name: at for name, at in say.objections.items() if name != said.purpose}
            return replace(say, objections=kept)
        case "restricted":
            return replace(say, restricted_at=said.at, lifts_at=None)
        case "lifting":
            return replace(say, lifts_at=say.lifts_at or Instant(said.at + TOLD_BEFORE))
        case "lifted":
            return replace(say, restricted_at=None, lifts_at=None)
        case _:
            return say


def _event(read: _Said, latest: Instant) -> Said:
    """Return an event as it was said.

    Raises:
        InvalidError: it is none.
    """
    is_consent = read.what == "consent"
    about_purpose = read.what in {"objected", "took_back"}
    fits = (
        is_consent or about_purpose or read.what in {"restricted", "lifting", "lifted"},
        is_consent is (read.processing is not None) is (read.event is not None),
        about_purpose is bool(read.purpose),
        0 <= read.at <= latest,
        read.event is None or read.event.at == read.at,
        0 <= read.version < 2**53,
        _is_word(read.way),
    )
    if not all(fits):
        raise InvalidError("something that was said is of no kind that there is")
    return Said(
        n=read.n,
        what=read.what,
        at=Instant(read.at),
        by=read.by,
        purpose=dpv.require(read.purpose) if about_purpose else "",
        processing=None if read.processing is None else ProcessingId(_id(read.processing)),
        event=None if read.event is None else _consent(read.event),
        version=read.version,
        shown=None if read.shown is None else _text(read.shown),
        way=read.way,
    )


def _consent(read: _Event) -> ConsentEvent:
    if not (_is_digest(read.notice) and 0 <= read.starts <= FOREVER and 0 <= read.ends <= FOREVER):
        raise InvalidError("a consent that was said is of no form that there is")
    return ConsentEvent(
        consent=_id(read.consent),
        state=read.state,
        at=Instant(read.at),
        by=read.by,
        notice=read.notice,
        starts=Instant(read.starts),
        ends=Instant(read.ends),
    )


def _text(read: _Shown) -> Shown:
    if not (_is_digest(read.digest) and _is_word(read.language) and _is_word(read.version)):
        raise InvalidError("a text that was shown is of no form that there is")
    return Shown(digest=read.digest, language=read.language, version=read.version)


def _id(text: str) -> Id16:
    found = parse_id(Kind.PROCESSING, text)
    if len(found) != ID_BYTES:
        raise InvalidError("something that was said has no whole id")
    return Id16(found)


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST and not set(text) - set("0123456789abcdef")


def _is_word(text: str) -> bool:
    return len(text) <= MAX_WORD and text.isprintable()
