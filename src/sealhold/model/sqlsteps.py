"""What goes to an SQL server in one call: statements, each with its parameters.

Source: docs/spec/04-stores.md section 10.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

Cells = tuple[Any, ...]  # reason: bytes, int, str or bool, as the statement says; or lists of them


class Ask(msgspec.Struct, frozen=True):
    """One statement; its rows come back."""

    sql: str
    cells: Sequence[Any] = ()


class AskEach(msgspec.Struct, frozen=True):
    """One statement, once with each of the parameters; the rows of all of them come back."""

    sql: str
    each: Sequence[Cells]


class Do(msgspec.Struct, frozen=True):
    """One statement; how many rows it changed comes back, as one row of one number."""

    sql: str
    cells: Sequence[Any] = ()


Step = Ask | AskEach | Do
