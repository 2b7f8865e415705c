"""What every verifier of evidence must do, on evidence of its kind that is made here."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from sealhold.compute.attest.appraising import VERIFIERS, satisfies
from sealhold.compute.attest.kinds import HIDING, Kind
from sealhold.compute.attest.policy import Policy
from sealhold.compute.attest.spec import Bound, ReferenceValues, Status
from sealhold.model.quantities import DAY, HOUR, Instant
from tests.conformance import intel_made
from tests.conformance.evidence_made import IN_DEBUG, MAKERS, NOW, Made, intel

Maker = Callable[[], Made]
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
HARDWARE = [kind for kind in Kind if kind is not Kind.SW]


def refused(made: Made) -> bool:
    result = made.result()
    return result.status is Status.CONTRAINDICATED and result.integrity == "none"


def test_each_kind_has_its_verifier() -> None:
    assert {kind: verifier.kind for kind, verifier in VERIFIERS.items()} == {k: k for k in Kind}


@pytest.mark.parametrize("kind", HARDWARE)
def test_hardware_with_nothing_against_it_is_affirming(kind: Kind) -> None:
    result = MAKERS[kind]().result()

    assert (result.status, result.reasons) == (Status.AFFIRMING, ())
    assert (result.hw_rooted, result.integrity, result.debug) == (True, "hw", False)
    assert result.confidentiality == ("sealed" if kind in HIDING else "glass")
    assert result.measurement == MAKERS[kind]().measurement


@pytest.mark.parametrize("shape", intel_made.SHAPES)
@pytest.mark.parametrize("debug", [False, True])
def test_quotes_of_every_version_are_read(shape: str, *, debug: bool) -> None:
    result = intel(Kind(shape[:3]), debug=debug, shape=shape).result()

    assert result.debug is debug
    assert result.status is (Status.CONTRAINDICATED if debug else Status.AFFIRMING)
    assert result.hw_rooted is not debug


@EACH
def test_the_same_arguments_give_the_same_result(make: Maker) -> None:
    made = make()

    assert made.result() == made.result()


@EACH
def test_a_result_says_until_when_it_holds(make: Maker) -> None:
    result = make().result()

    assert NOW < result.not_after <= NOW + DAY


@EACH
def test_another_nonce_is_refused(make: Maker) -> None:
    made = make()

    assert refused(replace(made, nonce=made.nonce[:-1] + b"\xff"))


@EACH
def test_another_nonce_is_refused_even_if_the_evidence_claims_it(make: Maker) -> None:
    made = make()
    nonce = b"n" * 32
    claimed = replace(made.evidence, nonce=nonce, report_data=made.binding.report_data(nonce))

    assert refused(replace(made, nonce=nonce, evidence=claimed))


@EACH
def test_no_nonce_is_refused(make: Maker) -> None:
    made = make()

    assert refused(replace(made, nonce=b"", evidence=replace(made.evidence, nonce=b"")))


@EACH
def test_evidence_of_another_statement_is_refused(make: Maker) -> None:
    made = make()
    other = Bound(statement=b"another answer", session_key=made.binding.session_key)

    assert refused(replace(made, binding=other))


@EACH
def test_evidence_for_another_session_is_refused(make: Maker) -> None:
    made = make()
    other = Bound(statement=made.binding.statement, session_key=b"o" * 32)

    assert refused(replace(made, binding=other))


@EACH
def test_report_data_that_is_only_claimed_is_refused(make: Maker) -> None:
    made = make()
    other = Bound(statement=b"another answer", session_key=made.binding.session_key)
    claimed = replace(made.evidence, report_data=other.report_data(made.nonce))

    assert refused(replace(made, binding=other, evidence=claimed))


@EACH
def test_a_program_that_is_not_known_is_refused(make: Maker) -> None:
    assert refused(replace(make(), measurement=b"another program".ljust(32)))


@EACH
def test_evidence_older_than_the_policy_allows_is_refused(make: Maker) -> None:
    made = make()
    short = replace(made.policy, max_age=HOUR)
    late = Instant(NOW + HOUR + 1)

    assert not refused(replace(made, policy=short, now=Instant(late - 1)))
    assert refused(replace(made, policy=short, now=late))


@EACH
def test_evidence_of_the_future_is_refused(make: Maker) -> None:
    made = make()

    assert refused(replace(made, now=Instant(NOW - HOUR), asked_at=NOW))


@EACH
def test_a_missing_and_a_foreign_collateral_are_refused(make: Maker) -> None:
    made = make()
    foreign = MAKERS[Kind.NITRO if made.evidence.kind is Kind.SW else Kind.SW]().collateral

    assert refused(replace(made, collateral=None))
    assert refused(replace(made, collateral=foreign))


@EACH
def test_bytes_that_are_cut_or_lengthened_are_refused(make: Maker) -> None:
    made = make()
    data = made.evidence.data

    for other in (b"", data[:-1], data[: len(data) // 2], data[1:], data + b"\x00", data * 2):
        assert refused(made.with_data(other)), len(other)


@EACH
def test_a_flipped_bit_leaves_nothing_verified(make: Maker) -> None:
    made = make()
    data = made.evidence.data
    draw = random.Random(made.evidence.kind)

    for _ in range(50):
        place = draw.randrange(len(data))
        bent = data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :]
        result = made.with_data(bent).result()
        assert (result.status, result.measurement) == (Status.CONTRAINDICATED, b""), place


@EACH
def test_evidence_of_every_other_kind_is_refused(make: Maker) -> None:
    made = make()

    for kind, other in MAKERS.items():
        if kind is not made.evidence.kind:
            assert refused(made.with_data(other().evidence.data)), kind


@EACH
def test_a_verifier_handed_evidence_that_calls_itself_another_kind_refuses_it(make: Maker) -> None:
    made = make()
    kind = made.evidence.kind
    other = Kind.SW if kind is not Kind.SW else Kind.NITRO
    reference = ReferenceValues(
        binding=made.binding, asked_at=NOW, measurements=frozenset({made.measurement})
    )

    result = VERIFIERS[kind].appraise(
        replace(made.evidence, kind=other), made.nonce, reference, made.policy, NOW, made.collateral
    )

    assert (result.kind, result.status) == (kind, Status.CONTRAINDICATED)


@pytest.mark.parametrize("make", IN_DEBUG.values(), ids=IN_DEBUG)
def test_debug_is_refused_though_it_is_signed(make: Maker) -> None:
    made = make()
    result = made.result()

    assert refused(made)
    assert result.debug
    assert result.confidentiality != "sealed"


@EACH
def test_without_reference_values_a_result_is_a_warning(make: Maker) -> None:
    made = make()
    reference_free = made.unmeasured()

    assert reference_free.status is Status.WARNING
    assert reference_free.confidentiality == "glass"


@pytest.mark.parametrize("kind", HARDWARE)
def test_without_a_pinned_root_nothing_is_rooted_in_hardware(kind: Kind) -> None:
    result = replace(MAKERS[kind](), policy=Policy(roots={})).result()

    assert not result.hw_rooted
    assert result.status is Status.CONTRAINDICATED


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("demanded", Kind)
def test_a_demand_is_met_by_that_kind_and_what_stands_above_it(kind: Kind, demanded: Kind) -> None:
    order = {Kind.SW: 0, Kind.TPM2: 1}
    expected = kind is demanded or order.get(demanded, 3) < order.get(kind, 2)

    assert satisfies(MAKERS[kind]().result(), demanded) is expected


@EACH
def test_only_a_sealed_result_meets_a_demand_for_a_sealed_machine(make: Maker) -> None:
    made = make()
    result = made.result()

    assert satisfies(result, made.evidence.kind, sealed=True) is (made.evidence.kind in HIDING)
