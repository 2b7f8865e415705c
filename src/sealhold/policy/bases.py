"""Legal bases of the GDPR, by their names in DPV 2.3.

- A purpose rests on one basis of Article 6; a special category of data needs one of Article 9 too.
- Two bases of Article 6 hold even against the person's no: a duty by law, and vital interests.

Source: https://w3id.org/dpv/legal/eu/gdpr, version 2.3; docs/spec/07-grants.md section 5.
"""

from enum import StrEnum

from sealhold.model.records import Sensitivity


class LegalBasis(StrEnum):
    """What a use of personal data rests on."""

    CONSENT = "eu-gdpr:A6-1-a"
    CONTRACT = "eu-gdpr:A6-1-b"
    LEGAL_OBLIGATION = "eu-gdpr:A6-1-c"
    VITAL_INTERESTS = "eu-gdpr:A6-1-d"
    PUBLIC_INTEREST = "eu-gdpr:A6-1-e"
    LEGITIMATE_INTEREST = "eu-gdpr:A6-1-f"


class SpecialBasis(StrEnum):
    """What a use of a special category of data rests on besides."""

    EXPLICIT_CONSENT = "eu-gdpr:A9-2-a"
    EMPLOYMENT = "eu-gdpr:A9-2-b"
    VITAL_INTERESTS = "eu-gdpr:A9-2-c"
    LEGITIMATE_ACTIVITIES = "eu-gdpr:A9-2-d"
    MADE_PUBLIC = "eu-gdpr:A9-2-e"
    LEGAL_CLAIMS = "eu-gdpr:A9-2-f"
    PUBLIC_INTEREST = "eu-gdpr:A9-2-g"
    HEALTH_CARE = "eu-gdpr:A9-2-h"
    PUBLIC_HEALTH = "eu-gdpr:A9-2-i"
    RESEARCH = "eu-gdpr:A9-2-j"


def suffices(basis: LegalBasis, special: SpecialBasis | None, sensitivity: Sensitivity) -> bool:
    """Return whether the bases together carry data of `sensitivity`.

    Consent to a special category counts only if it is declared explicit.
    """
    if sensitivity is not Sensitivity.SPECIAL:
        return True
    if basis is LegalBasis.CONSENT:
        return special is SpecialBasis.EXPLICIT_CONSENT
    return special is not None
