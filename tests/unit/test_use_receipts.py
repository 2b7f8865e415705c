"""Receipts of uses: a chain for each device, and what is found where it does not fit."""

import json
from dataclasses import replace

import pytest

from sealhold.audit.receipt import (
    Receipt,
    countersign,
    issue,
    open_receipt,
    receipt_digest,
    verify_receipt,
)
from sealhold.audit.receiptbody import UseBody
from sealhold.audit.usechain import FIRST, Odd, UseOddity, check_uses
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import BadSignatureError, InvalidEncodingError
from sealhold.model.ids import Id16, Purpose, ReceiptId
from sealhold.model.quantities import Instant
from sealhold.policy.shareterms import Action, Tier

OWNER, PHONE, LAPTOP, THIEF = (SigningKey(Secret(bytes([n]) * 32, "key")) for n in (1, 2, 3, 4))
DEVICES = {PHONE.public, LAPTOP.public}
SHARE = Id16(b"g" * 16)
USE = UseBody(
    seq=1,
    prev=FIRST,
    object=Id16(b"o" * 16),
    version=Id16(b"v" * 16),
    action=Action.VIEW,
    purpose=Purpose("ServiceProvision"),
    permitted=True,
    tier=Tier.KEY_PER_USE,
    counter=1,
)


def paper(body: UseBody, at: int, key: SigningKey = PHONE, *, beside: bool = True) -> bytes:
    receipt = Receipt(
        id=ReceiptId(Id16(bytes([at]) * 16)), at=Instant(at), about=SHARE, audit=None, body=body
    )
    signed = issue(receipt, key)
    return countersign(signed, {key.public}, OWNER) if beside else signed


def chain(count: int, key: SigningKey = PHONE, first: int = 1) -> list[bytes]:
    """Return `count` receipts of one device, with counters from `first` on."""
    papers: list[bytes] = []
    for place in range(count):
        prev = receipt_digest(papers[-1]) if papers else FIRST
        body = replace(USE, seq=place + 1, prev=prev, counter=first + place)
        papers.append(paper(body, place + 1, key))
    return papers


def odd(papers: list[bytes], most: int | None = 9) -> list[tuple[UseOddity, int]]:
    found: tuple[Odd, ...] = check_uses(papers, SHARE, DEVICES, [OWNER.public], most)
    return [(one.what, one.seq) for one in found]


def test_receipts_of_two_devices_fit_in_any_order_and_twice() -> None:
    papers = [*chain(3), *chain(2, LAPTOP, first=4)]

    assert odd([*reversed(papers), papers[0]]) == []
    assert odd([]) == []


def test_a_receipt_of_a_use_is_verified_alone_and_offline() -> None:
    one = chain(1)[0]

    opened = open_receipt(one, {PHONE.public, OWNER.public})

    assert opened.receipt.body == USE
    assert opened.cosigners == (OWNER.public,)
    assert verify_receipt(one, {PHONE.public}).exit_code == 0
    assert verify_receipt(one, {THIEF.public}).exit_code == 6


def test_what_is_missing_doubled_or_does_not_fit_is_found() -> None:
    papers = chain(4)
    second = receipt_digest(papers[0])
    forked = paper(replace(USE, seq=2, prev=second, counter=None), 2)
    wrong = paper(replace(USE, seq=2, prev=b"x" * 32, counter=2), 2)
    early = paper(replace(USE, seq=2, prev=second, counter=2), 0)
    alone = paper(replace(USE, seq=2, prev=second, counter=2), 2, beside=False)
    again = paper(replace(USE, seq=2, prev=second, counter=1), 2)
    bare = paper(replace(USE, prev=b"x" * 32), 1)

    assert odd([papers[0], papers[3]]) == [(UseOddity.GAP, 2)]
    assert odd(papers[1:2]) == [(UseOddity.GAP, 1)]
    assert odd([*papers[:2], forked]) == [(UseOddity.FORK, 2)]
    assert odd([papers[0], wrong]) == [(UseOddity.BROKEN, 2)]
    assert odd([bare]) == [(UseOddity.BROKEN, 1)]
    assert odd([paper(replace(USE, seq=0), 1)]) == [(UseOddity.BROKEN, 0)]
    assert odd([papers[0], early]) == [(UseOddity.BACK, 2)]
    assert odd([papers[0], alone]) == [(UseOddity.ALONE, 2)]
    assert odd([papers[0], again]) == [(UseOddity.TWICE, 2)]
    assert odd(papers, most=3) == [(UseOddity.ABOVE, 4)]


def test_one_counter_on_two_devices_is_found_and_a_refused_try_counts_for_nothing() -> None:
    tried = paper(replace(USE, permitted=False), 1, LAPTOP, beside=False)

    assert odd([*chain(1), *chain(1, LAPTOP)]) == [(UseOddity.TWICE, 1)]
    assert odd([*chain(1), tried]) == []


def test_receipts_of_other_keys_shares_or_kinds_are_refused() -> None:
    signature = json.loads(chain(1)[0])["signatures"][0]["sig"].encode()

    with pytest.raises(BadSignatureError):
        odd([paper(USE, 1, THIEF)])
    with pytest.raises(BadSignatureError):
        odd([chain(1)[0].replace(signature, b"A" * 86 + b"==")])
    with pytest.raises(InvalidEncodingError):
        check_uses(chain(1), Id16(b"h" * 16), DEVICES, [OWNER.public], 9)
