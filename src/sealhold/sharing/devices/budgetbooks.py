"""The books of the device that counts budgets, as it keeps them: one row each, and one of its role.

- They decide, so they are in the set hash; a row is written in the commit that tells of a slice.

Source: docs/spec/50-vault-in-sync.md section 6.
"""

from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.errors import TamperedError
from sealhold.model.ids import Id16
from sealhold.sharing.devices.slices import Book, read_slice
from sealhold.stores.spec import Op, Put
from sealhold.vault.core import Core
from sealhold.vault.shares import Name, tag_of
from sealhold.vault.syncrows import BOOKS

_ROLE = bytes(16)  # the row that says since when this device counts


@dataclass(frozen=True, slots=True)
class Role:
    """Since when this device counts."""

    term: int
    incarnation: bytes  # 16
    year: int
    previous: bytes  # 16: the device that counted before; empty: none did


@dataclass(frozen=True, slots=True)
class Kept:
    """The book of one budget, and what was counted of each device's spending before slices."""

    book: Book
    before: dict[bytes, int]


class Books:
    """The books of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def role(self) -> Role | None:
        """Since when this device counts; None if it never did."""
        match self._read(_ROLE):
            case [int(term), bytes(incarnation), int(year), bytes(previous)]:
                return Role(term, incarnation, year, previous)
            case _:
                return None

    def put_role(self, role: Role) -> Op:
        """Return what keeps since when this device counts."""
        return self._put(_ROLE, [role.term, role.incarnation, role.year, role.previous])

    def get(self, budget: Name, ledger: Id16, cap: int) -> Kept | None:
        """Return the book of a budget, of whichever term."""
        told = self._read(self._tag(budget))
        return None if told is None else _kept(ledger, cap, told)

    def put(self, budget: Name, kept: Kept) -> Op:
        """Return what keeps the book of a budget."""
        book = kept.book
        out = [book.out[number].told() for number in sorted(book.out)]
        before = [[device, kept.before[device]] for device in sorted(kept.before)]
        return self._put(self._tag(budget), [book.term, book.charged, book.last, out, before])

    def _tag(self, budget: Name) -> bytes:
        return tag_of(self._core.keys.budgets, budget)

    def _put(self, key: bytes, told: Plain) -> Op:
        return Put(BOOKS.name, (key, self._core.papers.seal(BOOKS.name, (key,), told)))

    def _read(self, key: bytes) -> Plain:
        found = self._core.deciding.get(BOOKS.name, key)
        return None if found is None else self._core.papers.open(BOOKS.name, (key,), found.row[1])


def _kept(ledger: Id16, cap: int, told: Plain) -> Kept:
    match told:
        case [int(term), int(charged), int(last), list(out), list(before)]:
            slices = {each.number: each for each in map(read_slice, out)}
            book = Book(ledger=ledger, term=term, cap=cap, charged=charged, out=slices, last=last)
            return Kept(book, {bytes(device): int(used) for device, used in before})
        case _:
            raise TamperedError("the book of a budget is not what was written")
