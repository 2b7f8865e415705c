"""The log's word on its own next key: a note that the key before and the key after both sign.

- The key before names its successor, so whoever trusts it comes to the next one without the vault.
  The key after names whom it follows, so older papers stay those of the same log.
- A note says nothing of size, time or content: it can be handed to anybody.
- A key that somebody else may know is given up by its own word: it counts for nothing any more
  where that word is at hand, and leads to no other. Two successors of one key are none.
- In a file stand all notes of a log, the oldest first; one that lacks a step is no file of these.

Source: docs/spec/05-audit-log.md section 9.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sealhold.audit.verdict import check_trust, judge
from sealhold.crypto.note import VerifierKey, cosign, make_note, open_note, parse_verifier_key
from sealhold.crypto.sign import SigningKey, is_named, key_digest
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, SealholdError
from sealhold.model.shown import Check, Verdict

FILE_TYPE = "application/vnd.sealhold.log-keys+json"
MAX_NOTES = 1_000  # in a file
NO_KEY = b""  # stands for keys of which none is left to trust: no key and no digest is empty
RETIRED, COMPROMISED = "retired", "compromised"  # what the key before is from then on

_FORM = "sealhold/log-succession/v1"
_PAPER = "this list of log keys"
_MARKS = (FILE_TYPE.encode(), _FORM.encode())


@dataclass(frozen=True, slots=True)
class Succession:
    """That one key of a log follows another."""

    version: int  # of the key after; the first key of a log has 1
    before: VerifierKey
    after: VerifierKey
    compromised: bool = False  # somebody else may know the key before

    def text(self) -> str:
        """Return the six lines that are signed."""
        word = COMPROMISED if self.compromised else RETIRED
        lines = (self.before.name, _FORM, f"{self.version}", word, self.before, self.after)
        return "".join(f"{line}\n" for line in lines)


def sign_succession(succession: Succession, before: SigningKey, after: SigningKey) -> str:
    """Return the note in which both keys vouch for `succession`."""
    name = succession.before.name
    return cosign(make_note(succession.text(), name, before), name, after)


def open_succession(note: str) -> Succession:
    """Return what a note says; whom to trust of the two keys in it is the caller's to judge.

    Raises:
        InvalidEncodingError: not a succession in its one form.
        BadSignatureError: one of the two keys did not sign it.
    """
    lines = note.split("\n")
    if len(lines) != 10 or lines[1] != _FORM or not lines[2].isdecimal():  # noqa: PLR2004  # reason: six lines, a gap, two signatures and the end
        raise InvalidEncodingError("not a succession of log keys")
    before, after = parse_verifier_key(lines[4]), parse_verifier_key(lines[5])
    found = Succession(int(lines[2]), before, after, lines[3] == COMPROMISED)
    opened = open_note(note, (before, after))
    # THREAT T355: a key counts as the next one by the word of the one before and by its own
    if opened.signers != (before, after) or before == after:
        raise BadSignatureError("a succession that not both keys signed")
    # INVARIANT: one succession, one form; so every line of it is compared
    if opened.text != found.text() or before.name != after.name or found.version < 2:  # noqa: PLR2004  # reason: the first key follows none
        raise InvalidEncodingError("not the one form of a succession of log keys")
    return found


def write_file(notes: Sequence[str]) -> bytes:
    """Return the file of the notes of one log."""
    return to_json({"notes": list(notes), "type": FILE_TYPE, "v": 1})


def read_file(data: bytes) -> tuple[Succession, ...]:
    """Return the successions in a file, the oldest first; there is one at least.

    Raises:
        InvalidEncodingError: not a file of these in its one form, or one that lacks a step.
        BadSignatureError: a note that not both its keys signed.
    """
    match from_json(data):
        case {"notes": [_, *_] as notes} if len(notes) <= MAX_NOTES and write_file(notes) == data:
            found = tuple(open_succession(str(note)) for note in notes)
        case _:
            raise InvalidEncodingError("not a list of log keys in its one form")
    steps = [(one.after, one.version + 1) for one in found]
    if [(each.before, each.version) for each in found[1:]] != steps[:-1]:
        raise InvalidEncodingError("a list of log keys lacks a step")
    return found


def looks_like_keys(data: bytes) -> bool:
    """Return whether `data` is a file of log keys, perhaps an altered one."""
    return any(mark in data for mark in _MARKS)


def verify_keys(data: bytes, pinned: Collection[bytes]) -> Verdict:
    """Return what holds of a file of log keys. `pinned`: log keys that the reader trusts."""
    return judge(_PAPER, _steps(data, pinned))


def successions_in(files: Iterable[bytes]) -> list[Succession]:
    """Return the successions in those of `files` that hold; an altered one counts for nothing."""
    found = list[Succession]()
    for data in files:
        if looks_like_keys(data):
            try:
                found.extend(read_file(data))
            except SealholdError:
                continue
    return found


def rivals(successions: Collection[Succession]) -> VerifierKey | None:
    """Return a key that named two successors, if there is one."""
    named: dict[bytes, bytes] = {}
    for each in successions:
        if named.setdefault(each.before.public, each.after.public) != each.after.public:
            return each.before
    return None


def led_to(pinned: Collection[bytes], successions: Collection[Succession]) -> set[bytes]:
    """Return the log keys that a reader trusts who trusts `pinned`: public keys, or digests.

    Trust follows a succession both ways. It follows none whose key before was given up, and of
    that key nothing is trusted any more. Of a reader who trusts a key the answer is never empty.
    """
    if not pinned:
        return set()
    # THREAT T356: with the old key a thief could name a successor, or sign what never was
    gone = [each.before.public for each in successions if each.compromised]
    trusted = {each for each in pinned if not any(is_named(key, (each,)) for key in gone)}
    if rivals(successions) is not None:
        return trusted or {NO_KEY}
    sound = sorted(
        (each for each in successions if not each.compromised), key=lambda each: each.version
    )
    for each in (*sound, *reversed(sound)):
        pair = (each.before.public, each.after.public)
        if any(is_named(key, trusted) for key in pair):
            trusted.update(key for key in pair if key not in gone)
    return trusted or {NO_KEY}


def _steps(data: bytes, pinned: Collection[bytes]) -> Iterator[Check]:
    found = read_file(data)
    yield Check(name="form", held=True, detail=f"{len(found) + 1} keys of {found[0].before.name}")
    for each in found:
        word = COMPROMISED if each.compromised else RETIRED
        told = f"key {each.version}, {key_digest(each.after.public)}; the one before is {word}"
        yield Check(name="signature", held=True, detail=told)
    keys = [found[0].before, *(each.after for each in found)]
    trusted = led_to(pinned, found)
    # THREAT T356: of a list by which the trusted key was given up, no key is trusted
    known = next((each for each in reversed(keys) if is_named(each.public, trusted)), keys[-1])
    yield check_trust(known.public, trusted)
