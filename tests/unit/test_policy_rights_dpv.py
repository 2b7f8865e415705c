"""Every name of the vocabulary that a clock uses stands in the vocabulary."""

import json
from pathlib import Path

from sealhold.policy.breach import BreachNotice
from sealhold.policy.justifications import Ground
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
