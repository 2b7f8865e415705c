"""Receipts of erasures: a signed statement on what was destroyed, that anybody can check.

- An in-toto statement in an envelope of `crypto.dsse`, by the vault's receipt key. Stage 1 says
  that keys and rows are gone; stage 2 says, too, how the slot of their epoch was destroyed.
- Who holds the person's id can see that it is theirs; who does not, learns nothing of it.
- The owner's copy holds the log's entry with its proof, which names the digest of these facts.
  An app's copy has neither that nor the epoch: places and counts tell what others do.
- What an erasure does not reach stands in each receipt, in words; what was kept under a duty stands
  there with its ground, and is among the facts that the log vouches for.

Source: docs/spec/27-rights.md sections 1 and 2; in-toto Statement v1.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass

from sealhold.audit.bundle import read_excerpt
from sealhold.audit.event import MAX_AT, EventKind, Outcome
from sealhold.audit.forms import read_count, read_hash, read_id, read_text
from sealhold.audit.verdict import check_trust, judge, no_proof
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.note import VerifierKey, parse_verifier_key
from sealhold.crypto.sign import PublicKey, SigningKey, is_named
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import BadProofError, BadSignatureError, InvalidEncodingError
from sealhold.model.ids import AppId, Id16, ReceiptId, SubjectId, canonical
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown import Check, Verdict
from sealhold.policy.holds import ground_of, stay_of

ERASURE_TYPE = "application/vnd.sealhold.erasure+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:sealhold:predicate:erasure:1"
NOT_COVERED = (
    "images of memory, and files that the system swapped out while the vault was open",
    "copies of the whole folder with the epoch's slot in it, snapshots of the disk among them",
    "answers that had left already, and copies that others hold",
    "whoever kept both a recovery secret and an old key that it opens",
    "in backups of the rows, until they expire: random ids, names of tables, counts, sizes, times",
)

_PAPER = "this receipt of an erasure"
_PLAIN_MARKS = (  # two places, so that one changed byte leaves one
    f'"payloadType":"{ERASURE_TYPE}"'.encode(),
    b'{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEi',
)
_MARKS = (  # of a receipt by itself, and of one within the answer to an erasure
    *_PLAIN_MARKS,
    *(mark.replace(b'"', rb"\"") for mark in _PLAIN_MARKS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneKey:
    """A key that was destroyed."""

    name: bytes  # 32 bytes, by `key_name`
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A recipient to whom a notice of the erasure was put out."""

    recipient: Id16
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What was kept of the person under one hold, sealed apart, and on what ground."""

    hold: Id16
    ground: str  # a DPV term of Article 17(3)
    law: str
    purpose: str  # a DPV term: the only one that it is read for
    until: Instant
    items: Mapping[str, int]  # how many, named as rows are
    lost: int  # how many did not open, and went

    def document(self) -> dict[str, Plain]:
        """Return it as it stands in a statement."""
        return {
            "ground": self.ground,
            "hold": canonical(self.hold),
            "items": dict(self.items),
            "law": self.law,
            "lost": self.lost,
            "purpose": self.purpose,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """How the slot was destroyed that older copies of the keys would need."""

    at: Instant
    method: str
    strength: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What every copy of a receipt says."""

    receipt: ReceiptId
    app: AppId
    person: bytes  # 32 bytes, by `person_name`
    at: Instant
    salt: bytes  # 32 random bytes: the log's digest of these facts cannot be guessed
    keys: tuple[GoneKey, ...]
    rows: Mapping[str, int]  # by table, and for records by `table/collection`
    told: tuple[Told, ...] = ()
    held: tuple[HeldBack, ...] = ()

    def document(self) -> dict[str, Plain]:
        """Return the facts as they stand in a statement, without the person."""
        # THREAT T320: what stays is among what the log vouches for; where nothing does, no word
        held = {"held": [each.document() for each in self.held]} if self.held else {}
        return {
            **held,
            "app": canonical(self.app),
            "at": self.at,
            "keys": [{"sha256": key.name.hex(), "version": key.version} for key in self.keys],
            "receipt": canonical(self.receipt),
            "recipients": [
                {"id": canonical(each.recipient), "name": each.name} for each in self.told
            ],
            "rows": dict(self.rows),
            "salt": self.salt.hex(),
        }

    @property
    def digest(self) -> bytes:
        """The 32 bytes by which the log's entry names these facts."""
        return sha256(to_json({**self.document(), "person": self.person.hex()}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What a receipt says."""

    facts: Facts
    closes_at: Instant  # by when the epoch is closed
    not_covered: tuple[str, ...] = NOT_COVERED
    epoch: int | None = None  # None in an app's copy, as is the entry
    entry: bytes | None = None  # the audit bundle of the log's entry
    destroyed: Destroyed | None = None  # None in stage 1

    @property
    def stage(self) -> int:
        """1 until the slot of the epoch is destroyed, then 2."""
        return 1 if self.destroyed is None else 2


def person_name(subject: SubjectId) -> bytes:
    """Return the SHA-256 of a person's id as text; the id is random, so nobody guesses it."""
    return sha256(canonical(subject).encode())


def key_name(subject: SubjectId, version: int) -> bytes:
    """Return the SHA-256 of `id/version` as text."""
    return sha256(f"{canonical(subject)}/{version}".encode())


def issue(erasure: Erasure, key: SigningKey) -> bytes:
    """Return `erasure` as the paper that `key` signs."""
    return dsse.sign(ERASURE_TYPE, _write(erasure, key.public), (key,))


def open_erasure(paper: bytes) -> tuple[Erasure, PublicKey]:
    """Return what a receipt says, and the key in it that signed it.

    Raises:
        InvalidEncodingError: not a receipt of an erasure in its one form.
        BadSignatureError: altered.
        BadProofError: the log's entry in it is not about this erasure.
    """
    _, claimed, _ = dsse.read_unverified(paper)
    _, issuer = _read(claimed)
    # THREAT T260: the signature is over the very bytes that are read
    erasure, signer = _read(dsse.open(paper, ERASURE_TYPE, {issuer}).payload)
    _log_key(erasure)
    return erasure, signer


def looks_like_erasure(data: bytes) -> bool:
    """Return whether `data` is a receipt of an erasure, or an answer with one; perhaps altered."""
    return any(mark in data for mark in _MARKS)


def verify_erasure(data: bytes, pinned: Collection[bytes], logs: Collection[bytes]) -> Verdict:
    """Return what holds of a receipt, or of the whole answer to an erasure, as it came.

    `pinned`, `logs`: trusted keys of vaults and of logs, or their digests.
    """
    if not looks_like_erasure(data):
        return no_proof("a receipt of an erasure")
    return judge(_PAPER, _steps(data, pinned, logs))


def _steps(data: bytes, pinned: Collection[bytes], logs: Collection[bytes]) -> Iterator[Check]:
    paper, said = _in_answer(data)
    erasure, issuer = open_erasure(paper)
    facts = erasure.facts
    # THREAT T260: what stands around a receipt is signed by nobody, and counts as far as it agrees
    if said is not None and said != _answer(erasure):
        raise BadSignatureError("the answer says something else than the receipt in it")
    what = f"person {facts.person.hex()[:16]}, stage {erasure.stage}, at {rfc3339(facts.at)}"
    yield _held("form", what)
    yield _held("rows", ", ".join(f"{n} of {name}" for name, n in sorted(facts.rows.items())))
    yield _held("keys", f"{len(facts.keys)} destroyed")
    yield from (_held("held", _kept(each)) for each in facts.held)
    yield _held("signature", "the issuer")
    key = _log_key(erasure)
    if key is None:
        yield _held("log", "an app's copy: it shows no place")
    else:
        if logs and not is_named(key.public, logs):
            raise BadSignatureError("the entry is of a log whose key you do not trust")
        yield _held("log", f"the entry stands in {key.name}")
    yield _held("older copies", _reach(erasure))
    yield check_trust(issuer, pinned)


def _in_answer(data: bytes) -> tuple[bytes, Plain]:
    """Return a receipt, and what else the answer says that it came in; None if it came alone."""
    match from_json(data):
        case {"paper": str() as paper, **said}:
            return paper.encode(), said
        case _:
            return data, None


def _answer(erasure: Erasure) -> Plain:
    """Return what an answer says beside the receipt."""
    return {
        "at": erasure.facts.at,
        "closes_at": erasure.closes_at,
        "receipt": canonical(erasure.facts.receipt),
        "rows": dict(erasure.facts.rows),
        "stage": erasure.stage,
        "stays": [_stay(each) for each in erasure.facts.held],
    }


def _stay(held: HeldBack) -> Plain:
    stay = stay_of(ground_of(held.ground), held.law, held.until, held.items)
    return {**asdict(stay), "items": dict(stay.items)}


def _reach(erasure: Erasure) -> str:
    gone = erasure.destroyed
    if gone is None:
        return f"of the keys may open until {rfc3339(erasure.closes_at)}; stage 2 will tell"
    return f"of the keys open nothing since {rfc3339(gone.at)}: {gone.method}, {gone.strength}"


def _kept(held: HeldBack) -> str:
    what = ", ".join(f"{n} of {name}" for name, n in sorted(held.items.items()))
    return f"{what} until {rfc3339(held.until)}, {held.ground}: {held.law}"


def _held(name: str, detail: str) -> Check:
    return Check(name=name, held=True, detail=detail)


def _log_key(erasure: Erasure) -> VerifierKey | None:
    """Return the key of the log that a receipt's entry stands in; None in an app's copy.

    Raises:
        InvalidEncodingError: not an audit bundle in its one form.
        BadSignatureError: the key in it did not sign the checkpoint.
        BadProofError: the entry is of another happening, or stands in no log.
    """
    if erasure.entry is None:
        return None
    event, facts = read_excerpt(erasure.entry).event, erasure.facts
    # THREAT T260: an entry about another erasure, or about other facts, vouches for nothing here
    if (event.kind, event.outcome, event.app, event.receipt, event.digest) != (
        EventKind.ERASE,
        Outcome.DONE,
        facts.app,
        facts.receipt,
        facts.digest,
    ):
        raise BadProofError("the log's entry is not about this erasure")
    return parse_verifier_key(from_json(erasure.entry)["key"])


def _write(erasure: Erasure, issuer: bytes) -> bytes:
    gone = erasure.destroyed
    return to_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"digest": {"sha256": erasure.facts.person.hex()}, "name": "person"}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                **erasure.facts.document(),
                "closes_at": erasure.closes_at,
                "destruction": gone
                and {"at": gone.at, "method": gone.method, "strength": gone.strength},
                "epoch": erasure.epoch,
                "issuer": issuer.hex(),
                "log": None if erasure.entry is None else from_json(erasure.entry),
                "not_covered": list(erasure.not_covered),
                "stage": erasure.stage,
            },
        }
    )


def _read(payload: bytes) -> tuple[Erasure, PublicKey]:
    match from_json(payload):
        case {"subject": [{"digest": {"sha256": person}}], "predicate": dict() as said}:
            pass
        case _:
            raise InvalidEncodingError("not a receipt of an erasure")
    try:
        issuer = PublicKey(read_hash(said["issuer"]))
        erasure = Erasure(
            facts=_read_facts(read_hash(person), said),
            closes_at=_read_at(said["closes_at"]),
            not_covered=tuple(read_text(each) for each in said["not_covered"]),
            epoch=None if said["epoch"] is None else read_count(said["epoch"]),
            entry=None if said["log"] is None else to_json(said["log"]),
            destroyed=_read_destroyed(said["destruction"]),
        )
    except (KeyError, TypeError, AttributeError) as err:
        raise InvalidEncodingError("not a receipt of an erasure") from err
    if (erasure.epoch is None) != (erasure.entry is None):
        raise InvalidEncodingError("a receipt names an epoch and an entry, or neither")
    # INVARIANT: one receipt, one form: no field twice said, none that is not read.
    if _write(erasure, issuer) != payload:
        raise InvalidEncodingError("not the one form of a receipt of an erasure")
    return erasure, issuer


def _read_facts(person: bytes, said: Mapping[str, Plain]) -> Facts:
    return Facts(
        receipt=ReceiptId(read_id(said["receipt"])),
        app=AppId(read_id(said["app"])),
        person=person,
        at=_read_at(said["at"]),
        salt=read_hash(said["salt"]),
        keys=tuple(
            GoneKey(name=read_hash(key["sha256"]), version=read_count(key["version"]))
            for key in said["keys"]
        ),
        rows={read_text(name): read_count(number) for name, number in said["rows"].items()},
        told=tuple(
            Told(recipient=read_id(each["id"]), name=read_text(each["name"]))
            for each in said["recipients"]
        ),
        held=tuple(_read_held(each) for each in said.get("held", ())),
    )


def _read_held(said: Mapping[str, Plain]) -> HeldBack:
    return HeldBack(
        hold=read_id(said["hold"]),
        ground=read_text(said["ground"]),
        law=read_text(said["law"]),
        purpose=read_text(said["purpose"]),
        until=_read_at(said["until"]),
        items={read_text(name): read_count(number) for name, number in said["items"].items()},
        lost=read_count(said["lost"]),
    )


def _read_destroyed(said: Plain) -> Destroyed | None:
    if said is None:
        return None
    return Destroyed(
        at=_read_at(said["at"]),
        method=read_text(said["method"]),
        strength=read_text(said["strength"]),
    )


def _read_at(value: Plain) -> Instant:
    if read_count(value) > MAX_AT:
        raise InvalidEncodingError("not a time")
    return Instant(value)
