"""Why a statement is not sent: what cannot be resolved, what a protection cannot do, what is wrong.

- These are raised while a statement is planned, and end in a `Refused` plan. What could be done on
  opened rows instead is tried before.

Source: docs/spec/60-statements.md section 7.
"""

from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.spec import Op
from sealhold.protect.sql.plan import Refused

CANNOT_RESOLVE: Final = "SH001"
NOT_POSSIBLE: Final = "SH002"
NOT_LISTED: Final = "SH007"

_ALLOWS: Final = {
    Op.EQUAL: "match, deterministic or order",
    Op.JOIN: "match or deterministic in one domain on both sides",
    Op.GROUP: "match or deterministic",
    Op.RANGE: "order",
    Op.SORT: "order",
    Op.EXTREME: "order",
    Op.WORD: "words",
    Op.SUM: "he-sum",
}


class PlanError(Exception):
    """A statement that is not sent."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class WrongError(PlanError):
    """The statement is wrong, as PostgreSQL would say too."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(Refused(sqlstate, message))


class CannotResolveError(PlanError):
    """It is not certain what the statement would show (SH001)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(Refused(CANNOT_RESOLVE, message, hint))


class NotListedError(PlanError):
    """The policy does not know the table (SH007)."""

    def __init__(self, schema: str, name: str) -> None:
        super().__init__(
            Refused(
                NOT_LISTED,
                f'table "{schema}.{name}" is not in the protection policy',
                'list it there, or set default = "clear"',
            )
        )


class NotPossibleError(PlanError):
    """The provider cannot do it on what it keeps (SH002); on opened rows it may be possible."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(Refused(NOT_POSSIBLE, message, hint))


def cannot(column: Column, op: Op | str) -> NotPossibleError:
    """Return the refusal of an operation that no technique of a column answers."""
    done = op.value if isinstance(op, Op) else op
    techniques = ", ".join(each.name for each in column.techniques.values())
    hint = f"protect = [..., {_ALLOWS[op]}] would allow it" if isinstance(op, Op) else ""
    return NotPossibleError(
        f'{done} is not possible on column "{column.name}", protected by {techniques}', hint
    )
