"""Masks: what is left of a value, and which purposes get the whole."""

from dataclasses import replace

import pytest

from sealhold.model.errors import InvalidError
from sealhold.model.ids import Purpose
from sealhold.model.people import Mask, Value
from sealhold.policy.facts import Standing
from sealhold.policy.masks import masked, masks_of, read_as
from sealhold.policy.profiles import Parties, decide_profile, masks_for
from tests.unit.people_vault import MAIL, MARKETING, NAME, RULES, SERVICE, crowd

ACTIVE = Parties(app=Standing.ACTIVE, subject=Standing.ACTIVE)
RULE = replace(
    RULES[MAIL],
    purposes=frozenset({SERVICE, MARKETING}),
    mask=Mask.DOMAIN,
    whole_for=frozenset({SERVICE}),
)
MASKED = {**RULES, MAIL: RULE}


@pytest.mark.parametrize(
    ("mask", "value", "left"),
    [
        (Mask.NONE, "ada@example.org", "ada@example.org"),
        (Mask.NONE, 7, 7),
        (Mask.HIDDEN, "ada", "***"),
        (Mask.HIDDEN, True, "***"),
        (Mask.TAIL, "DE02120300000000202051", "***2051"),
        (Mask.TAIL, "1234567", "***"),
        (Mask.TAIL, 12345678, "***5678"),
        (Mask.INITIAL, "Ada", "A***"),
        (Mask.INITIAL, "A", "***"),
        (Mask.INITIAL, "", "***"),
        (Mask.DOMAIN, "ada@example.org", "***@example.org"),
        (Mask.DOMAIN, "ada", "***"),
        (Mask.YEAR, "1815-12-10", "1815"),
        (Mask.YEAR, "10.12.1815", "***"),
    ],
)
def test_a_mask_leaves_what_it_says_and_nothing_of_what_is_too_short(
    mask: Mask, value: Value, left: Value
) -> None:
    assert masked(mask, value) == left


def test_what_a_mask_leaves_does_not_tell_how_long_the_value_is() -> None:
    for mask in (Mask.HIDDEN, Mask.TAIL, Mask.INITIAL):
        assert len({len(str(masked(mask, "x" * length))) for length in range(8, 40)}) == 1


@pytest.mark.parametrize(
    ("purpose", "is_masked"),
    [
        (SERVICE, False),
        ("RequestedServiceProvision", False),  # lies within the one before
        (MARKETING, True),
        ("DirectMarketing", True),
        ("ServiceManagement", True),  # broader than what gets the whole
        ("", True),
    ],
)
def test_only_a_purpose_that_is_named_or_lies_within_it_gets_the_whole(
    purpose: str, *, is_masked: bool
) -> None:
    masks = masks_for(MASKED, Purpose(purpose))

    assert masks == ({MAIL: Mask.DOMAIN} if is_masked else {})


def test_a_yes_binds_to_mask_what_is_read_and_says_so() -> None:
    allowed = {name: rule.purposes for name, rule in MASKED.items()}
    masks, both = masks_for(MASKED, MARKETING), frozenset({NAME, MAIL})

    decision = decide_profile(ACTIVE, allowed, MARKETING, both, masks=masks)
    other = decide_profile(ACTIVE, allowed, MARKETING, frozenset({NAME}), masks=masks)

    assert masks_of(decision) == {MAIL: Mask.DOMAIN}
    assert [read_as(decision, each) for each in (both, {NAME})] == ["read masked", "read"]
    assert other.obligations is None


def test_a_schema_says_whole_for_whom_only_with_a_mask_and_is_kept_as_it_was_laid_down() -> None:
    with crowd() as many:
        app = many.app(many.one)
        many.schemas.lay_down(app, MASKED)
        bad = {**MASKED, MAIL: replace(RULE, mask=Mask.NONE)}

        with pytest.raises(InvalidError):
            many.schemas.lay_down(app, bad)

        found = many.schemas.get(many.one)
        assert found is not None
        assert found.rules == MASKED
