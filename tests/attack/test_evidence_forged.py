"""Evidence that was made to deceive: well signed, by somebody, and wrong."""

import struct
from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest

from sealhold.compute.attest import eat, tpmforms
from sealhold.compute.attest.appraising import appraise, satisfies
from sealhold.compute.attest.collateral import (
    SwCollateral,
    TpmCollateral,
)
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.nonces import LIFETIME, ReplayGuard
from sealhold.compute.attest.policy import STATES, Policy
from sealhold.compute.attest.producing import SoftwareProducer
from sealhold.compute.attest.spec import ReferenceValues, Result, Status
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    DeniedError,
)
from sealhold.model.quantities import DAY, MINUTE, Instant
from tests.conformance import evidence_made as made_here
from tests.conformance.evidence_made import (
    ATTRIBUTES,
    BINDING,
    CODE,
    DEVICE,
    MAKERS,
    NOW,
    Made,
    area_of,
    curve_key,
    enclave,
    guest,
    software,
    spki,
    tpm,
    tpm_chain,
)

STRANGER = SigningKey(Secret(b"x" * 32, "a stranger's key"))


def is_refused(result: Result, because: str = "") -> bool:
    told = any(because in reason for reason in result.reasons)
    return result.status is Status.CONTRAINDICATED and told and result.integrity == "none"


# --- T150: shown again ---


@pytest.mark.threat("T150")
@pytest.mark.parametrize("kind", Kind)
def test_evidence_recorded_for_one_challenge_is_refused_under_the_next(kind: Kind) -> None:
    guard = ReplayGuard(lambda: NOW, seeded(b"nonces"))
    recorded = MAKERS[kind]()
    fresh = guard.draw()

    asked_at = guard.take(fresh)
    result = replace(recorded, nonce=fresh, asked_at=asked_at).result()

    assert is_refused(result, "nonce is another")
    assert is_refused(result, "bound to something else")


@pytest.mark.threat("T150")
def test_a_nonce_is_spent_by_the_first_evidence_that_comes_back() -> None:
    guard = ReplayGuard(lambda: NOW, seeded(b"nonces"))
    nonce = guard.draw()
    producer = SoftwareProducer(DEVICE, CODE, lambda: NOW)
    evidence = producer.produce(nonce, BINDING)
    reference = ReferenceValues(
        binding=BINDING, asked_at=guard.take(nonce), measurements=frozenset({CODE})
    )

    first = appraise(evidence, nonce, reference, now=NOW, collateral=SwCollateral(DEVICE.public))

    assert first.status is Status.WARNING
    with pytest.raises(DeniedError):
        guard.take(nonce)


@pytest.mark.threat("T150")
def test_a_nonce_that_nobody_drew_or_that_is_old_is_not_taken() -> None:
    time = [NOW]
    guard = ReplayGuard(lambda: time[0], seeded(b"nonces"))
    nonce = guard.draw()
    time[0] = Instant(NOW + LIFETIME + 1)

    for each in (nonce, b"made up", b""):
        with pytest.raises(DeniedError):
            guard.take(each)


@pytest.mark.threat("T150")
def test_parts_of_what_is_bound_cannot_be_moved_into_each_other() -> None:
    one = replace(BINDING, session_key=b"ab").report_data(b"nonce")
    other = replace(BINDING, session_key=b"b").report_data(b"noncea")

    assert one != other


# --- T151: bent ---


@pytest.mark.threat("T151")
def test_a_header_that_nobody_signed_is_refused() -> None:
    for made, tagged in ((software(), True), (enclave(), False)):
        data = made.evidence.data
        protected, _, payload, signature = cbor2.loads(data[1:] if tagged else data)
        bent = cbor2.dumps([protected, {4: b"a hint"}, payload, signature])

        result = made.with_data(b"\xd2" + bent if tagged else bent).result()

        assert is_refused(result, "signed by nobody")


@pytest.mark.threat("T151")
@pytest.mark.parametrize("spare", [b"x", bytes(167) + b"x"])
def test_a_report_with_a_filled_reserved_place_is_refused(spare: bytes) -> None:
    assert is_refused(guest(spare=spare).result(), "reserved place")


@pytest.mark.threat("T151")
@pytest.mark.parametrize("place", [0x2A0 + 48, 0x2A0 + 71, 0x2E8 + 50, 0x330, 0x49F])
def test_bytes_beside_the_signature_of_a_report_are_refused(place: int) -> None:
    data = bytearray(guest().evidence.data)
    data[place] = 1

    assert is_refused(guest().with_data(bytes(data)).result(), "beside the signature")


@pytest.mark.threat("T151")
@pytest.mark.parametrize(
    "bend",
    [
        lambda data: b"\x9f" + data[1:] + b"\xff",  # an array without a length
        lambda data: b"\x98\x04" + data[1:],  # a length written long
        lambda data: b"\xd2" + data,  # a tag where none belongs
        lambda data: data.replace(b"\x44\xa1\x01\x38\x22", b"\x58\x04\xa1\x01\x38\x22", 1),
    ],
)
def test_a_message_in_another_encoding_is_refused(bend: Callable[[bytes], bytes]) -> None:
    made = enclave()

    assert is_refused(made.with_data(bend(made.evidence.data)).result())


@pytest.mark.threat("T151")
@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"digest": "SHA256"},
        {"module_id": ""},
        {"timestamp": 0},
        {"timestamp": 1 << 60},
        {"pcrs": {0: b"x" * 32, 1: b"x" * 48, 2: b"x" * 48}},
        {"pcrs": {0: b"x" * 48}},
        {"pcrs": {0: b"x" * 48, 1: b"x" * 48, 2: b"x" * 48, 32: b"x" * 48}},
        {"cabundle": []},
        {"cabundle": ["text"]},
        {"cabundle": [b""] * 9},
        {"certificate": b"none"},
        {"user_data": "text"},
        {"nonce": b"x" * 2_000},
    ],
    ids=str,
)
def test_a_signed_document_with_a_field_out_of_form_is_refused(changes: dict[str, object]) -> None:
    assert is_refused(enclave(**changes).result())


@pytest.mark.threat("T151")
@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"version": 1}, "version"),
        ({"version": 9}, "version"),
        ({"flags": 1 << 2}, "another key than the chip's"),
        ({"flags": 1 << 9}, "another key than the chip's"),
        ({"policy_bits": 0}, "reserved place"),
        ({"policy_bits": 1 << 17 | 1 << 18}, "migration agent"),
        ({"level": 2}, "from level 2"),
    ],
    ids=str,
)
def test_a_signed_report_that_says_something_else_is_refused(
    changes: dict[str, int], because: str
) -> None:
    assert is_refused(guest(**changes).result(), because)  # type: ignore[arg-type]  # reason: ints


# --- T153: software as hardware ---


def signed_claims(changes: dict[int, object], key: SigningKey = DEVICE) -> bytes:
    message = cose.read(software().evidence.data, tagged=True)
    return cose.sign(pack(unpack(message.payload) | changes), key)


@pytest.mark.threat("T153")
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SW])
def test_software_under_the_name_of_hardware_is_refused(kind: Kind) -> None:
    made = software()
    named = replace(made, evidence=replace(made.evidence, kind=kind))

    for collateral in (made.collateral, MAKERS[kind]().collateral):
        result = replace(named, collateral=collateral).result()
        assert is_refused(result)
        assert not result.hw_rooted
        assert not satisfies(result, Kind.SW)


@pytest.mark.threat("T153")
@pytest.mark.parametrize(
    "changes",
    [
        {259: b"hardware model"},
        {260: ["1.0"]},
        {1000: 2},
        {265: "urn:sealhold:eat:tpm2:1"},
        {265: "tag:psacertified.org,2023:psa#tfm"},
        {266: {"sgx": {1000: 2}}},
        {273: [[42, CODE], [42, CODE]]},
        {273: [[60, CODE]]},
        {273: [[42, CODE[:31]]]},
        {263: 7},
        {263: True},
        {10: b"short"},
        {6: -1},
        {6: 1 << 50},
    ],
    ids=str,
)
def test_a_software_token_that_says_more_or_else_is_refused(changes: dict[int, object]) -> None:
    result = software().with_data(signed_claims(changes)).result()

    assert is_refused(result)
    assert not result.measurement


@pytest.mark.threat("T153")
def test_a_software_token_by_another_key_is_refused() -> None:
    forged = software().with_data(signed_claims({}, STRANGER))

    assert is_refused(forged.result(), "signature does not fit")


@pytest.mark.threat("T153")
def test_a_software_token_that_names_another_device_is_refused() -> None:
    forged = software().with_data(signed_claims({256: eat.device_name(STRANGER.public)}))

    assert is_refused(forged.result(), "another device")


@pytest.mark.threat("T153")
def test_software_meets_no_demand_for_hardware_or_for_a_sealed_machine() -> None:
    result = software().result()

    assert satisfies(result, Kind.SW)
    assert not satisfies(result, Kind.SW, sealed=True)
    assert not [kind for kind in Kind if kind is not Kind.SW and satisfies(result, kind)]


@pytest.mark.threat("T153")
def test_a_policy_cannot_make_software_hardware() -> None:
    made = software()
    wide = Policy(states=STATES, roots={Kind.SW: frozenset({sha256(DEVICE.public)})})

    assert not replace(made, policy=wide).result().hw_rooted


@pytest.mark.threat("T153")
def test_a_tpm_in_software_is_not_hardware() -> None:
    result = tpm(rooted=False).result()

    assert (result.status, result.hw_rooted, result.integrity) == (Status.WARNING, False, "sw")
    assert not satisfies(result, Kind.TPM2)


# --- T155: time ---


@pytest.mark.threat("T155")
@pytest.mark.parametrize("make", [software, enclave], ids=["sw", "nitro"])
def test_evidence_made_long_before_the_challenge_is_as_old_as_it_says(
    make: Callable[..., Made],
) -> None:
    old = Instant(NOW - 2 * DAY)
    made = make(made_at=old) if make is software else make(timestamp=old)

    assert is_refused(made.result())


@pytest.mark.threat("T155")
def test_evidence_signed_in_the_future_is_refused() -> None:
    assert is_refused(software(made_at=Instant(NOW + 10 * MINUTE)).result(), "from the future")
    assert software(made_at=Instant(NOW + MINUTE)).result().status is Status.WARNING


# --- T157: quotes ---


@pytest.mark.threat("T157")
def test_a_structure_that_no_tpm_made_is_refused() -> None:
    assert is_refused(tpm(magic=0xFF544348).result(), "not made by a TPM")


@pytest.mark.threat("T157")
@pytest.mark.parametrize("bit", [1, 4, 5, 16, 18])
def test_a_key_that_could_sign_anything_is_no_hardware(bit: int) -> None:
    result = tpm(attributes=ATTRIBUTES & ~(1 << bit)).result()

    assert is_refused(result, "only its TPM can use")
    assert not result.measurement


@pytest.mark.threat("T157")
def test_a_key_that_also_decrypts_is_no_hardware() -> None:
    assert is_refused(tpm(attributes=ATTRIBUTES | 1 << 17).result(), "only its TPM can use")


@pytest.mark.threat("T157")
def test_the_description_of_another_key_does_not_make_hardware() -> None:
    made = tpm()
    other = TpmCollateral(
        key=spki(curve_key("ak", 256)), area=area_of(curve_key("other", 256)), chain=tpm_chain()
    )

    assert is_refused(replace(made, collateral=other).result(), "only its TPM can use")


@pytest.mark.threat("T157")
def test_a_quote_of_a_register_that_anybody_can_set_back_is_a_warning() -> None:
    result = tpm(register=16).result()

    assert (result.status, result.hw_rooted) == (Status.WARNING, True)


@pytest.mark.threat("T157")
@pytest.mark.parametrize(
    "registers", [{12: bytes(32)}, {13: tpmforms.extended([CODE])}, {}, {12: b"short"}]
)
def test_register_values_beside_the_quote_that_are_not_its_own_are_refused(
    registers: dict[int, bytes],
) -> None:
    made = tpm()
    tree = unpack(made.evidence.data) | {"pcrs": registers}

    assert is_refused(made.with_data(pack(tree)).result())


@pytest.mark.threat("T157")
def test_a_structure_of_another_type_or_bank_is_refused() -> None:
    made = tpm()
    tree = unpack(made.evidence.data)
    key = curve_key("ak", 256)
    attest: bytes = tree["attest"]
    bank = attest.index(struct.pack(">IHB", 1, tpmforms.SHA256, 3))
    for place, value in ((4, b"\x80\x14"), (bank + 4, b"\x00\x0c"), (bank, b"\0\0\0\x02")):
        bent = attest[:place] + value + attest[place + len(value) :]
        signed = made_here.tpm_signed(bent, key)
        data = made_here.tpm_data(bent, signed, tree["pcrs"])
        assert is_refused(made.with_data(data).result())


@pytest.mark.threat("T155")
@pytest.mark.disable_socket
@pytest.mark.parametrize("kind", Kind)
def test_no_verifier_opens_a_socket(kind: Kind) -> None:
    assert MAKERS[kind]().result().measurement
