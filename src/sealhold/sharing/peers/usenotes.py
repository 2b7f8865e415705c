"""What passes in a share space about uses: who asks for one, what is answered, what was done.

- An ask names a one-time key to which the answer is sealed; the answer's place names the note, so
  no answer can be put in the place of another.
- Sizes and types are checked before anything is believed.

Source: docs/spec/52-share-spaces.md section 4.
"""

from dataclasses import dataclass

from sealhold.crypto.digest import framed
from sealhold.crypto.hybrid import BoxKey, BoxPublic, box_public, seal_to
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError, SealBrokenError
from sealhold.model.ids import ID_BYTES, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.policy.shareterms import Action
from sealhold.sharing.devices.identity import MAX_MS

ANSWER_KIND, RECEIPT_KIND = "answer", "receipt"  # of notes that the owner's devices write
MAX_GIVEN = 65_536  # bytes that an answer carries
MAX_RECEIPT = 8_192
KEY_BYTES = 32
_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A use that somebody asks for."""

    grant: GrantId
    thing: Id16
    version: bytes  # 16
    action: Action
    purpose: Purpose
    box: BoxPublic  # one-time
    at: Instant  # by the clock of who asks

    def told(self) -> Plain:
        """Return this as a note holds it."""
        action = self.action.value
        return [
            _FORM,
            self.grant,
            self.thing,
            self.version,
            action,
            self.purpose,
            self.box,
            self.at,
        ]


def read_ask(told: Plain) -> Ask:
    """Return what a note asks for.

    Raises:
        InvalidEncodingError: not an ask.
        UnknownPurposeError: its purpose is not in the vocabulary.
    """
    match told:
        case [
            1,
            bytes(grant),
            bytes(thing),
            bytes(version),
            str(action),
            str(purpose),
            bytes(box),
            int(at),
        ] if (
            len(grant) == len(thing) == len(version) == ID_BYTES
            and action in tuple(Action)
            and 0 <= at < MAX_MS
        ):
            return Ask(
                grant=GrantId(Id16(grant)),
                thing=Id16(thing),
                version=version,
                action=Action(action),
                purpose=dpv.require(purpose),
                box=box_public(box),
                at=Instant(at),
            )
        case _:
            raise InvalidEncodingError("not an ask for a use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was answered: a number and what is sealed, or neither."""

    grant: GrantId
    number: int  # 0: denied
    sealed: bytes = b""

    @property
    def is_permitted(self) -> bool:
        """Whether the use was granted."""
        return self.number > 0

    def told(self) -> Plain:
        """Return this as a note holds it."""
        return [_FORM, self.grant, self.number, self.sealed]


def read_answer(told: Plain) -> Answered:
    """Return what a note answers.

    Raises:
        InvalidEncodingError: not an answer.
    """
    match told:
        case [1, bytes(grant), int(number), bytes(sealed)] if (
            len(grant) == ID_BYTES
            and 0 <= number < 1 << 31
            and bool(sealed) is (number > 0)
            and len(sealed) <= MAX_GIVEN
        ):
            return Answered(grant=GrantId(Id16(grant)), number=number, sealed=sealed)
        case _:
            raise InvalidEncodingError("not an answer to an ask")


def seal_answer(given: bytes, box: BoxPublic, collection: bytes, key: bytes) -> bytes:
    """Return what is given for a use, sealed to the one-time key of the note `key`."""
    # THREAT T585: nobody else of the space opens it, and in no other place
    return bytes(seal_to(box, given, _place(collection, key)))


def open_answer(sealed: bytes, box: Secret, collection: bytes, key: bytes) -> bytes:
    """Return what was given for the use that the note `key` asked for.

    Raises:
        SealBrokenError: changed, or for another ask.
    """
    return BoxKey(box).open(sealed, _place(collection, key))


def _place(collection: bytes, key: bytes) -> bytes:
    return framed(Tag.USE_ANSWER, collection, key)


def given_key(given: bytes) -> Secret:
    """Return the key that was given for a use.

    Raises:
        SealBrokenError: it is none.
    """
    if len(given) != KEY_BYTES:
        raise SealBrokenError("what was given for a use is no key")
    return Secret(given, "use key")
