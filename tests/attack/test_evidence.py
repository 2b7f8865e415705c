"""Genuine evidence of four vendors and of a TPM: at its own time, out of it, and bent.

The samples, where they come from and under which terms: tests/vectors/attestation.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.attest.appraising import appraise
from sealhold.compute.attest.collateral import TpmCollateral, load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import AsGiven, Evidence, ReferenceValues, Result, Status
from sealhold.model.encoding import pack
from tests.attack.evidence_samples import (
    LISTED,
    OPENERS,
    SGX_CODE,
    SNP_CODE,
    TDX_CODE,
    TODAY,
    Sample,
    instant,
    nitro,
    sgx,
    snp,
    tdx,
    tpm2,
)
from tests.conformance.evidence_made import curve_key, spki

SAMPLES = Path(__file__).parents[1] / "vectors" / "attestation"
FLIPS = 200


@pytest.fixture
def folder() -> Path:
    return SAMPLES


@pytest.fixture(params=OPENERS)
def sample(request: pytest.FixtureRequest, folder: Path) -> Sample:
    return OPENERS[request.param](folder)


def is_refused(result: Result, because: str = "") -> bool:
    told = any(because in reason for reason in result.reasons)
    return result.status is Status.CONTRAINDICATED and told and result.integrity == "none"


# --- each at its own time ---


@pytest.mark.threat("T156")
def test_the_sgx_sample_is_genuine_and_its_platform_is_not_good_enough(folder: Path) -> None:
    result = sgx(folder).result()

    assert result.hw_rooted
    assert not result.debug
    assert result.tcb_status == "ConfigurationAndSWHardeningNeeded"
    assert result.advisories == ("INTEL-SA-00289", "INTEL-SA-00615")
    assert result.measurement.hex() == SGX_CODE
    assert result.claims["attributes"].startswith("05000000")
    assert result.claims["signer"].startswith("815f42f11cf64430c30bab7816ba596a")
    assert is_refused(result, "ConfigurationAndSWHardeningNeeded")


@pytest.mark.threat("T156")
def test_the_sgx_sample_is_a_warning_and_glass_where_its_state_is_listed(folder: Path) -> None:
    result = sgx(folder).result(policy=LISTED)

    assert (result.status, result.integrity) == (Status.WARNING, "hw")
    assert result.confidentiality == "glass"


def test_the_tdx_sample_is_affirming_at_its_time(folder: Path) -> None:
    result = tdx(folder).result()

    assert (result.status, result.reasons) == (Status.AFFIRMING, ())
    assert (result.tcb_status, result.advisories) == ("UpToDate", ())
    assert result.claims["attributes"] == "0000001000000000"
    assert result.measurement.hex().startswith(TDX_CODE)
    assert (result.integrity, result.confidentiality) == ("hw", "sealed")


@pytest.mark.threat("T154")
@pytest.mark.parametrize("at", ["2022-09-24T00:55:28", "2024-01-01T00:00:00", TODAY])
def test_the_snp_sample_is_genuine_and_refused_for_debug(folder: Path, at: str) -> None:
    result = replace(snp(folder), at=at).result()

    assert is_refused(result, "debug")
    assert (result.hw_rooted, result.debug, result.confidentiality) == (True, True, "glass")
    assert result.measurement.hex() == SNP_CODE
    assert (result.claims["policy"], result.claims["vmpl"]) == ("0xb0000", "0")
    assert result.claims["tcb"] == "0200000000000544"
    assert result.claims["chip"].startswith("3ac3fe21e13fb099")
    assert [reason for reason in result.reasons if "debug" not in reason] == [
        "the policy sets no lowest versions for this platform"
    ]


@pytest.mark.threat("T154")
def test_the_nitro_sample_is_genuine_and_refused_for_debug(folder: Path) -> None:
    result = nitro(folder).result()

    assert result.reasons == ("debug: its memory can be read and written from outside",)
    assert is_refused(result)
    assert (result.hw_rooted, result.debug, result.confidentiality) == (True, True, "glass")
    assert result.claims["pcr3"].startswith("671ca1e3")
    assert result.claims["pcr4"].startswith("d352cfa3")
    assert len(result.claims["report_data"]) == 2 * 68


def test_the_tpm_sample_verifies_and_is_not_hardware(folder: Path) -> None:
    result = tpm2(folder).result()

    assert (result.status, result.hw_rooted, result.integrity) == (Status.WARNING, False, "sw")
    assert result.confidentiality == "glass"
    assert result.claims["pcr16"].startswith("58c5dee2f6f3f7f8b248166edb52cdcb")
    assert set(result.reasons) == {
        "register 16 can be set back by any program",
        "no hardware vouches for this",
    }


# --- out of their time ---


@pytest.mark.threat("T155")
@pytest.mark.parametrize(
    ("name", "at", "because"),
    [
        ("sgx", "2025-06-19T00:00:00", "issue date is in the future"),
        ("sgx", "2025-07-20T00:00:00", "TCBInfo expired"),
        ("sgx", "2026-05-01T00:00:00", "CrlExpired"),
        ("sgx", TODAY, "CrlExpired"),
        ("tdx", "2025-06-19T00:00:00", "issue date is in the future"),
        ("tdx", "2025-07-20T00:00:00", "TCBInfo expired"),
        ("tdx", TODAY, "CrlExpired"),
        ("snp", "2022-09-24T00:55:27", "of the future"),
        ("snp", "2029-09-24T00:55:29", "expired"),
        ("snp", TODAY, "debug"),
        ("nitro", "2024-09-09T19:49:08", "of the future"),
        ("nitro", "2024-09-09T22:49:13", "expired"),
        ("nitro", TODAY, "expired"),
    ],
)
def test_a_sample_out_of_its_time_is_refused(
    folder: Path, name: str, at: str, because: str
) -> None:
    assert is_refused(replace(OPENERS[name](folder), at=at).result(), because)


@pytest.mark.threat("T156")
@pytest.mark.parametrize(
    ("at", "because"),
    [
        ("2026-02-19T10:58:51", "No matching TCB level"),
        ("2026-03-25T00:00:00", "TCBInfo expired"),
        (TODAY, "CrlExpired"),
    ],
)
def test_the_outdated_tdx_sample_is_refused(folder: Path, at: str, because: str) -> None:
    assert is_refused(tdx(folder, "_outdated", at).result(), because)


@pytest.mark.threat("T152")
@pytest.mark.parametrize("at", ["2025-06-20T10:16:03", "2026-02-19T10:58:51", TODAY])
def test_a_quote_with_the_collateral_of_another_platform_is_refused(folder: Path, at: str) -> None:
    files = ((folder / "tdx/collateral_outdated.json").read_bytes(),)

    assert is_refused(replace(tdx(folder, at=at), files=files).result())


@pytest.mark.threat("T152")
def test_a_trust_domain_with_the_collateral_of_enclaves_is_refused(folder: Path) -> None:
    assert is_refused(replace(tdx(folder), files=sgx(folder).files).result())


# --- bent ---


def places(sample: Sample, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield seeded places and bits from `start` to `end`."""
    draw = random.Random(f"{sample.kind} {start}")
    for _ in range(FLIPS):
        yield draw.randrange(start, end), draw.randrange(8)


@pytest.mark.threat("T151")
def test_a_flipped_bit_anywhere_in_the_signed_part_is_refused(sample: Sample) -> None:
    results = {
        place: sample.flipped(place, bit).result(policy=LISTED)
        for place, bit in places(sample, *sample.signed)
    }

    assert not [place for place, result in results.items() if not is_refused(result)]
    assert not [place for place, result in results.items() if result.hw_rooted]
    assert not [place for place, result in results.items() if result.measurement]


@pytest.mark.threat("T151")
def test_a_flipped_bit_anywhere_in_the_evidence_leaves_nothing_verified(sample: Sample) -> None:
    clean = sample.result(policy=LISTED)
    taken = [
        place
        for place, bit in places(sample, 0, len(sample.data))
        if sample.flipped(place, bit).result(policy=LISTED).measurement
    ]

    assert clean.measurement
    assert not taken


@pytest.mark.threat("T151")
def test_a_sample_cut_or_lengthened_by_a_byte_leaves_nothing_verified(sample: Sample) -> None:
    data = sample.data

    for other in (data[:-1], data + b"\0", data[:-1] + b"\x01", b"\0" + data):
        assert not replace(sample, data=other).result(policy=LISTED).measurement


@pytest.mark.threat("T151")
def test_zeros_behind_a_quote_are_taken_at_the_one_size_only(folder: Path) -> None:
    padded = tdx(folder)
    bare = padded.data.rstrip(b"\0") + b"\0"

    assert replace(padded, data=bare).result().status is Status.AFFIRMING
    assert is_refused(replace(padded, data=bare + bytes(8)).result(), "follows the quote")
    assert is_refused(replace(padded, data=padded.data[:-1] + b"x").result(), "follows the quote")


@pytest.mark.threat("T154")
@pytest.mark.parametrize(("name", "place", "bit"), [("sgx", 96, 1), ("tdx", 168, 0)])
def test_a_debug_bit_set_by_hand_is_seen_and_breaks_the_signature(
    folder: Path, name: str, place: int, bit: int
) -> None:
    result = OPENERS[name](folder).flipped(place, bit).result(policy=LISTED)

    assert is_refused(result, "debug")
    assert (result.debug, result.hw_rooted) == (True, False)


@pytest.mark.threat("T154")
def test_a_debug_bit_cleared_by_hand_breaks_the_signature(folder: Path) -> None:
    result = snp(folder).flipped(0x0A, 3).result()

    assert not result.debug
    assert is_refused(result, "signature does not fit")


# --- shown again, or as something else ---


@pytest.mark.threat("T150")
def test_a_sample_under_another_nonce_is_refused(sample: Sample) -> None:
    assert is_refused(sample.result(nonce=b"another nonce"), "nonce is another")


@pytest.mark.threat("T150")
@pytest.mark.parametrize("name", ["tdx", "snp"])
def test_a_sample_that_answers_no_challenge_is_refused(folder: Path, name: str) -> None:
    sample = OPENERS[name](folder)

    assert not any("nonce" in reason for reason in sample.result().reasons)
    assert is_refused(replace(sample, nonce=b"").result(), "nonce is another")


@pytest.mark.threat("T150")
@pytest.mark.parametrize("name", ["nitro", "tpm2"])
def test_a_nonce_that_is_only_claimed_is_not_the_one_that_was_signed(
    folder: Path, name: str
) -> None:
    claimed = replace(OPENERS[name](folder), nonce=b"another nonce")

    assert is_refused(claimed.result(), "in it is another")


@pytest.mark.threat("T150")
@pytest.mark.parametrize("name", ["sgx", "tdx", "snp", "nitro"])
def test_report_data_that_is_only_claimed_is_not_what_was_signed(folder: Path, name: str) -> None:
    claimed = replace(OPENERS[name](folder), report_data=b"x" * 64)

    assert is_refused(claimed.result(policy=LISTED), "differs from what it claims")


@pytest.mark.threat("T153")
@pytest.mark.parametrize("kind", Kind)
def test_a_sample_read_as_another_kind_is_refused(sample: Sample, kind: Kind) -> None:
    if kind is sample.kind:
        assert replace(sample, kind=kind).result(policy=LISTED).measurement
        return
    files = {Kind.SW: (b"k" * 32,), Kind.TPM2: (tpm_key(),)}.get(kind, sample.files)
    if kind in {Kind.SNP, Kind.NITRO} or len(files) != 1:
        files = ()
    evidence = Evidence(
        kind=kind, data=sample.data, nonce=sample.nonce, report_data=sample.report_data
    )
    reference = ReferenceValues(binding=AsGiven(sample.report_data), asked_at=instant(sample.at))
    result = appraise(
        evidence,
        sample.nonce,
        reference,
        now=instant(sample.at),
        collateral=load(kind, files) if files else None,
    )

    assert is_refused(result)
    assert not result.hw_rooted


def tpm_key() -> bytes:
    return (
        b"-----BEGIN PUBLIC KEY-----\n"
        b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPFHpqZOSfXfNOS2e25LHer2io8ux\n"
        b"4uTdongLShJwZAMSNASlJhDOc+w3+qm73+EKAU+/ox8baIy/B0C1A+ISYw==\n"
        b"-----END PUBLIC KEY-----\n"
    )


@pytest.mark.threat("T157")
def test_registers_beside_a_quote_that_are_not_those_it_tells_are_refused(folder: Path) -> None:
    clean = tpm2(folder)
    attest, signature = (
        (folder / "tpm2/quote.msg").read_bytes(),
        (folder / "tpm2/quote.sig").read_bytes(),
    )

    for registers in ({16: bytes(32)}, {17: bytes(32)}, {}, {16: bytes(32), 0: bytes(32)}):
        data = pack({"attest": attest, "pcrs": registers, "signature": signature})
        result = replace(clean, data=data).result()
        assert is_refused(result)
        assert not result.measurement


@pytest.mark.threat("T157")
def test_a_quote_under_the_key_of_another_tpm_is_refused(folder: Path) -> None:
    sample = tpm2(folder)
    evidence = Evidence(
        kind=Kind.TPM2, data=sample.data, nonce=sample.nonce, report_data=sample.report_data
    )
    reference = ReferenceValues(binding=AsGiven(b""), asked_at=instant(TODAY))
    other = TpmCollateral(key=spki(curve_key("another ak", 256)))

    result = appraise(evidence, sample.nonce, reference, now=instant(TODAY), collateral=other)

    assert is_refused(result, "ECDSA signature does not fit")
