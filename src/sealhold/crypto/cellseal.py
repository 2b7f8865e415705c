"""Cells: values of a protected column, each sealed so that it opens in its own place alone.

- A cell is a form, the version of its key, a random nonce, and AES-256-GCM of the value: 33 bytes
  more than the value.
- The place is dataset, table, column, type and, where cells are bound to rows, the row's number.
- In form 2 the value was filled up: 0x80, then zeros to a multiple of `pad`. The form is part of
  the place, so a change of `pad` leaves older cells as they are, and nobody changes it.
- Made for many cells at once: ciphers and the place's head are prepared, nonces drawn together.

Source: docs/spec/55-protected-columns.md section 3; NIST SP 800-38D.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealhold.crypto.secret import Secret
from sealhold.model import cborwriter
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError

NONCE_BYTES: Final = 12
CELL_BYTES: Final = 33  # what a cell is longer than its value
MAX_CELLS: Final = 2**31  # of one key: random nonces of 96 bits

_PLAIN, _FILLED = 1, 2  # forms
_HEAD = struct.Struct(">BI").pack
_HEAD_BYTES = 5
_SEALED_AT = _HEAD_BYTES + NONCE_BYTES
_END = b"\x80"
_NO_ROW = b"\xf6"  # CBOR: null
_FILLED_MARK = b"\xf5"  # CBOR: true
_SMALL = 1 << 32  # row numbers below are shorter in CBOR
_long = struct.Struct(">BQ").pack
_LONG = b"\x1b"


class CellSealer:
    """All keys of one column, and the place of its cells.

    # INVARIANT: a key draws fewer than 2^31 random nonces: `count` is told before they are drawn.
    """

    def __init__(
        self,
        keys: Callable[[int], Secret],
        version: int,
        place: tuple[str, str, str, str],
        entropy: Entropy,
        pad: int = 0,
        count: Callable[[int], None] | None = None,
        oldest: int = 1,
    ) -> None:
        """Prepare for the cells of one column.

        Args:
            keys: gives the 32-byte key of a version, from 1.
            version: of the key that seals; all from `oldest` up to it open.
            place: dataset, table, column, type.
            entropy: where nonces come from.
            pad: values are filled up to a multiple of so many bytes; 0 for not.
            count: is told how many cells the newest key is about to seal, and raises where they
                are too many.
            oldest: the version of the key from which on cells open.
        """
        self._keys = keys
        self._oldest = oldest
        self._version = version
        self._entropy = entropy
        self._pad = pad
        self._count = count
        self._name = ".".join(place[1:3])
        names = b"".join(map(cborwriter.text, place))
        self._places = {
            _PLAIN: (cborwriter.head_of_list(5) + names, b""),
            _FILLED: (cborwriter.head_of_list(6) + names, _FILLED_MARK),
        }
        self._longs = {
            form: struct.Struct(f">{len(start + _LONG)}sQ{len(end)}s").pack
            for form, (start, end) in self._places.items()
        }
        self._ciphers: dict[int, AESGCM] = {}
        self._form = _FILLED if pad else _PLAIN
        self._head = _HEAD(self._form, version)
        self._cipher = self._cipher_of(version)

    def seal(self, values: Sequence[bytes], rows: Sequence[int] | None) -> list[bytes]:
        """Return each value sealed for its row; None for cells that are bound to no row.

        Raises:
            ValueError: not one row for each value.
            ExhaustedError: the key sealed as much as it may; by `count`.
        """
        if self._count is not None:
            self._count(len(values))
        nonces = self._entropy(NONCE_BYTES * len(values))
        if self._pad:
            values = [_filled(value, self._pad) for value in values]
        if len(values) == 1 and (rows is None or len(rows) == 1):
            place = self._place(self._form, rows, 0)
            return [self._head + nonces + self._cipher.encrypt(nonces, values[0], place)]
        each = [nonces[at : at + NONCE_BYTES] for at in range(0, len(nonces), NONCE_BYTES)]
        places = self._places_of(self._form, rows, len(values))
        sealed = map(self._cipher.encrypt, each, values, places)
        head = self._head
        return [head + nonce + data for nonce, data in zip(each, sealed, strict=True)]

    def open(self, cells: Sequence[bytes], rows: Sequence[int] | None) -> list[bytes]:
        """Return the value of each cell.

        Raises:
            SealBrokenError: one was changed, cut, moved, or sealed under another key.
            ValueError: not one row for each cell.
        """
        if len(cells) == 1 and (rows is None or len(rows) == 1):
            return [self._open_other(cells[0], rows, 0)]
        places = self._places_of(self._form, rows, len(cells))
        if not all(map(bytes.startswith, cells, repeat(self._head))):
            return [self._open_other(cell, rows, at) for at, cell in enumerate(cells)]
        try:
            # THREAT T610: the place is made of what was asked for, so a cell of another row,
            # column or table does not open.
            nonces = [cell[_HEAD_BYTES:_SEALED_AT] for cell in cells]
            sealed = [cell[_SEALED_AT:] for cell in cells]
            values = list(map(self._cipher.decrypt, nonces, sealed, places))
        except (InvalidTag, ValueError) as err:  # the latter for a nonce that was cut
            raise self._broken() from err
        return [self._emptied(value) for value in values] if self._pad else values

    def _open_other(self, cell: bytes, rows: Sequence[int] | None, at: int) -> bytes:
        """Open one cell, whose key or form may be another than that of new ones."""
        form = cell[0] if len(cell) >= CELL_BYTES else 0
        version = int.from_bytes(cell[1:_HEAD_BYTES])
        # THREAT T766: a cell under a key that was ended is not what the column holds now
        if form not in self._places or not self._oldest <= version <= self._version:
            raise self._broken()
        cipher, place = self._cipher_of(version), self._place(form, rows, at)
        try:
            value = cipher.decrypt(cell[_HEAD_BYTES:_SEALED_AT], cell[_SEALED_AT:], place)
        except InvalidTag as err:
            raise self._broken() from err
        return self._emptied(value) if form == _FILLED else value

    def _place(self, form: int, rows: Sequence[int] | None, at: int) -> bytes:
        start, end = self._places[form]
        return start + (_NO_ROW if rows is None else _counted(rows[at])) + end

    def _places_of(self, form: int, rows: Sequence[int] | None, count: int) -> Iterable[bytes]:
        """Return the place of each of `count` cells: deterministic CBOR.

        Raises:
            ValueError: not one row for each cell.
        """
        start, end = self._places[form]
        if rows is None:
            return repeat(start + _NO_ROW + end)
        if len(rows) != count:
            raise ValueError(f"{count} cells, {len(rows)} rows")
        if rows and min(rows) >= _SMALL:
            return map(self._longs[form], repeat(start + _LONG), rows, repeat(end))
        return [start + _counted(row) + end for row in rows]

    def _cipher_of(self, version: int) -> AESGCM:
        found = self._ciphers.get(version)
        if found is None:
            found = self._ciphers[version] = AESGCM(self._keys(version).reveal())
        return found

    def _emptied(self, value: bytes) -> bytes:
        bare = value.rstrip(b"\0")
        if bare[-1:] != _END:
            raise self._broken()
        return bare[:-1]

    def _broken(self) -> SealBrokenError:
        return SealBrokenError(f"a cell of `{self._name}` does not open in its place")


def _counted(row: int) -> bytes:
    """Return a row number in CBOR."""
    return _long(_LONG[0], row) if row >= _SMALL else cborwriter.count(row)


def _filled(value: bytes, pad: int) -> bytes:
    return value + _END + bytes(-(len(value) + 1) % pad)
