"""What `sealhold evidence appraise` answers, and with which exit code."""

from dataclasses import replace

import pytest

from sealhold.compute.attest.collateral import IntelCollateral
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.evidencekit import Asked, appraise_file
from sealhold.model.errors import InvalidError, UsageError
from tests.conformance.evidence_made import (
    BINDING,
    CODE,
    DEVICE,
    NONCE,
    NOW,
    REPORT_DATA,
    intel,
    software,
)

ASKED = Asked(
    kind="sw",
    nonce=NONCE,
    statement=BINDING.statement,
    session_key=BINDING.session_key,
    report_data=b"",
    measurements=[CODE],
    collateral=[bytes(DEVICE.public)],
    states=[],
    demand="sw",
    sealed=False,
    at=NOW,
)
DATA = software().evidence.data


def test_software_that_holds_is_told_as_software() -> None:
    found = appraise_file(DATA, ASKED)

    assert (found.exit_code, found.status, found.hw_rooted) == (0, "warning", False)
    assert found.reasons == ("no hardware vouches for this",)
    assert "software" in found.sentence


@pytest.mark.parametrize("demand", ["tpm2", "sgx", "tdx", "snp", "nitro"])
def test_software_is_less_than_hardware_that_is_demanded(demand: str) -> None:
    assert appraise_file(DATA, replace(ASKED, demand=demand)).exit_code == 3


def test_software_is_less_than_a_sealed_machine() -> None:
    assert appraise_file(DATA, replace(ASKED, sealed=True)).exit_code == 3


@pytest.mark.parametrize(
    "asked",
    [
        replace(ASKED, nonce=b"another nonce"),
        replace(ASKED, statement=b"another statement"),
        replace(ASKED, session_key=b""),
        replace(ASKED, statement=None),
        replace(ASKED, measurements=[b"another program"]),
        replace(ASKED, collateral=[b"k" * 32]),
        replace(ASKED, kind="snp", collateral=[]),
    ],
)
def test_what_does_not_fit_is_refused(asked: Asked) -> None:
    found = appraise_file(DATA, asked)

    assert (found.exit_code, found.status, found.integrity) == (6, "contraindicated", "none")
    assert found.reasons


def test_report_data_of_another_protocol_is_compared_as_given() -> None:
    asked = replace(ASKED, statement=None, report_data=REPORT_DATA)

    assert appraise_file(DATA, asked).exit_code == 0


def test_a_root_of_ours_is_no_vendors() -> None:
    made = intel(Kind.SGX)
    assert isinstance(made.collateral, IntelCollateral)
    asked = replace(
        ASKED, kind="sgx", collateral=[made.collateral.document], measurements=[made.measurement]
    )

    assert appraise_file(made.evidence.data, asked).exit_code == 6


@pytest.mark.parametrize(
    "asked", [replace(ASKED, kind="trustzone"), replace(ASKED, demand="trustzone")]
)
def test_an_unknown_kind_is_a_fault_of_the_caller(asked: Asked) -> None:
    with pytest.raises(UsageError, match="sw, tpm2"):
        appraise_file(DATA, asked)


@pytest.mark.parametrize(
    "asked", [replace(ASKED, collateral=[]), replace(ASKED, states=["Revoked"])]
)
def test_what_cannot_be_asked_so_is_refused(asked: Asked) -> None:
    with pytest.raises(InvalidError):
        appraise_file(DATA, asked)
