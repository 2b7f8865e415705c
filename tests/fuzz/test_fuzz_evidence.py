"""Whatever comes as evidence, collateral or a token: a result or an error of ours, never a crash.

Parsers meet bytes at random, and genuine forms with a run of bytes replaced, cut or doubled.
"""

from contextlib import suppress
from dataclasses import replace

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from sealhold.compute.attest import eat, token, tpmforms
from sealhold.compute.attest.collateral import IntelCollateral, load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Status
from sealhold.crypto import cose, quote, x509
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidError, TamperedError
from tests.conformance.evidence_made import (
    DEVICE,
    MAKERS,
    NOW,
    Made,
    area_of,
    chip_chain,
    cose_es384,
    curve_key,
    document,
    enclave,
    intel,
    software,
    tpm,
)

EVIDENCE = {kind: make() for kind, make in MAKERS.items()}
QUOTES = [intel(kind).evidence.data for kind in (Kind.SGX, Kind.TDX)]
CERTIFICATE = chip_chain()[0].der
PEM = x509.to_pem(chip_chain())
AREA = area_of(curve_key("ak", 256))
RESULT = token.issue(
    software().result(), software().evidence, software().policy, now=NOW, key=DEVICE
)

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.binary(max_size=64), st.text()
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 300), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def edited(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw `whole` with a run of bytes replaced by others."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 40)))
    return whole[:start] + draw(st.binary(max_size=40)) + whole[end:]


def judged(made: Made, data: bytes) -> None:
    """Appraise `data` in the place of genuine evidence; a change is never taken."""
    result = made.with_data(data).result()
    if data != made.evidence.data:
        assert result.status is Status.CONTRAINDICATED
        assert not result.measurement
        assert not result.hw_rooted


@given(st.sampled_from(Kind), st.binary(max_size=3_000))
def test_any_bytes_are_refused_as_evidence(kind: Kind, data: bytes) -> None:
    judged(EVIDENCE[kind], data)


@given(
    st.sampled_from(Kind).flatmap(
        lambda k: st.tuples(st.just(k), edited(EVIDENCE[k].evidence.data))
    )
)
def test_edited_evidence_is_refused(pair: tuple[Kind, bytes]) -> None:
    judged(EVIDENCE[pair[0]], pair[1])


@given(st.sampled_from(QUOTES).flatmap(edited))
def test_an_edited_quote_is_read_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        found = quote.read_quote(data)
        assert len(found.report_data) == 64
        assert len(found.measurement) in {32, 240}


@given(st.binary(max_size=2_000) | edited(CERTIFICATE))
def test_any_bytes_are_a_certificate_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        assert x509.read_der(data).der == data


@given(edited(CERTIFICATE))
def test_an_edited_certificate_leads_nowhere(data: bytes) -> None:
    _, *rest = chip_chain()
    with suppress(InvalidError, TamperedError):
        leaf = x509.read_der(data)
        x509.check_chain((leaf, *rest), {rest[-1].digest}, NOW)
        assert data == CERTIFICATE


@given(st.binary(max_size=2_000) | edited(PEM))
def test_any_text_is_certificates_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        assert x509.read_pem(data)


@given(data=st.binary(max_size=500) | values.map(cbor2.dumps), tagged=st.booleans())
def test_any_bytes_are_a_message_or_refused(data: bytes, *, tagged: bool) -> None:
    with suppress(InvalidError):
        cose.read(data, tagged=tagged)


@given(values)
def test_any_signed_values_are_a_software_token_or_refused(tree: object) -> None:
    data = cose.sign(cbor2.dumps(tree, canonical=True), DEVICE)

    judged(EVIDENCE[Kind.SW], data)


@given(st.sampled_from(sorted(eat.Claim)), values)
def test_a_signed_claim_of_any_value_is_read_or_refused(claim: eat.Claim, value: object) -> None:
    tree = unpack(cose.read(EVIDENCE[Kind.SW].evidence.data, tagged=True).payload)

    with suppress(InvalidError):
        eat.read(pack(tree | {int(claim): value}))


@given(st.sampled_from(sorted(document())), values)
def test_a_signed_document_with_any_value_is_judged(name: str, value: object) -> None:
    payload = cbor2.dumps(document(**{name: value}))
    made = replace(enclave()).with_data(cose_es384(payload, curve_key("enclave")))

    made.result()


@given(st.binary(max_size=200) | edited(AREA))
def test_any_bytes_are_the_description_of_a_key_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        assert len(tpmforms.read_area(data).name) == 34


@given(st.binary(max_size=200) | edited(unpack(tpm().evidence.data)["attest"]))
def test_any_bytes_are_a_quote_of_a_tpm_or_refused(data: bytes) -> None:
    with suppress(InvalidError):
        assert tpmforms.read_quote(data).registers


@given(st.binary(max_size=500) | edited(RESULT))
def test_any_bytes_are_a_result_or_refused(data: bytes) -> None:
    with suppress(InvalidError, TamperedError):
        token.read(data, DEVICE.public, now=NOW)
        assert data == RESULT


@given(st.sampled_from(Kind), st.lists(st.binary(max_size=300) | st.just(PEM), max_size=3))
def test_any_files_are_collateral_or_refused(kind: Kind, files: list[bytes]) -> None:
    with suppress(InvalidError):
        load(kind, files)


@given(st.sampled_from([Kind.SGX, Kind.TDX]), st.data())
def test_edited_collateral_is_judged(kind: Kind, data: st.DataObject) -> None:
    made = EVIDENCE[kind]
    assert isinstance(made.collateral, IntelCollateral)
    bent = data.draw(edited(made.collateral.document))

    replace(made, collateral=IntelCollateral(bent)).result()
