"""Every name of the vocabulary that a clock uses stands in the vocabulary."""

import json
from pathlib import Path

from sealhold.policy.breach import BreachNotice
from sealhold.policy.justifications import (
    ASKING,
    DELAYING,
    EXTENDING,
    REFUSING,
    REFUSING_ERASURE,
    SPARING_AUTHORITY,
    SPARING_PERSONS,
    Ground,
)
from sealhold.policy.rights_events import Right, RightsState

ROOT = Path(__file__).parents[2]
DPV = json.loads((ROOT / "tests/vectors/23-deadlines/dpv-2.3-terms.json").read_text())


def test_each_state_of_a_rights_request_is_a_status_and_only_the_query_of_it_is_left_out() -> None:
    assert {*RightsState, "RequestStatusQuery"} == set(DPV["request statuses"])


def test_each_right_notice_and_justification_is_a_term() -> None:
    assert set(Right) <= set(DPV["rights"])
    assert set(BreachNotice) <= set(DPV["breach notices"])
    assert set(Ground) <= set(DPV["justifications"])


def test_each_justification_of_articles_12_and_33_is_there() -> None:
    named = {
        term
        for term in DPV["justifications"]
        if term.startswith(("eu-gdpr:JustificationA12", "eu-gdpr:JustificationA33"))
    }

    assert named <= set(Ground)


def test_the_terms_of_article_17_refuse_an_erasure_and_nothing_else() -> None:
    of_17 = {ground for ground in Ground if ground.startswith("eu-gdpr:JustificationA17")}

    assert of_17 == REFUSING_ERASURE - REFUSING
    assert not REFUSING & of_17
    assert REFUSING < REFUSING_ERASURE


def test_each_ground_carries_some_step_and_none_carries_both_a_delay_and_a_refusal() -> None:
    carried = REFUSING_ERASURE | DELAYING | ASKING | SPARING_AUTHORITY | SPARING_PERSONS

    assert carried | {Ground.BREACH_DELAY} == set(Ground)
    assert not DELAYING & REFUSING_ERASURE
    assert {Ground.DELAY} == DELAYING - EXTENDING
