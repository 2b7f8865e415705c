"""The words of ODRL that are spoken here, and those of our profile beside them.

- Left operands: `dateTime`, `count`, `purpose`, `recipient`, `spatial`, `elapsedTime`, and of the
  profile `sealhold:rows`. Operators: `eq`, `lt`, `lteq`, `gt`, `gteq`, `isAnyOf`, `isNoneOf`.
- A filter that is one circle is said as `spatial`, by a URI of RFC 5870; any other as it stands.

Source: docs/spec/49-sharing.md section 9; RFC 5870.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.policy.shareterms import Action

SHARE: Final = "urn:sealhold:share:"
CONTACT: Final = "urn:sealhold:contact:"
OBJECT: Final = "urn:sealhold:object:"
DATASET: Final = "urn:sealhold:dataset:"
EVERY_ACTION: Final = "use"  # of ODRL: the action that all others lie in
ROWS: Final = "sealhold:rows"
FIELDS: Final = "sealhold:fields"
PER: Final = "sealhold:per"
ACTIONS: Final[Mapping[Action, str]] = {
    Action.VIEW: "read",
    Action.SEARCH: "sealhold:search",
    Action.COMPUTE: "sealhold:compute",
    Action.EDIT: "modify",
    Action.EXPORT: "reproduce",
    Action.RESHARE: "grantUse",
}
OPERATORS: Final = frozenset({"eq", "lt", "lteq", "gt", "gteq", "isAnyOf", "isNoneOf"})

_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
_CIRCLE: Final = re.compile(rf"within\((\w+), (\w+), {_NUMBER}, {_NUMBER}, {_NUMBER}\)", re.ASCII)
_GEO: Final = re.compile(rf"geo:{_NUMBER},{_NUMBER};u={_NUMBER}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One comparison of ODRL."""

    left: str
    operator: str
    right: Plain
    beside: Mapping[str, Plain] = field(default_factory=dict)  # of the profile

    def document(self) -> dict[str, Plain]:
        """Return it as it stands in a policy."""
        return {
            "leftOperand": self.left,
            "operator": self.operator,
            "rightOperand": self.right,
            **self.beside,
        }


def area_of(rows: str) -> Constraint:
    """Return any filter as a constraint of the profile."""
    return Constraint(ROWS, "eq", rows)


def spatial_of(rows: str) -> Constraint | None:
    """Return a filter that is one circle as a constraint of ODRL's own; None if it is not."""
    found = _CIRCLE.fullmatch(rows)
    if found is None:
        return None
    latitude, longitude, north, east, metres = found.groups()
    beside = {FIELDS: [latitude, longitude]}
    return Constraint("spatial", "eq", f"geo:{north},{east};u={metres}", beside)


def circle_of(place: str, fields: Plain) -> str | None:
    """Return the filter that a constraint `spatial` says; None if it says none."""
    found = _GEO.fullmatch(place)
    if found is None or not isinstance(fields, list):
        return None
    match fields:
        case [str(latitude), str(longitude)]:
            rows = f"within({latitude}, {longitude}, {', '.join(found.groups())})"
            return rows if _CIRCLE.fullmatch(rows) else None
        case _:
            return None
