"""How cells become parameters of a statement.

- The driver asks each parameter that is `bytes` whether it would rather be something else, which
  takes ten times as long as binding it. A `bytearray` it takes as it is, and copies at once.

Source: docs/spec/04-stores.md section 6.
"""

from collections.abc import Iterable

from sealhold.stores.spec import Cell

Bound = Cell | bytearray


def bound(cells: Iterable[Cell]) -> list[Bound]:
    """Return `cells` as the driver takes them soonest."""
    return [bytearray(cell) if type(cell) is bytes else cell for cell in cells]
