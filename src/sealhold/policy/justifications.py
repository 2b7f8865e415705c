"""Justifications: why a rights request or a notice of a breach is late, refused or left out.

- A justification is a ground and a text: the ground, a term of the Data Privacy Vocabulary 2.3,
  says of which kind the reason is; the text says the reason.
- Which grounds fit which step is fixed here.
- The terms of article 12 do not cover a right that does not reach so far, so terms of article 17
  and of the vocabulary's own list of justifications stand here too.

Source: https://w3id.org/dpv/legal/eu/gdpr and https://w3id.org/dpv/justifications, version 2.3;
docs/spec/23-deadlines.md section 5.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.errors import UnjustifiedError
from sealhold.policy.names import has_hidden

MAX_TEXT: Final = 4_000  # characters


class Ground(StrEnum):
    """A kind of reason; the value is the DPV term."""

    # a request is late
    DELAY = "eu-gdpr:JustificationA12Delay"
    COMPLEXITY = "eu-gdpr:JustificationA12Complexity"
    HIGH_VOLUME = "eu-gdpr:JustificationA12HighVolume"
    # something is needed from the person first
    IDENTITY_REQUIRED = "eu-gdpr:JustificationA12IdentityRequired"
    INFORMATION_REQUIRED = "eu-gdpr:JustificationA12InformationRequired"
    # a request is refused, whatever it asks for
    IDENTITY_FAILURE = "eu-gdpr:JustificationA12IdentityFailure"
    UNFOUNDED = "eu-gdpr:JustificationA12ManifestlyUnfounded"
    LACK_OF_INTENT = "eu-gdpr:JustificationA12LackOfIntent"
    MALICIOUS_INTENT = "eu-gdpr:JustificationA12MaliciousIntent"
    EXCESSIVE = "eu-gdpr:JustificationA12ManifestlyExcessive"
    LEGALLY_EXEMPTED = "justifications:LegallyExempted"
    RIGHTS_OF_OTHERS = "justifications:ThirdPartyRightsImpaired"
    OVERRIDING_INTEREST = "justifications:LegitimateInterestOverride"
    LEGAL_CLAIM = "justifications:LegalClaimImpaired"
    CONTRACT = "justifications:ContractPerformanceNecessity"
    # an erasure is refused
    ERASURE_EXPRESSION = "eu-gdpr:JustificationA17FreedomOfExpression"
    ERASURE_REQUIRED_BY_LAW = "eu-gdpr:JustificationA17LegallyRequired"
    ERASURE_PUBLIC_INTEREST = "eu-gdpr:JustificationA17PublicInterest"
    ERASURE_AUTHORITY = "eu-gdpr:JustificationA17OfficialAuthority"
    ERASURE_PUBLIC_HEALTH = "eu-gdpr:JustificationA17PublicHealth"
    ERASURE_ARCHIVING = "eu-gdpr:JustificationA17Archiving"
    ERASURE_CLAIMS = "eu-gdpr:JustificationA17LegalClaims"
    # a notice of a breach is late, or is left out
    BREACH_DELAY = "eu-gdpr:JustificationA33NotificationDelay"
    RISK_UNLIKELY = "eu-gdpr:JustificationA33RiskUnlikely"
    RISK_MITIGATED = "eu-gdpr:JustificationA33RiskMitigated"
    DATA_UNREADABLE = "eu-gdpr:JustificationA33BreachedDataIneffective"
    DISPROPORTIONATE = "eu-gdpr:JustificationA33DisproportionateEffort"


_G = Ground

EXTENDING: Final = frozenset({_G.COMPLEXITY, _G.HIGH_VOLUME})
DELAYING: Final = EXTENDING | {_G.DELAY}
ASKING: Final = frozenset({_G.IDENTITY_REQUIRED, _G.INFORMATION_REQUIRED})
REFUSING: Final = frozenset(
    {
        _G.IDENTITY_FAILURE,
        _G.INFORMATION_REQUIRED,
        _G.UNFOUNDED,
        _G.LACK_OF_INTENT,
        _G.MALICIOUS_INTENT,
        _G.EXCESSIVE,
        _G.LEGALLY_EXEMPTED,
        _G.RIGHTS_OF_OTHERS,
        _G.OVERRIDING_INTEREST,
        _G.LEGAL_CLAIM,
        _G.CONTRACT,
    }
)
REFUSING_ERASURE: Final = REFUSING | {
    _G.ERASURE_EXPRESSION,
    _G.ERASURE_REQUIRED_BY_LAW,
    _G.ERASURE_PUBLIC_INTEREST,
    _G.ERASURE_AUTHORITY,
    _G.ERASURE_PUBLIC_HEALTH,
    _G.ERASURE_ARCHIVING,
    _G.ERASURE_CLAIMS,
}
SPARING_AUTHORITY: Final = frozenset({_G.RISK_UNLIKELY})
SPARING_PERSONS: Final = frozenset(
    {_G.RISK_UNLIKELY, _G.RISK_MITIGATED, _G.DATA_UNREADABLE, _G.DISPROPORTIONATE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Justification:
    """Why something was done late or not at all.

    Raises:
        UnjustifiedError: `text` says nothing, holds a hidden character other than the end of a
            line, or is longer than `MAX_TEXT`.
    """

    ground: Ground
    text: str

    def __post_init__(self) -> None:
        # THREAT T207: dashes, blanks and characters that nobody sees are not a reason.
        hidden = has_hidden(self.text.replace("\n", " "))
        if hidden or not any(character.isalnum() for character in self.text):
            raise UnjustifiedError(f"{self.ground.value} needs a text that says why, in the clear")
        if len(self.text) > MAX_TEXT:
            raise UnjustifiedError(f"the text of {self.ground.value} is over {MAX_TEXT} characters")


def require(given: Justification | None, fitting: frozenset[Ground], step: str) -> None:
    """Return if `given` is one of `fitting`.

    Raises:
        UnjustifiedError: none was given, or one of another kind.
    """
    if given is None or given.ground not in fitting:
        said = given.ground.value if given else "nothing"
        raise UnjustifiedError(f"{said} does not carry the step: {step}")
