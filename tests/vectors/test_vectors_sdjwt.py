"""Known answers for proofs of format 2 and presentations, ours and those of RFC 9901.

A frozen vector is never changed: a proof that was given away must hold for good.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.proof_rules import Policy
from sealhold.compute.verify import verify_files
from sealhold.crypto import sdjwt
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.quantities import Instant

HERE = Path(__file__).parent / "10-proof"
Vector = dict[str, Any]  # reason: one known answer, as its file writes it
PUBLISHED: Vector = json.loads((HERE / "published-sd-jwt.json").read_text())
FORMS: list[Vector] = json.loads((HERE / "forms.json").read_text())


@pytest.mark.parametrize("vector", PUBLISHED["disclosures"], ids=lambda each: each["digest"][:8])
def test_a_published_disclosure_has_its_digest_and_contents(vector: Vector) -> None:
    contents = vector["contents"]

    assert sdjwt.digest_of(vector["disclosure"]) == vector["digest"]
    if len(contents) == 3:
        found = sdjwt.read_disclosure(vector["disclosure"])
        assert [found.name, found.value] == contents[1:]
    else:  # of an element of a list, which this profile does not have
        with pytest.raises(InvalidEncodingError):
            sdjwt.read_disclosure(vector["disclosure"])


def test_what_is_shown_in_the_published_example_has_its_digest() -> None:
    assert sdjwt.digest_of(PUBLISHED["shown"]) == PUBLISHED["sd_hash"]


@pytest.mark.parametrize("vector", FORMS, ids=lambda each: each["name"])
def test_a_form_of_a_proof_gets_its_frozen_verdict(vector: Vector) -> None:
    pins = {role: [bytes.fromhex(key)] for role, key in vector["pins"].items()}
    files = [each.encode() for each in vector["files"]]

    verdict = verify_files(files, pins, at=Instant(vector["at"]), policy=Policy(**vector["policy"]))

    assert verdict.exit_code == vector["exit_code"]
    assert [check.name for check in verdict.checks if not check.held] == vector["failed"]
