"""The keys that sign for the log: which of them is in force, and how another one takes over.

- Version 1 is the vault's named key `log-sign`, the others are named `log-sign-2` and so on. Beside
  each from 2 on, `log-said-2` and so on is the note in which it and the key before name each other.
- In force is the key that signed the head of the rows, and only if the key set still has it. A next
  one is made, and its note kept, before one commit puts it in force; then the one before goes.
- Rows that know an older key alone are an older day, and are told as that. With the owner's word
  they are gone on with: the notes tell their log what it forgot.
- The log is named by its first key, whatever key signs for it.

Source: docs/spec/05-audit-log.md section 9; docs/spec/28-rotation.md section 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.audit import log
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Appender, Entry, Keys, Successor
from sealhold.audit.reading import leaf_of, open_leaf, rows
from sealhold.audit.succession import (
    COMPROMISED,
    RETIRED,
    Succession,
    open_succession,
    sign_succession,
    write_file,
)
from sealhold.audit.tables import LEAF
from sealhold.crypto.digest import sha256
from sealhold.crypto.note import VerifierKey, open_note
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey, key_digest
from sealhold.model.errors import NotFoundError, RolledBackError, SealBrokenError, TamperedError
from sealhold.model.ids import JobId
from sealhold.model.shown.keys import LogKeysView, LogKeyView
from sealhold.stores.spec import ReadView
from sealhold.vault.core import Core
from sealhold.vault.keyring import LOG_SIGN, Keyring

SAID = "log-said"
OLDER = "`vault.db` is older than the keys of its log"


@dataclass(frozen=True, slots=True)
class Known:
    """Every key of a log that the key set knows of, the first one first."""

    line: tuple[VerifierKey, ...]
    notes: tuple[str, ...]  # one less


def known_to(ring: Keyring) -> Known:
    """Return the log keys that the key set knows of; the last may not be in force yet.

    Raises:
        TamperedError: they do not follow each other, or one is not that of its note.
    """
    notes = tuple(_notes(ring))
    said = [open_succession(note) for note in notes]
    newest = signer_of(ring, len(notes) + 1).public
    first = said[0].before.public if said else newest
    origin = f"sealhold/{key_digest(first)[:16]}"
    line = [VerifierKey(origin, first)]
    for each in said:
        # THREAT T355: a note counts if it goes on from the log's own key
        if (each.before, each.version) != (line[-1], len(line) + 1):
            raise TamperedError("the key set: the keys of the log do not follow each other")
        line.append(each.after)
    if line[-1].public != newest:
        raise TamperedError("the key set: the key of the log is not that of its note")
    return Known(tuple(line), notes)


def signer_of(ring: Keyring, version: int) -> SigningKey:
    """Return the key that signs for the log, of one version.

    Raises:
        TamperedError: the key set has none.
    """
    return SigningKey(ring.lies_in.named(key_name(version)))


def key_name(version: int) -> str:
    """Return what a version is called in the key set."""
    return LOG_SIGN if version == 1 else f"{LOG_SIGN}-{version}"


def end_of_log(view: ReadView, ring: Keyring) -> Appender:
    """Return the end of the vault's log, as one goes on with it who has its keys.

    If its rows are older than its keys, the keys of it are behind (`Keys.is_behind`).

    Raises:
        TamperedError: the head is gone, altered, or of none of the log's keys.
    """
    known, sealer = known_to(ring), Sealer(ring.named("log"))
    try:
        head = log.read_head(view, sealer, known.line)
        version = 1
        if head.size:
            version = known.line.index(open_note(head.note, known.line).signers[0]) + 1
        # THREAT T359: a key that is not in the set any more signs nothing, whatever the rows say
        held = version if ring.has_named(key_name(version)) else len(known.line)
        return log.load(view, Keys(known.line[:version], signer_of(ring, held)), sealer)
    except SealBrokenError as err:
        raise TamperedError("`vault.db`: the head of the log does not open") from err


def check_beside(view: ReadView, ring: Keyring, appender: Appender, note: str, size: int) -> None:
    """Check that HEAD, of `size` entries, is signed by the key that was in force then.

    Raises:
        RolledBackError: the rows are older than the keys.
        TamperedError: another key signed it.
    """
    if appender.keys.is_behind:
        raise RolledBackError(OLDER)
    line, own = appender.keys.line, Sealer(ring.named("log"))
    later = 0
    for found in rows(view, LEAF.name, (size,)):
        leaf = leaf_of(found)
        if leaf.subject == NOBODY:
            logged = open_leaf(leaf, lambda _: own).logged
            later += logged is not None and logged.event.kind is EventKind.LOG_KEY
    signers = open_note(note, known_to(ring).line).signers
    # THREAT T358: whoever kept a key that was succeeded signs no newer HEAD with it
    if line[len(line) - 1 - later] not in signers:
        raise TamperedError("`HEAD` is signed by a key of the log that was not in force")


def forget_older(ring: Keyring, keys: Keys) -> None:
    """Destroy the keys that were succeeded; their notes stay."""
    if not keys.is_behind:
        for version in range(1, len(keys.line)):
            ring.forget_named(key_name(version))


def succeeded(core: Core, job: JobId, *, compromised: bool) -> Entry:
    """Make the next key and its note, and return the entry that puts it in force."""
    ring, keys = core.keyring, core.writer.log.keys
    version = len(keys.line) + 1
    ring.add_named(key_name(version))
    after = signer_of(ring, version)
    next_ = VerifierKey(keys.line[0].name, after.public)
    said = Succession(version, keys.line[-1], next_, compromised)
    # THREAT T355: the key before vouches for the next one while it is there, and never after
    note = sign_succession(said, keys.signer, after)
    ring.keep_named(f"{SAID}-{version}", Secret(note.encode(), SAID))
    return _told(said, after, Actor.VAULT, job)


def missed(core: Core) -> tuple[Entry, ...]:
    """Return the entries that tell rows of an older day which keys came since; mostly none."""
    keys = core.writer.log.keys
    if not keys.is_behind:
        return ()
    known = known_to(core.keyring)
    said = [open_succession(note) for note in known.notes[len(keys.line) - 1 :]]
    return tuple(
        _told(each, keys.signer if each is said[-1] else None, Actor.VAULT, None) for each in said
    )


def file_of(core: Core) -> bytes:
    """Return the file by which others follow the log's keys: every note, the oldest first.

    Raises:
        NotFoundError: the log has its first key still.
    """
    known, now = known_to(core.keyring), len(core.writer.log.keys.line)
    if now == 1:
        raise NotFoundError("the log has its first key still")
    return write_file(known.notes[: now - 1])


def shown(core: Core) -> LogKeysView:
    """Return the log's keys as the faces show them, the newest first."""
    line = core.writer.log.keys.line
    notes = known_to(core.keyring).notes[: len(line) - 1]
    over = [COMPROMISED if open_succession(note).compromised else RETIRED for note in notes]
    states = [*over, "active"]
    return LogKeysView(
        origin=line[0].name,
        keys=tuple(
            LogKeyView(version, key_digest(key.public), str(key), state)
            for version, (key, state) in reversed([*enumerate(zip(line, states, strict=True), 1)])
        ),
        notes=notes,
    )


def _notes(ring: Keyring) -> Iterator[str]:
    version = 2
    while ring.has_named(f"{SAID}-{version}"):
        yield ring.lies_in.named(f"{SAID}-{version}").reveal().decode()
        version += 1


def _told(said: Succession, signer: SigningKey | None, actor: Actor, job: JobId | None) -> Entry:
    event = Event(
        kind=EventKind.LOG_KEY,
        actor=actor,
        digest=sha256(said.after.public),
        job=job,
        reason=COMPROMISED if said.compromised else RETIRED,
    )
    return Entry(event=event, successor=Successor(said.after.public, signer))
