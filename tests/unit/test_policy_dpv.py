"""Purposes: the closed vocabulary and what lies within what."""

import pytest

from sealhold.model.errors import UnknownPurposeError
from sealhold.model.ids import Purpose
from sealhold.model.records import Sensitivity
from sealhold.policy.bases import LegalBasis, SpecialBasis, suffices
from sealhold.policy.dpv import label, narrower, require
from sealhold.policy.purposes_table import TERMS


def test_the_vocabulary_has_121_purposes_of_which_eleven_have_two_broader_ones() -> None:
    assert len(TERMS) == 121
    assert sum(len(broader) == 2 for broader, _ in TERMS.values()) == 11


def test_every_broader_term_is_a_purpose_itself() -> None:
    assert {term for broader, _ in TERMS.values() for term in broader} <= TERMS.keys()


def test_no_purpose_lies_within_one_that_lies_within_it() -> None:
    pairs = [(one, other) for one in TERMS for other in TERMS if one != other]

    assert not [
        pair
        for pair in pairs
        if narrower(Purpose(pair[0]), Purpose(pair[1]))
        and narrower(Purpose(pair[1]), Purpose(pair[0]))
    ]


@pytest.mark.parametrize(
    ("purpose", "within"),
    [
        ("PersonnelPayment", "PersonnelPayment"),
        ("PersonnelPayment", "HumanResourceManagement"),
        ("CommercialResearch", "CommercialPurpose"),
        ("CommercialResearch", "ResearchAndDevelopment"),
        ("RecruitmentTargetedAdvertising", "Personalisation"),
    ],
)
def test_a_purpose_lies_within_each_that_can_be_reached_upwards(purpose: str, within: str) -> None:
    assert narrower(Purpose(purpose), Purpose(within))


@pytest.mark.parametrize(
    ("purpose", "not_within"),
    [
        ("HumanResourceManagement", "PersonnelPayment"),
        ("CommercialResearch", "NonCommercialPurpose"),
        ("Nonsense", "Nonsense"),
        ("PersonnelPayment", "Nonsense"),
        ("PersonnelPayment", "Purpose"),
    ],
)
def test_a_purpose_lies_within_nothing_else(purpose: str, not_within: str) -> None:
    assert not narrower(Purpose(purpose), Purpose(not_within))


@pytest.mark.parametrize("text", ["", "Purpose", "Sector", "marketing", "dpv:Marketing", "x" * 999])
def test_what_is_not_a_purpose_is_refused(text: str) -> None:
    with pytest.raises(UnknownPurposeError):
        require(text)


def test_every_purpose_has_words_of_its_own_that_end_a_sentence() -> None:
    words = [label(Purpose(term)) for term in TERMS]

    assert len(set(words)) == len(words)
    assert all(text[0].islower() and not text.endswith(".") for text in words)


@pytest.mark.parametrize(
    ("basis", "special", "carries"),
    [
        (LegalBasis.CONSENT, None, False),
        (LegalBasis.CONSENT, SpecialBasis.EXPLICIT_CONSENT, True),
        (LegalBasis.CONSENT, SpecialBasis.HEALTH_CARE, False),
        (LegalBasis.CONTRACT, None, False),
        (LegalBasis.CONTRACT, SpecialBasis.HEALTH_CARE, True),
    ],
)
def test_special_data_needs_a_second_basis_and_consent_to_it_must_be_explicit(
    basis: LegalBasis, special: SpecialBasis | None, *, carries: bool
) -> None:
    assert suffices(basis, special, Sensitivity.SPECIAL) is carries
    assert suffices(basis, special, Sensitivity.INTIMATE)
