"""Attacks on what a log gives out: bundles and receipts, by somebody who has them in hand."""

from collections.abc import Sequence

import pytest

from sealhold.audit.bundle import verify_bundle
from sealhold.audit.receipt import Place, Receipt, issue, outsider_copy, verify_receipt
from sealhold.audit.receiptbody import Confirmed, RunBody
from sealhold.model.ids import AppId, GrantId, Id16, Purpose, ReceiptId, TaskDigest
from sealhold.model.quantities import MicroBits
from tests.attack.bent_log import NOON, ORIGIN, Log


def flipped(data: bytes) -> Sequence[bytes]:
    """Return `data` with one bit changed, at every place and in each of three bits."""
    return [
        data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        for at in range(len(data))
        for bit in (0x01, 0x20, 0x80)
    ]


@pytest.mark.threat("T52")
def test_a_bundle_of_another_vault_is_refused_whatever_it_says_of_itself() -> None:
    log, forger = Log().fill(), Log(b"forger").fill()

    verdict = verify_bundle(forger.bundle(3), [log.signer.public])

    assert (verdict.exit_code, verdict.checks[-1].name) == (6, "signature")


@pytest.mark.threat("T52")
def test_without_a_key_to_trust_a_bundle_is_whole_and_no_more() -> None:
    verdict = verify_bundle(Log().fill().bundle(3), [])

    assert verdict.exit_code == 3
    assert [check.name for check in verdict.checks if not check.held] == ["key"]


@pytest.mark.threat("T53")
@pytest.mark.parametrize("pinned", [True, False])
def test_a_bundle_with_any_bit_changed_is_refused(pinned: bool) -> None:  # noqa: FBT001  # reason: a parameter of the test
    log = Log().fill()
    keys = [log.signer.public] if pinned else []

    verdicts = [verify_bundle(data, keys) for data in flipped(log.bundle(13))]

    assert {verdict.exit_code for verdict in verdicts} == {6}
    assert all(verdict.sentence.startswith("Do not trust") for verdict in verdicts)


def run_receipt() -> Receipt:
    return Receipt(
        id=ReceiptId(Id16(bytes(range(16)))),
        at=NOON,
        about=Id16(b"g" * 16),
        audit=Place(origin=ORIGIN, size=20, index=17),
        body=RunBody(
            app=AppId(Id16(b"a" * 16)),
            grant=GrantId(Id16(b"g" * 16)),
            task=TaskDigest(b"t" * 32),
            purpose=Purpose("ServiceProvision"),
            destination=b"d" * 32,
            answer=b"s" * 32,
            bytes_out=120,
            confirmed=Confirmed.PASSPHRASE,
            rows_read=311,
            cost=MicroBits(5_000_000),
            repeated=False,
        ),
    )


@pytest.mark.threat("T53")
@pytest.mark.parametrize("pinned", [True, False])
def test_a_receipt_with_any_bit_changed_is_refused(pinned: bool) -> None:  # noqa: FBT001  # reason: a parameter of the test
    signer = Log().signer
    keys = [signer.public] if pinned else []

    verdicts = [verify_receipt(data, keys) for data in flipped(issue(run_receipt(), signer))]

    assert {verdict.exit_code for verdict in verdicts} == {6}


@pytest.mark.threat("T53")
def test_a_bundle_cut_or_lengthened_is_refused() -> None:
    log = Log().fill()
    whole = log.bundle(13)

    verdicts = [
        verify_bundle(data, [log.signer.public])
        for data in (whole[:-1], whole[:200], whole + b" ", whole + b"\n", whole + whole)
    ]

    assert {verdict.exit_code for verdict in verdicts} == {6}


@pytest.mark.threat("T55")
def test_an_outsiders_copy_of_a_receipt_holds_no_place_and_no_fact_of_the_owners() -> None:
    receipt = run_receipt()

    copy = outsider_copy(receipt, ReceiptId(Id16(b"f" * 16)))

    assert isinstance(copy.body, RunBody)
    assert (copy.audit, copy.body.rows_read, copy.body.cost, copy.body.repeated) == (None,) * 4
    assert copy.id != receipt.id
