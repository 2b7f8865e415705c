"""`fpe`: the column itself, as text of the same length and alphabet."""

from collections.abc import Sequence
from typing import ClassVar

from sealhold.crypto.ff1 import Ff1
from sealhold.model.errors import InvalidError, SealBrokenError
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import CELL, Leak, Op


class Fpe:
    """Texts of one column under FF1. Nothing tells a changed one: it opens to another text."""

    name: ClassVar[str] = "fpe"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset({Op.EQUAL, Op.JOIN, Op.GROUP})
    sql_type: str = "text"

    def __init__(self, cipher: Ff1) -> None:
        self._cipher = cipher

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak(
                "which rows are equal in this column, and how often each value occurs",
                "frequency analysis: who knows how often each value occurs reads the common ones",
            ),
            Leak("the length and alphabet of each value", ""),
            Leak("which values are NULL", ""),
            Leak("nothing more, but a change by the provider is not noticed", "changed values"),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        try:
            texts = self._cipher.encrypt([value.decode() for value in values])
        except InvalidError as err:
            raise TypeRefusedError(f"`fpe` cannot hold {err}") from err
        return [text.encode() for text in texts]

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        try:
            texts = self._cipher.decrypt([value.decode() for value in stored])
        except (InvalidError, UnicodeDecodeError) as err:
            raise SealBrokenError("a stored text is none that `fpe` makes") from err
        return [text.encode() for text in texts]
