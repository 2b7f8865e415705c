"""What the log says of one happening: who did what, on what ground, and how much came out.

- Never a payload: no field of a record, no answer, no text that a person typed. A query stands
  as its template, with every literal taken out, and its digest.
- Subjects and records appear as 16-byte keyed tags under the subject's own leaf key, so an entry
  that was opened still joins to nothing once that key is gone.
- One happening, one encoding: deterministic CBOR with small integer keys, empty fields left out.
- Numbers of kinds and fields are append-only: an old log must read as it was written.

Source: docs/spec/05-audit-log.md section 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, unique
from operator import attrgetter, itemgetter

import msgspec

from sealhold.crypto.merkle import HASH_BYTES
from sealhold.model import cborwriter
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import (
    ID_BYTES,
    AppId,
    Collection,
    DecisionId,
    FieldName,
    GrantId,
    JobId,
    Purpose,
    ReceiptId,
    RequestId,
    SourceId,
    TaskDigest,
)
from sealhold.model.quantities import Instant, MicroBits

NOTHING = MicroBits(0)
MAX_AT = 253_402_300_799_999  # milliseconds: the end of the year 9999, the last that has a date


@unique
class EventKind(IntEnum):
    """What happened."""

    START = 1  # the log begins
    UNLOCK = 2
    LOCK = 3
    KEY = 4  # a key was made, turned over or destroyed
    SOURCE = 5  # a source was added, changed or removed
    JOB = 6  # an import began or ended
    INGEST = 7  # records were taken in
    READ = 8  # records were opened
    SEARCH = 9
    QUERY = 10  # the owner's own SQL
    EXPORT = 11
    ERASE = 12
    APP = 13  # an app was registered, suspended, resumed or removed
    REQUEST = 14  # a request moved to the state that the reason names
    PREVIEW = 15  # the owner looked at an answer before deciding
    APPROVE = 16
    REFUSE = 17
    REVOKE = 18
    DECISION = 19  # the policy permitted or denied
    CHARGE = 20  # a budget was charged
    RUN = 21  # a task begins: without a release after it, counted as released
    RELEASE = 22  # an answer left
    PROOF = 23  # a bundle or receipt was handed out
    VERIFY_FAILURE = 24  # something kept is not what was written
    BACKUP = 25
    RESTORE = 26
    FETCH = 27  # a third party's file came, or did not, as the reason says
    CAP = 28  # the owner set the cap that the reason names
    PERSON = 29  # of an app's people one was made, shown or asked after, as the reason says
    PROFILE = 30  # a profile was read, changed, removed or searched, as the reason says
    SCHEMA = 31  # the owner laid down what an app may keep of its people
    RECORD = 32  # a person's records were kept, read or taken out, as the reason says
    ACCESS = 40  # who may call changed: tokens, officers, passkeys, as the reason says
    PROCESSING = 50  # a processing was registered, changed or run, as the reason says
    SAY = 51  # a person said something about the use of their data, as the reason says
    RIGHTS = 52  # a rights request took the step that the reason names
    BREACH = 53  # a breach took the step that the reason names
    RECIPIENT = 54  # a recipient was entered, taken out or told, as the reason says
    UPGRADE = 60  # the rows were brought to the form that the reason names
    HOLD = 67  # a duty to keep was declared, lifted, applied or ended, as the reason says
    HELD = 68  # an officer read what is held of somebody who was erased
    SNAPSHOT = 72  # what is set was kept, or the rows went back to the form that the reason names
    CONTACT = 77  # another person was added, verified, renamed or removed, as the reason says
    DEVICE = 78  # of this person's devices one joined, left, or changed, as the reason says
    RECORDS = 75  # of the owner, on several devices: given, or taken back, as `reason` says
    SYNC = 79  # devices exchanged what changed: `rows_read` entries came, `rows_out` went
    LINK = 80  # a link share was made, ended, taken back or opened, as the reason says
    SHARE = 81  # something was shared with a person, changed or taken back, as the reason says
    SHARE_TASK = 85  # a program answers somebody under a share, or no more, as the reason says
    SHARED_USE = 82  # what is shared was used at its owner's, or refused, as the reason says
    RECOVERY = 83  # somebody's recovery was opened, heard of or went on, as the reason says
    VETO = 84  # a recovery was vetoed: by the owner, or heard of, as the reason says
    PAUSE = 74  # a grant was paused, or holds again, as the reason says
    TOKEN = 73  # a policy token was made, revoked, came, went or was refused, as the reason says
    LOG_KEY = 69  # from here on the key that the digest names signs for the log
    POLICY = 70  # a rule was written, taken back, or answered somebody, as the reason says
    PROXY = 86  # of a proxy a policy, user or secret changed, or it was served, as the reason says
    PROXY_LEASE = 87  # a database user may run so many statements of a kind; or not, as told
    PROXY_USE = 88  # what was used of the lease that `decision` names
    PROXY_LOGIN = 95  # somebody was not let in at a proxy, as the reason says
    PROVIDER = 89  # what a provider gave is not what was kept there, as the reason says
    PROXY_HEAD = 90  # what stands for all rows that a proxy keeps tags of: `digest`
    PROXY_AUDIT = 91  # the rows of a table were compared with what a proxy knows of them
    ALARM = 98  # of a proxy something was found, as the reason says
    REACTION = 99  # a proxy holds a table, user or provider back, or has a key that is due
    RELEASE_HELD = 100  # the owner let go of what a proxy held
    PROVIDER_STATE = 101  # a provider does not answer, or does again, as the reason says
    QUERY_GRANT = 102  # another proxy may ask this one, or no more, as the reason says
    QUERY_PERMIT = 103  # a statement of another proxy may run; or not, as told
    QUERY_ANSWER = 104  # of the statement that `decision` names so many rows more leave
    QUERY_RECEIPT = 105  # another vault's proxy answered a statement of this one's
    COMPONENT = 71  # what a grant lets a source run was laid, ended or refused, as the reason says


@unique
class Actor(IntEnum):
    """Who did it."""

    OWNER = 1
    APP = 2  # the one that `app` names
    VAULT = 3  # by itself: a schedule, a sweep, a recovery
    OUTSIDER = 4  # nobody that could be told
    PERSON = 5  # one of the app's people: whom `subject` names
    OFFICER = 6  # who answers for data protection
    CLIENT = 7  # who logged in at a proxy: `records` has their tag, nothing if nobody knows them


@unique
class Outcome(IntEnum):
    """How it ended."""

    DONE = 1
    DENIED = 2
    FAILED = 3


class Event(msgspec.Struct, frozen=True, kw_only=True):  # made in a tenth of a dataclass's time
    """One happening, before it has a place in the log. An empty field says nothing."""

    kind: EventKind
    actor: Actor
    outcome: Outcome = Outcome.DONE
    subject: bytes | None = None  # 16 bytes, keyed: never the subject's id
    app: AppId | None = None
    purpose: Purpose | None = None
    collection: Collection | None = None
    records: bytes = b""  # 16 bytes for each, joined, keyed: never a record's id
    grant: GrantId | None = None
    request: RequestId | None = None
    decision: DecisionId | None = None
    task: TaskDigest | None = None
    fields: tuple[FieldName, ...] = ()
    rows_read: int = 0
    rows_out: int = 0
    bytes_out: int = 0
    cost: MicroBits = NOTHING
    reason: str | None = None  # a code from a closed set of the caller
    destination: bytes | None = None  # 32 bytes: digest of the key that it was sealed to
    digest: bytes | None = None  # 32 bytes: of the paper, query, program or key that this is about
    receipt: ReceiptId | None = None
    template: str | None = None  # of a query, each literal replaced by `?`
    job: JobId | None = None
    source: SourceId | None = None
    more: int = 0  # equal happenings that this entry stands for as well
    left: MicroBits | None = None  # of the yearly budget of all askers, after this entry
    cap: MicroBits | None = None  # of a budget, as it was set

    def names(self, tag: bytes) -> bool:
        """Return whether this is about the record with this tag, and says so."""
        places = range(0, len(self.records), ID_BYTES)
        return any(self.records[at : at + ID_BYTES] == tag for at in places)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event in its place."""

    seq: int  # counts from 0 without a gap; also the index of its leaf
    at: Instant  # never before that of the entry before
    before: int  # how many entries the log had when its batch began
    event: Event


Fits = Callable[[Plain], bool]
Writes = Callable[[Plain], bytes]


def _is_count(value: Plain) -> bool:
    return type(value) is int and value >= 0


def _is_positive(value: Plain) -> bool:
    return type(value) is int and value > 0


def _is_text(value: Plain) -> bool:
    return isinstance(value, str) and value != ""


def _is_texts(value: Plain) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_text, value))


def _is_id(value: Plain) -> bool:
    return isinstance(value, bytes) and len(value) == ID_BYTES


def _is_ids(value: Plain) -> bool:
    return isinstance(value, bytes) and value != b"" and len(value) % ID_BYTES == 0


def _is_hash(value: Plain) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES


_ID = (_is_id, cborwriter.data)
_IDS = (_is_ids, cborwriter.data)
_HASH = (_is_hash, cborwriter.data)
_COUNT = (_is_positive, cborwriter.count)
_TEXT = (_is_text, cborwriter.text)
_TEXTS = (_is_texts, cborwriter.texts)

_PLACES = range(1, 7)  # keys of seq, at, before, kind, actor, outcome: always there
_FIRST_OPTION = 7
# The place in this list is the key in the encoding, from 7 on: append only. Common ones first,
# because a key below 24 takes one byte.
_OPTIONS: tuple[tuple[str, tuple[Fits, Writes]], ...] = (
    ("subject", _ID),
    ("app", _ID),
    ("purpose", _TEXT),
    ("collection", _TEXT),
    ("records", _IDS),
    ("grant", _ID),
    ("request", _ID),
    ("decision", _ID),
    ("task", _HASH),
    ("fields", _TEXTS),
    ("rows_read", _COUNT),
    ("rows_out", _COUNT),
    ("bytes_out", _COUNT),
    ("cost", _COUNT),
    ("reason", _TEXT),
    ("destination", _HASH),
    ("digest", _HASH),
    ("receipt", _ID),
    ("template", _TEXT),
    ("job", _ID),
    ("source", _ID),
    ("more", _COUNT),
)
_LEFT, _CAP = 29, 30  # a 0 of these says something, so it is not left out as empty
_SAID = {_LEFT: "left", _CAP: "cap"}
_KEYS = range(_FIRST_OPTION, _LEFT)
_PLACED = frozenset(_PLACES[:4])
_place: Callable[[Plain], tuple[int, Instant, int, int]] = itemgetter(*_PLACES[:4])
_options = attrgetter(*(name for name, _ in _OPTIONS))
_writers = [
    (cborwriter.count(key), writes) for key, (_, (_, writes)) in zip(_KEYS, _OPTIONS, strict=True)
]


def encode(event: Event, seq: int, at: Instant, before: int) -> bytes:
    """Return the bytes that the leaf hashes and the seal covers."""
    number = cborwriter.count
    # INVARIANT: keys ascend, so these are the bytes that `pack` gives.
    parts = [
        b"\x01%b\x02%b\x03%b\x04%b\x05%b\x06%b"
        % (
            number(seq),
            number(at),
            number(before),
            number(event.kind),
            number(event.actor),
            number(event.outcome),
        )
    ]
    parts += [
        key + writes(value)
        for (key, writes), value in zip(_writers, _options(event), strict=True)
        if value
    ]
    if event.left is not None:
        parts.append(number(_LEFT) + number(event.left))
    if event.cap is not None:
        parts.append(number(_CAP) + number(event.cap))
    return cborwriter.head_of_map(len(_PLACES) + len(parts) - 1) + b"".join(parts)


def place(data: bytes) -> tuple[int, Instant, int, int]:
    """Return `seq`, `at`, `before` and the kind of an event whose leaf hash was checked.

    Raises:
        InvalidEncodingError: not an event.
    """
    tree = unpack_own(data)
    if not isinstance(tree, dict) or not tree.keys() >= _PLACED:
        raise InvalidEncodingError("not an event")
    return _place(tree)


def decode(data: bytes) -> Logged:
    """Return the event that `encode` wrote.

    Raises:
        InvalidEncodingError: not an event in its one form.
    """
    tree = unpack_own(data)
    # Exactly int: CBOR's `true` would pass as 1 and have a second encoding.
    if not isinstance(tree, dict) or any(type(key) is not int for key in tree):
        raise InvalidEncodingError("not an event")
    seq, at, before, kind, actor, outcome = (tree.pop(key, None) for key in _PLACES)
    if not all(map(_is_count, (seq, at, before, kind, actor, outcome))):
        raise InvalidEncodingError("not an event")
    if before > seq or at > MAX_AT:
        raise InvalidEncodingError("not an event")
    options = _decode_options(tree)
    try:
        event = Event(kind=EventKind(kind), actor=Actor(actor), outcome=Outcome(outcome), **options)
    except ValueError as err:
        raise InvalidEncodingError("an event of an unknown kind, actor or outcome") from err
    # INVARIANT: an event has one form. Written anew it is these bytes, or this is another one.
    if encode(event, seq, Instant(at), before) != data:
        raise InvalidEncodingError("not an event in its one form")
    return Logged(seq, Instant(at), before, event)


def _decode_options(tree: Mapping[Plain, Plain]) -> dict[str, Plain]:
    options: dict[str, Plain] = {}
    for key, value in tree.items():
        if key in _SAID:
            name, fits = _SAID[key], _is_count
        elif key in _KEYS:
            name, (fits, _) = _OPTIONS[key - _FIRST_OPTION]
        else:
            raise InvalidEncodingError("an event with an unknown field")
        if not fits(value):
            raise InvalidEncodingError(f"an event whose `{name}` has another form")
        options[name] = tuple(value) if isinstance(value, list) else value
    return options
