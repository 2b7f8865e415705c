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


class MaskedError(PlanError):
    """It would tell a role more of a masked column than the mask shows (SH007)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(Refused(NOT_LISTED, message, hint))


def masked(column: Column, done: str) -> MaskedError:
    """Return the refusal of something else with a masked column than naming it as an output."""
    return MaskedError(
        f'{done} is not for your role on column "{column.name}", of which it is shown a mask',
        "name it alone as an output; a mask but `nothing` may also be compared by IS NULL",
    )


def cannot(column: Column, op: Op | str, *, is_stored: bool = False) -> PlanError:
    """Return the refusal of an operation that no technique of a column answers.

    If something `is_stored` in the column nothing is told of it, and a mask is no reason.
    """
    done = op.value if isinstance(op, Op) else op
    if column.mask is not None and not is_stored:
        return masked(column, done)
    techniques = ", ".join(each.name for each in column.techniques.values())
    hint = f"protect = [..., {_ALLOWS[op]}] would allow it" if isinstance(op, Op) else ""
    return NotPossibleError(
        f'{done} is not possible on column "{column.name}", protected by {techniques}', hint
    )
