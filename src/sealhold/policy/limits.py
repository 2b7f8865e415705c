"""What a person may say about all uses of their data: objections and a restriction.

- An objection stops every use for its purpose and what lies within, unless a law demands it or it
  saves a life; against direct marketing it always wins.
- A restriction stops all but disputes. Neither needs the person to say why.

Source: docs/spec/26-processings.md section 5; GDPR Articles 18 and 21.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.model.ids import Purpose
from sealhold.model.quantities import DAY
from sealhold.policy import dpv
from sealhold.policy.bases import LegalBasis
from sealhold.policy.decision import Reason

CLAIMS: Final = Purpose("DisputeManagement")  # the one purpose that a restriction lets through
ADVERTISING: Final = Purpose("DirectMarketing")
TOLD_BEFORE: Final = 3 * DAY  # so long before its end a person sees that others lift a restriction
UNSTOPPABLE: Final = frozenset({LegalBasis.LEGAL_OBLIGATION, LegalBasis.VITAL_INTERESTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a person said about all uses of their data."""

    objected: frozenset[Purpose] = frozenset()
    restricted: bool = False


NO_LIMITS: Final = Limits()


def limits_stop(limits: Limits, purpose: Purpose, basis: LegalBasis | None = None) -> Reason | None:
    """Return which of a person's limits stops a use for `purpose`; none if it may go on."""
    # THREAT T254: advertising has no basis that an objection does not stop
    is_advertising = dpv.narrower(purpose, ADVERTISING)
    is_objected = any(dpv.narrower(purpose, one) for one in limits.objected)
    if is_objected and (is_advertising or basis not in UNSTOPPABLE):
        return Reason.OBJECTED
    if limits.restricted and not dpv.narrower(purpose, CLAIMS):
        return Reason.RESTRICTED
    return None
