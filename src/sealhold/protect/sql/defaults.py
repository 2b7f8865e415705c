"""The default of a protected column: a cell that the comment on the column holds.

Source: docs/spec/60-statements.md section 10.
"""

from sealhold.model.errors import SealBrokenError
from sealhold.protect.sql.names import Attribute
from sealhold.protect.sql.plan import Refused
from sealhold.protect.sql.refusing import PlanError


def default_of(attribute: Attribute) -> bytes | None:
    """Return the value of a column for which none is given, in binary send form.

    Raises:
        PlanError: the cell was changed at the provider, or is another column's.
    """
    if attribute.column is None or attribute.default is None:
        return None
    try:
        return attribute.column.decode([attribute.default], [0])[0]
    except SealBrokenError as err:
        raise PlanError(
            Refused(
                "SH003", f'the default of column "{attribute.name}" was changed at the provider'
            )
        ) from err
