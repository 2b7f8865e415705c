"""What devices tell each other of budgets that they share: what is wanted, what is lent.

- Each is a note of the collection of records; only what a device says of itself counts, and of
  slices only what the device says that counts the budgets.

Source: docs/spec/50-vault-in-sync.md section 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.crypto.digest import mac16
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.sharing.devices.slices import MAX_AMOUNT, MAX_TERM, Slice, read_slice
from sealhold.sharing.devices.state import State
from sealhold.vault.shares import Kind, Name

WANT, SLICE, SEEN = "want", "slice", "seen"  # kinds of notes
MAX_WANTS = 64  # of one device
MAX_SEEN = 512  # slices that a device tells of
MAX_TEXT = 128  # characters of a purpose or collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a device has of one budget, and needs."""

    budget: Name
    before: int  # spent by it before there were slices
    left: int  # of its slices
    last: int  # the highest number of a slice that it has
    need: int  # the most that one charge lacked


@dataclass(frozen=True, slots=True)
class Wants:
    """What a device has of budgets, and needs."""

    incarnation: Id16
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Which slices a device knows of, since it knows of a term."""

    term: int
    slices: tuple[Slice, ...]


def ledger_of(secret: Secret, budget: Name) -> Id16:
    """Return what all devices call a budget, 16 bytes; `secret` is the collection's."""
    year = budget.year.to_bytes(8, "big")
    parts = (b"budget", budget.kind.encode(), budget.text.encode(), year)
    return Id16(mac16(secret, Tag.NOTE, *parts))


def key_of(secret: Secret, leased: Slice) -> bytes:
    """Return the key of the note that tells of a slice, 16 bytes."""
    number = leased.number.to_bytes(8, "big")
    return mac16(secret, Tag.NOTE, b"slice", leased.ledger, number, leased.term.to_bytes(8, "big"))


def told_wants(said: Wants) -> Plain:
    """Return what a device wants as its note tells it."""
    each = [[*w.budget, w.before, w.left, w.last, w.need] for w in said.wants]
    return [said.incarnation, [[str(kind), *rest] for kind, *rest in each]]


def read_wants(told: Plain) -> Wants:
    """Return what a note tells of what a device wants.

    Raises:
        InvalidEncodingError: not as that is told.
    """
    match told:
        case [bytes(incarnation), list(wants)] if (
            len(incarnation) == ID_BYTES and len(wants) <= MAX_WANTS
        ):
            return Wants(Id16(incarnation), tuple(map(_want, wants)))
        case _:
            raise InvalidEncodingError("what a device wants is not told as it must be")


def _want(told: Plain) -> Want:
    match told:
        case [
            str(kind),
            str(text),
            int(year),
            int(before),
            int(left),
            int(last),
            int(need),
        ] if (
            all(0 <= each <= MAX_AMOUNT for each in (before, left, need)) and 0 <= last <= MAX_TERM
        ):
            budget = read_name([kind, text, year])
            return Want(budget=budget, before=before, left=left, last=last, need=need)
        case _:
            raise InvalidEncodingError("what a device wants is not told as it must be")


def read_name(told: Plain) -> Name:
    """Return a budget as it is told.

    Raises:
        InvalidEncodingError: not as a budget is told.
    """
    match told:
        case [str(kind), str(text), int(year)] if (
            kind in tuple(Kind) and len(text) <= MAX_TEXT and 0 <= year < MAX_TERM
        ):
            return Name(Kind(kind), text, year)
        case _:
            raise InvalidEncodingError("a budget is not told as it must be")


def told_slice(budget: Name, leased: Slice) -> Plain:
    """Return a slice as its note tells it."""
    return [[budget.kind.value, budget.text, budget.year], leased.told()]


def slices(state: State, secret: Secret, device: bytes) -> Iterator[tuple[Name, Slice]]:
    """Yield the slices that a device said it lent; what is not as it must be is left out."""
    for key, note in state.notes(SLICE):
        match note.told:
            case [list(named), list(told)] if note.device == device:
                pass
            case _:
                continue
        try:
            budget, leased = read_name(named), read_slice(told)
        except InvalidEncodingError:
            continue
        # THREAT T526: a slice of one budget stands for no other, and each under its own number
        if leased.ledger == ledger_of(secret, budget) and key == key_of(secret, leased):
            yield budget, leased


def wants(state: State) -> dict[bytes, Wants]:
    """Return what each device said that it wants."""
    found: dict[bytes, Wants] = {}
    for key, note in state.notes(WANT):
        if note.device == key:
            try:
                found[key] = read_wants(note.told)
            except InvalidEncodingError:
                continue
    return found


def told_seen(said: Seen) -> Plain:
    """Return which slices a device knows of as its note tells it."""
    return [said.term, [each.told() for each in said.slices]]


def seen(state: State) -> dict[bytes, Seen]:
    """Return which slices each device said that it knows of."""
    found: dict[bytes, Seen] = {}
    for key, note in state.notes(SEEN):
        match note.told:
            case [int(term), list(told)] if note.device == key and len(told) <= MAX_SEEN:
                pass
            case _:
                continue
        try:
            found[key] = Seen(term, tuple(read_slice(each) for each in told))
        except InvalidEncodingError:
            continue
    return found
