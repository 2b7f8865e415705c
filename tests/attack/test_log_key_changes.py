"""Attacks on the change of the log's key: by who signs, puts rows back, or kept the old key."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from sealhold.audit.bundle import prove_entry
from sealhold.audit.checkpoint import sign_checkpoint
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry, Keys, Successor
from sealhold.audit.succession import (
    Succession,
    led_to,
    open_succession,
    read_file,
    sign_succession,
    verify_keys,
    write_file,
)
from sealhold.audit.tables import CHECKPOINT, HEAD, HEAD_NAME, checkpoint_aad, head_aad
from sealhold.compute.verify import verify_files
from sealhold.crypto.digest import sha256
from sealhold.crypto.note import Checkpoint, VerifierKey, cosign, make_note
from sealhold.crypto.seal import NOBODY
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    InvalidError,
    RolledBackError,
    TamperedError,
)
from sealhold.model.ids import canonical
from sealhold.stores.spec import Put
from tests.attack.bent_log import NOON, ORIGIN, Log
from tests.scenarios.vaults import PASSPHRASE, new_home, opened


def signing(name: str) -> SigningKey:
    return SigningKey(Secret(sha256(name.encode()), name))


def verifier(key: SigningKey, name: str = ORIGIN) -> VerifierKey:
    return VerifierKey(name, key.public)


OLD, NEW, THIRD, THIEF = map(signing, ("old", "new", "third", "thief"))


def said(
    before: SigningKey, after: SigningKey, version: int = 2, *, compromised: bool = False
) -> Succession:
    return Succession(version, verifier(before), verifier(after), compromised)


def note(before: SigningKey, after: SigningKey, version: int = 2, *, gone: bool = False) -> str:
    return sign_succession(said(before, after, version, compromised=gone), before, after)


def told(after: SigningKey, *, of: SigningKey | None = None) -> Entry:
    named = sha256((of or after).public)
    event = Event(kind=EventKind.LOG_KEY, actor=Actor.VAULT, digest=named, reason="retired")
    return Entry(event=event, successor=Successor(after.public, after))


def turned() -> Log:
    """Return a log of 12 entries; from the entry 10 on the key `NEW` signs."""
    log = Log().fill(batches=2)
    log.write(told(NEW))
    log.write(log.entry())
    assert log.check().whole
    return log


def head_by(log: Log, signer: SigningKey) -> str:
    """Return the newest checkpoint of a log as another key signs it."""
    frontier = log.appender.head.frontier
    newest = Checkpoint(origin=ORIGIN, size=frontier.size, root=frontier.root())
    return sign_checkpoint(newest, signer)


# --- who may name a successor ---


@pytest.mark.threat("T355")
@pytest.mark.parametrize("signers", [(OLD, THIEF), (THIEF, NEW), (OLD,), (NEW,), (NEW, OLD)])
def test_a_succession_that_not_both_keys_signed_in_turn_is_none(
    signers: Sequence[SigningKey],
) -> None:
    forged = make_note(said(OLD, NEW).text(), ORIGIN, signers[0])
    for each in signers[1:]:
        forged = cosign(forged, ORIGIN, each)

    with pytest.raises((BadSignatureError, InvalidEncodingError)):
        open_succession(forged)
    assert verify_keys(write_file([forged]), [OLD.public]).exit_code == 6


@pytest.mark.threat("T355")
def test_no_byte_of_a_succession_can_be_another() -> None:
    data = write_file([note(OLD, NEW)])
    assert verify_keys(data, [OLD.public]).exit_code == 0

    for at in range(0, len(data), 3):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert verify_keys(changed, [OLD.public]).exit_code == 6


@pytest.mark.threat("T355")
@pytest.mark.parametrize(
    "bent",
    [
        Succession(1, verifier(OLD), verifier(NEW)),
        Succession(2, verifier(OLD), verifier(NEW, "sealhold.example/other")),
        Succession(2, verifier(OLD), verifier(OLD)),
    ],
)
def test_a_succession_out_of_its_form_is_none_though_its_keys_signed_it(bent: Succession) -> None:
    forged = make_note(bent.text(), bent.before.name, OLD)
    forged = cosign(forged, bent.after.name, NEW if bent.after.public == NEW.public else OLD)

    with pytest.raises((BadSignatureError, InvalidEncodingError)):
        open_succession(forged)


@pytest.mark.threat("T355")
def test_a_list_that_lacks_a_step_or_has_one_twice_is_none() -> None:
    first, second = note(OLD, NEW), note(NEW, THIRD, 3)

    assert len(read_file(write_file([first, second]))) == 2
    for notes in ([second, first], [first, first], [first, note(NEW, THIRD, 4)], []):
        with pytest.raises(InvalidEncodingError):
            read_file(write_file(notes))


@pytest.mark.threat("T356")
def test_a_thief_of_the_old_key_who_names_another_successor_is_found_by_both() -> None:
    log = turned()
    forged = Log(b"forged")
    forged.appender = type(forged.appender)(Keys.first(ORIGIN, THIEF), forged.keys[NOBODY])
    forged.write(forged.entry())
    bundle = prove_entry(forged.store, 0, forged.keys.get, forged.appender.known)
    rival = write_file([note(log.signer, THIEF)])
    true = write_file([note(log.signer, NEW)])
    pins = {"log": [log.signer.public]}

    assert verify_files([true, log.bundle(3)], pins, at=NOON).exit_code == 0
    both = verify_files([rival, true, bundle], pins, at=NOON)
    assert (both.exit_code, "two keys claim" in both.sentence) == (6, True)
    assert verify_files([true, log.bundle(3), rival], pins, at=NOON).exit_code == 6


@pytest.mark.threat("T356")
def test_from_a_key_that_was_given_up_trust_leads_nowhere_and_back_to_it_neither() -> None:
    way = [said(OLD, NEW, compromised=True), said(NEW, THIRD, 3)]

    assert led_to([OLD.public], way) == {b""}  # a key that is no key: nothing is signed by it
    assert led_to([sha256(OLD.public)], way) == {b""}
    assert led_to([THIRD.public], way) == {NEW.public, THIRD.public}
    assert led_to([THIEF.public], way) == {THIEF.public}
    assert led_to([], way) == set()


# --- what the log itself says ---


@pytest.mark.threat("T357")
def test_no_key_signs_for_the_log_that_no_entry_tells_of() -> None:
    log = Log().fill(batches=1)
    plain, named = log.entry(), told(NEW)

    for entry in (
        Entry(event=plain.event, successor=Successor(NEW.public, NEW)),
        Entry(event=named.event),
        told(NEW, of=THIEF),
        Entry(event=named.event, successor=Successor(NEW.public, THIEF)),
    ):
        with pytest.raises(InvalidError):
            log.write(entry)
    assert log.appender.key == verifier(log.signer)
    assert log.check().whole


@pytest.mark.threat("T357")
def test_a_log_that_went_on_under_another_key_without_an_entry_is_named() -> None:
    log = Log().fill(batches=1)
    sealer, head = log.keys[NOBODY], log.appender.head
    keys = Keys((verifier(log.signer), verifier(NEW)), NEW)
    log.appender = type(log.appender)(keys, sealer, head)
    log.write(log.entry())

    faults = log.check().faults

    assert any(fault.startswith("checkpoint of 6 entries:") for fault in faults)
    assert any(fault.startswith("head of the log:") for fault in faults)


@pytest.mark.threat("T357")
def test_an_entry_that_names_a_key_which_is_none_of_the_logs_is_named() -> None:
    log = Log().fill(batches=1)
    log.write(told(THIEF))

    log.appender = type(log.appender)(
        Keys((verifier(log.signer), verifier(NEW)), NEW), log.keys[NOBODY], log.appender.head
    )

    assert any("names a key that is none" in fault for fault in log.check().faults)


@pytest.mark.threat("T358")
def test_a_checkpoint_or_head_by_the_old_key_behind_the_change_is_named() -> None:
    log = turned()
    own, size = log.keys[NOBODY], log.appender.head.size
    forged = head_by(log, log.signer)
    sealed = own.seal(forged.encode(), checkpoint_aad(size), log.entropy)
    true = log.row(CHECKPOINT.name, size)

    log.change(Put(CHECKPOINT.name, (size, sealed)))
    assert [each[:25] for each in log.check().faults] == ["checkpoint of 12 entries:"]

    log.change(Put(CHECKPOINT.name, true))
    head = log.appender.head
    kept = pack({1: head.at, 2: list(head.frontier.edge), 3: forged})
    sealed = own.seal(kept, head_aad(head.batch, size), log.entropy)
    log.change(Put(HEAD.name, (HEAD_NAME, size, head.batch, sealed)))
    assert [each[:16] for each in log.check().faults] == ["head of the log:"]


@pytest.mark.threat("T358")
def test_a_checkpoint_kept_outside_counts_under_the_key_of_its_day_alone() -> None:
    log = Log().fill(batches=2)
    old = log.appender.head.note
    log.write(told(NEW))

    assert log.check(newest=old).whole
    assert log.check(newest=log.appender.head.note).whole
    assert not log.check(newest=head_by(log, log.signer)).whole  # of 11 entries, by the old key
    assert not log.check(newest=head_by(log, THIEF)).whole


# --- a home ---


def put_back(home: Path, kept: Path, *names: str) -> None:
    for ending in ("-wal", "-shm"):
        if "vault.db" in names:
            (home / f"vault.db{ending}").unlink(missing_ok=True)
    for name in names:
        shutil.copy(kept / name, home / name)


@pytest.mark.threat("T358")
@pytest.mark.threat("T359")
def test_head_by_the_old_key_and_an_old_home_do_not_open(tmp_path: Path) -> None:
    home, kept = new_home(tmp_path / "home"), tmp_path / "kept"
    with opened(home) as node:
        old = node.parts.core.writer.log.keys.signer  # as a thief has it
    shutil.copytree(home, kept)
    with opened(home) as node:
        job = node.rotation.begin("log", "", PASSPHRASE, compromised=False, throttle=0)
        node.rotation.run(canonical(job.id))
    with opened(home) as node:
        state = node.audit.state()
    true = (home / "HEAD").read_text()
    origin, size, *_ = true.split("\n")
    newest = Checkpoint(origin=origin, size=int(size), root=bytes.fromhex(state.root))
    forged = sign_checkpoint(newest, old)

    (home / "HEAD").write_text(forged)
    with pytest.raises(TamperedError, match="not in force"), opened(home):
        raise AssertionError("open")
    put_back(home, kept, "HEAD")
    with pytest.raises(RolledBackError), opened(home):
        raise AssertionError("open")
    put_back(home, kept, "HEAD", "vault.db")  # which fit each other, and not the keys
    with pytest.raises(RolledBackError, match="keys of its log"), opened(home):
        raise AssertionError("open")


@pytest.mark.threat("T355")
def test_a_note_beside_the_keys_that_another_key_signed_opens_no_vault(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    with opened(home) as node:
        ring = node.parts.core.keyring
        known = node.parts.core.writer.log.known[0]
        forged = Succession(2, VerifierKey(known.name, THIEF.public), verifier(NEW, known.name))
        kept = Secret(sign_succession(forged, THIEF, NEW).encode(), "note")
        ring.add_named("log-sign-2")
        ring.keep_named("log-said-2", kept)

    with pytest.raises(TamperedError), opened(home):
        raise AssertionError("open")


def test_a_succession_is_no_checkpoint_and_a_checkpoint_no_succession() -> None:
    log = turned()
    assert not log.check(newest=note(log.signer, NEW)).whole
    with pytest.raises(InvalidEncodingError):
        open_succession(log.appender.head.note)
