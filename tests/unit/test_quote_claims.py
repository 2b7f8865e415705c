"""What the library says of a quote counts only if it is about the quote that was read here."""

from typing import Any

import pytest

from sealhold.compute.attest.kinds import Kind
from sealhold.crypto import quote
from sealhold.crypto.quote import Quote, read_quote
from sealhold.model.errors import BadSignatureError, EvidenceUnavailableError
from sealhold.model.quantities import DAY, Instant
from tests.conformance.evidence_made import NOW, intel

READ = {kind: read_quote(intel(kind).evidence.data) for kind in (Kind.SGX, Kind.TDX)}
Claims = dict[str, Any]  # reason: the tree that the library gives


def claims(found: Quote, *, platform: str = "UpToDate", enclave: str = "UpToDate") -> Claims:
    if found.tee == "sgx":
        report = {"mr_enclave": found.measurement.hex(), "attributes": found.attributes.hex()}
    else:
        names = ("mr_td", "rt_mr0", "rt_mr1", "rt_mr2", "rt_mr3")
        parts = [found.measurement[at : at + 48].hex() for at in range(0, 240, 48)]
        report = dict(zip(names, parts, strict=True)) | {"td_attributes": found.attributes.hex()}
    report["report_data"] = found.report_data.hex()
    return {
        "report": {"kind": report},
        "tcb": {"status": platform, "advisory_ids": ["B"]},
        "qe": {"tcb_level": {"tcbStatus": enclave, "advisoryIDs": ["A", "B"]}},
        "earliest_expiration_date": (NOW + 2 * DAY) // 1000,
        "qe_iden_earliest_expiration_date": (NOW + DAY) // 1000,
    }


@pytest.mark.parametrize("kind", READ)
def test_claims_about_what_was_read_are_taken(kind: Kind) -> None:
    standing = quote._standing(READ[kind], claims(READ[kind]), NOW)

    assert (standing.status, standing.advisories) == ("UpToDate", ("A", "B"))
    assert standing.not_after == NOW + DAY


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_claims_about_another_report_are_refused(kind: Kind, place: int) -> None:
    told = claims(READ[kind])
    name = list(told["report"]["kind"])[place]
    told["report"]["kind"][name] = "00" * (len(told["report"]["kind"][name]) // 2)
    if kind is Kind.TDX and place == 2:
        told["report"]["kind"]["td_attributes"] = "01" + "00" * 7

    with pytest.raises(BadSignatureError, match="another report"):
        quote._standing(READ[kind], told, NOW)


@pytest.mark.parametrize(
    ("platform", "enclave", "status"),
    [
        ("UpToDate", "OutOfDate", "OutOfDate"),
        ("SWHardeningNeeded", "UpToDate", "SWHardeningNeeded"),
        ("OutOfDate", "Revoked", "Revoked"),
        ("Revoked", "OutOfDate", "Revoked"),
        ("OutOfDate", "of a later year", "of a later year"),
    ],
)
def test_the_state_is_never_better_than_that_of_platform_or_enclave(
    platform: str, enclave: str, status: str
) -> None:
    told = claims(READ[Kind.SGX], platform=platform, enclave=enclave)

    assert quote._standing(READ[Kind.SGX], told, NOW).status == status


def test_claims_whose_collateral_ended_are_refused() -> None:
    found = READ[Kind.SGX]

    with pytest.raises(BadSignatureError, match="expired"):
        quote._standing(found, claims(found), Instant(NOW + DAY + 1_000))


@pytest.mark.parametrize("missing", ["report", "tcb", "qe", "earliest_expiration_date"])
def test_claims_of_another_form_are_refused(missing: str) -> None:
    told = claims(READ[Kind.TDX])
    told[missing] = None

    with pytest.raises(BadSignatureError, match="their form"):
        quote._standing(READ[Kind.TDX], told, NOW)


def test_without_the_library_it_is_said_that_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quote, "dcap_qvl", None)

    with pytest.raises(EvidenceUnavailableError):
        intel(Kind.SGX).result()
