"""Chains that end somewhere else, and platforms that something is known against."""

from dataclasses import replace

import cbor2
import pytest

from sealhold.compute.attest.appraising import satisfies
from sealhold.compute.attest.collateral import (
    AmdCollateral,
    NitroCollateral,
)
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import DEFAULT, STATES, Policy, SnpLevel
from sealhold.compute.attest.spec import Result, Status
from sealhold.crypto import x509 as ours
from sealhold.model.errors import (
    InvalidError,
)
from sealhold.model.quantities import DAY, Millis
from tests.conformance import evidence_made as made_here
from tests.conformance import intel_made
from tests.conformance.evidence_made import (
    FLOOR,
    NOW,
    PARTS,
    Made,
    certify,
    chip_chain,
    chip_extensions,
    cose_es384,
    curve_key,
    document,
    enclave,
    enclave_chain,
    guest,
    intel,
    long_key,
    trusting,
)


def is_refused(result: Result, because: str = "") -> bool:
    told = any(because in reason for reason in result.reasons)
    return result.status is Status.CONTRAINDICATED and told and result.integrity == "none"


# --- T151: quotes of odd shapes ---


@pytest.mark.threat("T151")
@pytest.mark.parametrize("shape", intel_made.ODD)
def test_a_quote_of_another_shape_is_refused(shape: str) -> None:
    assert is_refused(intel(Kind(shape[:3]), shape=shape).result())


@pytest.mark.threat("T151")
@pytest.mark.parametrize(("shape", "start"), [("sgx", 432), ("tdx", 632), ("tdx 5", 638)])
def test_a_flipped_bit_in_any_byte_that_frames_the_parts_of_a_quote_is_refused(
    shape: str, start: int
) -> None:
    made = intel(Kind(shape[:3]), shape=shape)
    data = made.evidence.data
    certificates = data.index(b"-----BEGIN")
    nested = range(start + 132, start + 138) if shape != "sgx" else range(0)

    taken = []
    for place in (*range(start, start + 4), *nested, *range(certificates - 40, certificates)):
        bent = bytearray(data)
        bent[place] ^= 1 << place % 8
        if not is_refused(made.with_data(bytes(bent)).result()):
            taken.append(place)

    assert not taken


@pytest.mark.threat("T151")
@pytest.mark.parametrize("shape", ["sgx", "tdx"])
@pytest.mark.parametrize("by", [-1, 1, 70])
def test_a_length_within_a_quote_that_does_not_fit_is_refused(shape: str, by: int) -> None:
    made = intel(Kind(shape))
    data = made.evidence.data
    places = {"sgx": [432], "tdx": [632, 766]}[shape]

    for place in places:
        told = int.from_bytes(data[place : place + 4], "little") + by
        bent = data[:place] + told.to_bytes(4, "little") + data[place + 4 :]
        assert is_refused(made.with_data(bent).result(), "lengths within the quote")


@pytest.mark.threat("T154")
def test_a_trust_domain_that_a_service_may_move_is_refused() -> None:
    result = intel(Kind.TDX, shape="tdx 5, bound to a service").result()

    assert is_refused(result, "may move it")


# --- T152: chains ---


def enclave_under(*chain: bytes, pinned: bytes | None = None) -> Made:
    """Return a document whose certificates are `chain`, leaf first."""
    leaf, *others = chain
    told = document(certificate=leaf, cabundle=list(reversed(others)))
    data = cose_es384(cbor2.dumps(told), curve_key("enclave"))
    root = chain[-1]
    return replace(
        enclave(),
        collateral=NitroCollateral(ours.read_der(root)),
        policy=trusting(Kind.NITRO, pinned or root),
    ).with_data(data)


def leaf_of(issuer: str, signer: str, **more: object) -> bytes:
    return certify(
        "enclave",
        curve_key("enclave"),
        issuer,
        curve_key(signer),
        authority=False,
        **more,  # type: ignore[arg-type]  # reason: passed on
    )


@pytest.mark.threat("T152")
def test_a_root_of_the_same_name_that_is_not_pinned_is_refused() -> None:
    genuine = enclave_chain()[0]
    forged = certify("aws.made", curve_key("forged"), "aws.made", curve_key("forged"))
    leaf = leaf_of("aws.made", "forged")

    assert is_refused(enclave_under(leaf, forged, pinned=genuine).result(), "is not pinned")
    given = replace(
        enclave_under(leaf, forged, pinned=genuine),
        collateral=NitroCollateral(ours.read_der(genuine)),
    )
    assert is_refused(given.result(), "not the one that was given")


@pytest.mark.threat("T152")
def test_a_leaf_signed_by_a_stranger_in_an_authoritys_name_is_refused() -> None:
    root, middle, _ = enclave_chain()
    forged = leaf_of("zone", "forged")

    assert is_refused(enclave_under(forged, middle, root).result(), "signature does not fit")


@pytest.mark.threat("T152")
def test_a_leaf_that_issues_certificates_is_refused() -> None:
    root, middle, _ = enclave_chain()
    honest = certify(
        "honest", curve_key("honest"), "zone", curve_key("aws middle"), authority=False
    )
    forged = leaf_of("honest", "honest")

    result = enclave_under(forged, honest, middle, root).result()

    assert is_refused(result, "may not issue")


@pytest.mark.threat("T152")
def test_a_chain_longer_than_an_authority_allows_is_refused() -> None:
    root, middle, _ = enclave_chain()  # the middle may issue leaves only
    more = certify("more", curve_key("more"), "zone", curve_key("aws middle"))

    result = enclave_under(leaf_of("more", "more"), more, middle, root).result()

    assert is_refused(result, "longer than")


@pytest.mark.threat("T152")
def test_a_chain_that_leaves_out_its_middle_is_refused() -> None:
    root, _, leaf = enclave_chain()

    assert is_refused(enclave_under(leaf, root).result(), "names another issuer")


@pytest.mark.threat("T152")
def test_an_authority_in_the_place_of_a_leaf_is_refused() -> None:
    root = enclave_chain()[0]
    wide = certify("enclave", curve_key("enclave"), "aws.made", curve_key("aws root"))

    assert is_refused(enclave_under(wide, root).result(), "not a leaf")


@pytest.mark.threat("T152")
def test_a_critical_extension_that_nobody_here_knows_is_refused() -> None:
    root = enclave_chain()[0]
    odd = leaf_of("aws.made", "aws root", extensions=[("1.2.3.4", b"\x05\x00", True)])
    plain = leaf_of("aws.made", "aws root", extensions=[("1.2.3.4", b"\x05\x00", False)])

    assert is_refused(enclave_under(odd, root).result(), "critical extension")
    assert enclave_under(plain, root).result().status is Status.AFFIRMING


@pytest.mark.threat("T155")
@pytest.mark.parametrize("days", [(-9, -1), (1, 9)])
def test_an_authority_out_of_its_time_is_refused(days: tuple[int, int]) -> None:
    root = enclave_chain()[0]
    late = certify("late", curve_key("late"), "aws.made", curve_key("aws root"), days=days)

    assert is_refused(enclave_under(leaf_of("late", "late"), late, root).result(), "certificate")


@pytest.mark.threat("T155")
def test_a_document_made_before_its_certificate_held_is_refused() -> None:
    made = enclave(timestamp=NOW - 2 * DAY)
    patient = replace(made.policy, max_age=Millis(9 * DAY))

    assert is_refused(replace(made, policy=patient).result(), "outside the time")


@pytest.mark.threat("T152")
def test_a_chip_of_another_product_is_refused() -> None:
    other_root, other_product = long_key("another ark"), long_key("another ask")
    ark = certify("ARK-Other", other_root, "ARK-Other", other_root)
    ask = certify("SEV-Other", other_product, "ARK-Other", other_root)
    vcek = certify(
        "SEV-VCEK",
        curve_key("vcek"),
        "SEV-Other",
        other_product,
        authority=False,
        extensions=chip_extensions(),
    )
    other = tuple(ours.read_der(each) for each in (vcek, ask, ark))
    leaf, *_ = other

    assert is_refused(replace(guest(), collateral=AmdCollateral(other)).result(), "is not pinned")
    mixed = AmdCollateral((leaf, *chip_chain()[1:]))
    assert is_refused(replace(guest(), collateral=mixed).result(), "names another issuer")


@pytest.mark.threat("T152")
def test_the_vendor_of_one_kind_is_none_of_another() -> None:
    swapped = Policy(roots={Kind.SGX: DEFAULT.roots[Kind.NITRO]})

    assert is_refused(replace(intel(Kind.SGX), policy=swapped).result(), "is not pinned")
    assert is_refused(replace(intel(Kind.SGX), policy=DEFAULT).result(), "is not pinned")


# --- T154, T156: what is known against a platform ---


@pytest.mark.threat("T156")
@pytest.mark.parametrize("kind", [Kind.SGX, Kind.TDX])
@pytest.mark.parametrize("where", ["status", "enclave_status"])
@pytest.mark.parametrize("state", sorted((STATES - {"UpToDate"}) | {"Revoked"}))
def test_a_platform_in_a_lesser_state_is_refused_or_a_warning_where_it_is_listed(
    kind: Kind, where: str, state: str
) -> None:
    if where == "enclave_status" and state not in {"OutOfDate", "Revoked"}:
        state = "OutOfDate"  # the one lesser state of a quoting enclave
    told = {where: state, "advisory": "INTEL-SA-00001"}
    made = intel(kind, debug=False, **told)
    lesser = frozenset(STATES)

    assert is_refused(made.result())
    result = replace(made, policy=replace(made.policy, states=lesser)).result()
    if state == "Revoked":
        assert is_refused(result)
    else:
        assert (result.status, result.confidentiality) == (Status.WARNING, "glass")
        assert result.advisories == ("INTEL-SA-00001",)


@pytest.mark.threat("T156")
@pytest.mark.parametrize("state", ["Revoked", "Fine", ""])
def test_a_policy_cannot_list_a_state_that_is_never_taken(state: str) -> None:
    with pytest.raises(InvalidError):
        Policy(states=frozenset({"UpToDate", state}))


@pytest.mark.threat("T156")
def test_a_key_of_older_firmware_does_not_vouch_for_newer() -> None:
    for place in range(len(PARTS)):
        parts = bytearray(PARTS)
        parts[place] += 1
        assert is_refused(guest(parts=bytes(parts)).result(), "other versions")


@pytest.mark.threat("T156")
def test_a_key_of_another_chip_does_not_vouch_for_this_one() -> None:
    assert is_refused(guest(chip=b"o" * 64).result(), "another chip")


@pytest.mark.threat("T156")
@pytest.mark.parametrize("part", ["bootloader", "tee", "snp", "microcode"])
def test_a_platform_below_the_lowest_versions_is_refused(part: str) -> None:
    level: SnpLevel = replace(FLOOR, **{part: getattr(FLOOR, part) + 1})

    assert is_refused(guest(floor=level).result(), "older than the policy")


@pytest.mark.threat("T154")
def test_a_platform_without_lowest_versions_is_glass() -> None:
    made = guest()
    result = replace(made, policy=replace(made.policy, snp_floor=None)).result()

    assert (result.status, result.confidentiality) == (Status.WARNING, "glass")


@pytest.mark.threat("T154")
@pytest.mark.parametrize("kind", sorted(made_here.IN_DEBUG))
def test_no_policy_takes_debug(kind: Kind) -> None:
    made = made_here.IN_DEBUG[kind]()
    wide = replace(made.policy, states=STATES, max_age=DAY)

    result = replace(made, policy=wide, measurement=made.result().measurement).result()

    assert is_refused(result, "debug")
    assert not satisfies(result, Kind.SW)
