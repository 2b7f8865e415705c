"""`paillier-sum`: a ciphertext beside the cell that can be added to others, and made larger by one.

A sum needs somebody at the provider who multiplies: a `csp-agent`. So it is no `Technique`; a
statement uses it like this:

- INSERT and UPDATE: `sums.sealed([value])` goes into the companion column `<c>_p`.
- SUM with WHERE and GROUP BY: the agent is named the rows of each group, and multiplies what their
  companions hold (`crypto.paillier.PaillierAdder`); then `sums.opened(answer)`.
- `SET x = x + 1`: the agent is given `sums.sealed([1])` to multiply in. The cell lags then.

Nothing tells a wrong answer: `he-sum` is for who must notice.
"""

from collections.abc import Iterable
from typing import ClassVar

from sealhold.crypto.paillier import PaillierKey
from sealhold.model.clock import Entropy
from sealhold.protect.spec import Leak, Op


class PaillierSum:
    """The sums of one column of whole or scaled numbers."""

    name: ClassVar[str] = "paillier-sum"
    suffix: ClassVar[str] = "_p"
    answers: ClassVar[frozenset[Op]] = frozenset({Op.SUM})
    exact: ClassVar[bool] = True
    sql_type: str = "bytea"

    def __init__(self, key: PaillierKey, entropy: Entropy) -> None:
        self._key = key
        self._entropy = entropy

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak("for each sum, which rows were added up", "who knows some values learns others"),
            Leak("nothing more, but a changed sum is not noticed", "changed sums"),
        )

    def sealed(self, values: Iterable[int]) -> list[bytes]:
        """Return the ciphertext of each value, 512 bytes, each time another one."""
        return self._key.encrypt(values, self._entropy)

    def opened(self, answer: bytes) -> int:
        """Return the sum in an answer.

        Raises:
            SealBrokenError: not a ciphertext.
        """
        return self._key.decrypt(answer)
