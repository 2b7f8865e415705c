"""A secret on several cards of words, of which some are enough: SLIP-0039.

- Any `needed` of the cards give the secret; fewer give nothing of it, whoever has them.
- A card ends in a checksum: up to three wrong words are always noticed. Cards that do not belong
  together, or of which one was made up, give an error and never another secret: a digest of the
  secret is shared with it.
- The secret is 32 random bytes, so no work is spent on a passphrase, and none is asked for.

# THREAT T442: below the number needed, the cards are random to whoever holds them.
# THREAT T443: a card that was exchanged is noticed by the digest, before the secret is used.

Source: docs/spec/03-keys.md section 9.5; SLIP-0039.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sealhold.crypto.cardwords import NUMBERS, WORDS
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import CardError, InvalidError

FEWEST = 2  # cards that are needed: one alone would be the secret itself
MOST = 16  # cards of one set
_WORD_BITS = 10
_CHECK = 3  # words of the checksum
_HEAD = 4  # words before the value: 20 bits of the set, 20 bits of the card
_LEAST_WORDS = 20  # of a card: a secret of 128 bits
_MOST_PADDING = 8  # bits before a value
_DIGEST_AT, _SECRET_AT = 254, 255  # where on the line the digest and the secret lie
_DIGEST = 4  # bytes
_ROUNDS = 4
_WORK = 10_000  # rounds of PBKDF2 altogether, doubled by each step of the exponent
_GENERATOR = (
    0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009,
    0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120,
)  # fmt: skip  # of the checksum RS1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """What all cards of one set say alike."""

    number: int  # 15 bits, random
    extendable: bool
    exponent: int
    groups_needed: int
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """A card as it is read."""

    of: _Set
    group: int
    place: int
    needed: int
    value: bytes


def make(secret: Secret, needed: int, count: int, entropy: Entropy) -> tuple[str, ...]:
    """Return `count` cards, each of 33 words for a secret of 32 bytes; any `needed` give it back.

    Raises:
        InvalidError: not 2 to 16 cards, or more needed than there are, or fewer than two.
    """
    if not FEWEST <= needed <= count <= MOST:
        raise InvalidError(f"{FEWEST} to {MOST} cards, of which {FEWEST} or more are needed")
    number = int.from_bytes(entropy(2)) >> 1
    one = _Set(number=number, extendable=True, exponent=0, groups_needed=1, groups=1)
    values = _shared(_turned(secret.reveal(), b"", one, range(_ROUNDS)), needed, count, entropy)
    return tuple(
        _write(_Card(of=one, group=0, place=place, needed=needed, value=value))
        for place, value in enumerate(values)
    )


def join(texts: Iterable[str], passphrase: bytes = b"") -> Secret:
    """Return the secret of cards; more than are needed do no harm.

    Raises:
        CardError: a card is not read, they are of several sets, too few, or do not fit together.
    """
    cards = [_read(text, number) for number, text in enumerate(texts, start=1)]
    if not cards:
        raise CardError("no card was given")
    one = cards[0].of
    if any(card.of != one for card in cards):
        raise CardError("the cards are of different sets")
    values = dict(_groups(cards, one))
    if len(values) < one.groups_needed:
        raise CardError("too few cards")
    sealed = _recovered(values, one.groups_needed)
    return Secret(_turned(sealed, passphrase, one, reversed(range(_ROUNDS))), "recovery secret")


def needed_of(text: str) -> int:
    """Return how many cards of a card's set are needed.

    Raises:
        CardError: it is not read.
    """
    return _read(text, 1).needed


def _groups(cards: Sequence[_Card], one: _Set) -> Iterator[tuple[int, bytes]]:
    """Yield the value of each group of which enough cards are there.

    Raises:
        CardError: cards contradict each other, or the only group lacks some.
    """
    for group in sorted({card.group for card in cards}):
        mine = [card for card in cards if card.group == group]
        needed = mine[0].needed
        values = {card.place: card.value for card in mine}
        if any(card.needed != needed or values[card.place] != card.value for card in mine):
            raise CardError("the cards are of different sets")
        if len(values) >= needed:
            yield group, _recovered(values, needed)
        elif one.groups == 1:
            raise CardError(f"{needed} cards are needed, {len(values)} were given")


# --- sharing ---


def _shared(secret: bytes, needed: int, count: int, entropy: Entropy) -> list[bytes]:
    """Return the values of `count` cards."""
    pad = entropy(len(secret) - _DIGEST)
    points = {place: entropy(len(secret)) for place in range(needed - 2)}
    known = {**points, _DIGEST_AT: _digest(pad, secret) + pad, _SECRET_AT: secret}
    return [points.get(place) or _at(known, place) for place in range(count)]


def _recovered(values: Mapping[int, bytes], needed: int) -> bytes:
    """Return the secret of values of which `needed` and more are there.

    Raises:
        CardError: none of the choices among them has a right digest.
    """
    if len({len(value) for value in values.values()}) != 1:
        raise CardError("the cards are of different lengths")
    if needed == 1:
        return next(iter(values.values()))
    for chosen in combinations(sorted(values), needed):
        known = {place: values[place] for place in chosen}
        secret, shared = _at(known, _SECRET_AT), _at(known, _DIGEST_AT)
        if hmac.compare_digest(_digest(shared[_DIGEST:], secret), shared[:_DIGEST]):
            return secret
    raise CardError("the cards do not fit together: one of them is not as it was made")


def _digest(pad: bytes, secret: bytes) -> bytes:
    return hmac.digest(pad, secret, hashlib.sha256)[:_DIGEST]


def _at(known: Mapping[int, bytes], place: int) -> bytes:
    """Return the value at a place of the line through known places: Lagrange, byte by byte."""
    if place in known:
        return known[place]
    total = bytes(len(next(iter(known.values()))))
    whole = sum(_LOG[place ^ other] for other in known)
    for mine, value in known.items():
        below = sum(_LOG[mine ^ other] for other in known if other != mine)
        factor = (whole - _LOG[place ^ mine] - below) % 255
        part = bytes(_EXP[(_LOG[byte] + factor) % 255] if byte else 0 for byte in value)
        total = bytes(map(int.__xor__, total, part))
    return total


def _tables() -> tuple[list[int], list[int]]:
    """Return powers and logarithms of 3 in GF(256) modulo x^8 + x^4 + x^3 + x + 1."""
    exp, log, power = [0] * 255, [0] * 256, 1
    for n in range(255):
        exp[n], log[power] = power, n
        power ^= power << 1
        if power & 0x100:
            power ^= 0x11B
    return exp, log


_EXP, _LOG = _tables()


def _turned(value: bytes, passphrase: bytes, one: _Set, rounds: Iterable[int]) -> bytes:
    """Return a value through the four rounds between a secret and what is shared, or back."""
    half = len(value) // 2
    left, right = value[:half], value[half:]
    salt = b"" if one.extendable else b"shamir" + one.number.to_bytes(2)
    for number in rounds:
        key = hashlib.pbkdf2_hmac(
            "sha256",
            bytes([number]) + passphrase,
            salt + right,
            (_WORK << one.exponent) // _ROUNDS,
            half,
        )
        left, right = right, bytes(map(int.__xor__, left, key))
    return right + left


# --- words ---


def _write(card: _Card) -> str:
    one = card.of
    head = one.number << 5 | one.extendable << 4 | one.exponent
    for field in (card.group, one.groups_needed - 1, one.groups - 1, card.place, card.needed - 1):
        head = head << 4 | field
    length = -(-len(card.value) * 8 // _WORD_BITS)
    bits = head << length * _WORD_BITS | int.from_bytes(card.value)
    numbers = _numbers(bits, _HEAD + length)
    check = _checked(numbers + [0] * _CHECK, one.extendable) ^ 1
    return " ".join(WORDS[number] for number in (*numbers, *_numbers(check, _CHECK)))


def _read(text: str, nth: int) -> _Card:
    """Return a card from its words.

    Raises:
        CardError: a word is on no card, words lack, or the checksum does not fit.
    """
    words = text.lower().split()
    strange = next((word for word in words if word not in NUMBERS), None)
    if strange is not None:
        raise CardError(f"card {nth}: `{strange[:20]}` is on no card")
    if len(words) < _LEAST_WORDS:
        raise CardError(f"card {nth}: {len(words)} words; there are {_LEAST_WORDS} and more")
    numbers = [NUMBERS[word] for word in words]
    extendable = bool(numbers[1] >> 4 & 1)
    if _checked(numbers, extendable) != 1:
        raise CardError(f"card {nth}: a word is wrong, lacks or stands elsewhere")
    return _card(numbers, nth)


def _card(numbers: Sequence[int], nth: int) -> _Card:
    head, value = 0, 0
    for number in numbers[:_HEAD]:
        head = head << _WORD_BITS | number
    for number in numbers[_HEAD:-_CHECK]:
        value = value << _WORD_BITS | number
    padding = (len(numbers) - _HEAD - _CHECK) * _WORD_BITS % 16
    length = ((len(numbers) - _HEAD - _CHECK) * _WORD_BITS - padding) // 8
    if padding > _MOST_PADDING or value >> length * 8:
        raise CardError(f"card {nth}: its length is that of no card")
    group, groups_needed, groups, place, needed = (head >> at & 15 for at in (16, 12, 8, 4, 0))
    if groups_needed > groups:
        raise CardError(f"card {nth}: it wants more groups than there are")
    one = _Set(
        number=head >> 25,
        extendable=bool(head >> 24 & 1),
        exponent=head >> 20 & 15,
        groups_needed=groups_needed + 1,
        groups=groups + 1,
    )
    return _Card(of=one, group=group, place=place, needed=needed + 1, value=value.to_bytes(length))


def _numbers(bits: int, count: int) -> list[int]:
    return [bits >> at * _WORD_BITS & 1023 for at in reversed(range(count))]


def _checked(numbers: Sequence[int], extendable: bool) -> int:  # noqa: FBT001  # it is a field
    """Return the checksum RS1024: 1 for a whole card."""
    check = 1
    for number in (*(b"shamir_extendable" if extendable else b"shamir"), *numbers):
        top = check >> 20
        check = (check & 0xFFFFF) << _WORD_BITS ^ number
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                check ^= generator
    return check
