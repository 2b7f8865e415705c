"""What a mailbox's admins ask of its relay: papers that the mailbox key signs.

- A paper names its mailbox, whose id is random for each relay, and a number that only rises: it
  counts once, at one relay.
- Opening a mailbox is signed too, so nobody opens one under a key that they do not have.

Source: docs/spec/14-relay.md section 4.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES, Id16

MAX_PAPER: Final = 65_536  # bytes; 1,000 ids of tokens need 17,000
MAX_NUMBER: Final = (1 << 53) - 1
VERSION: Final = 1


class Act(StrEnum):
    """What is asked."""

    OPEN = "open"  # a mailbox
    MINT = "mint"  # a token
    DROP = "drop"  # tokens
    REKEY = "rekey"  # another key; all tokens end
    END = "end"  # the mailbox, with all that lies in it


class Rights(StrEnum):
    """What a token is good for; each of `RANK` includes those before it."""

    LEAVE = "leave"  # puts keys under new names, and no more: for people who are no members
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"  # deletes, too


RANK: Final = (Rights.READ, Rights.WRITE, Rights.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One thing that is asked."""

    act: Act
    box: Id16
    number: int  # larger than that of any paper before
    key: bytes = b""  # of `open` and `rekey`: the public key from now on
    rights: Rights = Rights.READ  # of `mint`
    tokens: tuple[Id16, ...] = ()  # of `drop`


def signed(paper: Paper, key: SigningKey) -> bytes:
    """Return a paper under its signature, as it is sent."""
    said = pack(
        {
            "v": VERSION,
            "act": paper.act.value,
            "box": paper.box,
            "number": paper.number,
            "key": paper.key,
            "rights": paper.rights.value,
            "tokens": list(paper.tokens),
        }
    )
    return pack([said, key.sign(Tag.RELAY_PAPER, said)])


@dataclass(frozen=True, slots=True)
class Sent:
    """A paper that came, not yet checked against a key."""

    paper: Paper
    said: bytes
    signature: bytes

    def check(self, key: bytes) -> None:
        """Return if `key` signed it.

        Raises:
            BadSignatureError: it did not.
        """
        verify(PublicKey(key), Tag.RELAY_PAPER, self.said, self.signature)


def read(data: bytes) -> Sent:
    """Return the paper in `data`.

    Raises:
        InvalidEncodingError: there is none in its one form.
    """
    if len(data) > MAX_PAPER:
        raise InvalidEncodingError("a paper is too long")
    match unpack(data):
        case [bytes() as said, bytes() as signature]:
            return Sent(_paper(unpack(said)), said, signature)
        case _:
            raise InvalidEncodingError("not a signed paper")


def _paper(told: Plain) -> Paper:
    match told:
        case {
            "v": 1,
            "act": str() as act,
            "box": bytes() as box,
            "number": int() as number,
            "key": bytes() as key,
            "rights": str() as rights,
            "tokens": [*tokens],
            **more,
        } if not more and len(box) == ID_BYTES and 0 < number <= MAX_NUMBER:
            pass
        case _:
            raise InvalidEncodingError("not a paper of this version")
    needs_key = act in {Act.OPEN, Act.REKEY}
    if (
        act not in list(Act)
        or rights not in list(Rights)
        or len(key) != (PUBLIC_BYTES if needs_key else 0)
        or not all(isinstance(each, bytes) and len(each) == ID_BYTES for each in tokens)
    ):
        raise InvalidEncodingError("not a paper of this version")
    return Paper(
        act=Act(act),
        box=Id16(box),
        number=number,
        key=key,
        rights=Rights(rights),
        tokens=tuple(map(Id16, tokens)),
    )
