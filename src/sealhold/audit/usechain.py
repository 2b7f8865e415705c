"""The receipts of uses of a share, put together: what is missing, doubled or does not fit.

- One chain for each device: its receipts have numbers from 1, and each names the one before.
- Offline and in any order; a receipt that comes twice is one. Only signatures are believed, and
  what devices never said is not found: their silence is told apart.

Source: docs/spec/49-sharing.md section 10.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from sealhold.audit.receipt import OpenedReceipt, open_receipt, receipt_digest
from sealhold.audit.receiptbody import UseBody
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import Id16
from sealhold.policy.shareterms import Tier

FIRST: Final = bytes(32)  # before the first receipt of a device


class UseOddity(StrEnum):
    """What is odd about receipts of uses."""

    GAP = "gap"  # from this number on some are missing
    FORK = "fork"
    BROKEN = "broken"
    BACK = "back"
    ALONE = "alone"  # the owner did not sign beside
    TWICE = "twice"
    ABOVE = "above"


@dataclass(frozen=True, slots=True, order=True)
class Odd:
    """One oddity, of a device's receipt with a number."""

    what: UseOddity
    device: PublicKey
    seq: int


@dataclass(frozen=True, slots=True)
class _Use:
    opened: OpenedReceipt
    body: UseBody
    digest: bytes


def check_uses(
    papers: Iterable[bytes],
    share: Id16,
    devices: Collection[bytes],
    owners: Collection[bytes],
    most: int | None,
) -> tuple[Odd, ...]:
    """Return what is odd about receipts of uses of `share`, in order; nothing if they fit.

    Args:
        papers: receipts, in any order.
        share: that they are about.
        devices: public keys of the devices that may use it.
        owners: of the owner's devices, one of which signs beside each permitted use at T2 and T3.
        most: the count of the share, if it has one.

    Raises:
        InvalidEncodingError: one is no receipt of a use of this share.
        BadSignatureError: one was altered, or another key issued it.
    """
    chains: dict[PublicKey, dict[bytes, _Use]] = defaultdict(dict)
    for paper in papers:
        use = _opened(paper, share, devices, owners)
        chains[use.opened.issuer][use.digest] = use
    found = set(_counted([use for each in chains.values() for use in each.values()], most))
    for device, uses in chains.items():
        ordered = sorted(uses.values(), key=lambda use: (use.body.seq, use.digest))
        found.update(_chained(device, ordered))
        found.update(
            Odd(UseOddity.ALONE, device, use.body.seq)
            for use in ordered
            if use.body.permitted
            and use.body.tier >= Tier.KEY_PER_USE
            and not set(owners) & set(use.opened.cosigners)
        )
    return tuple(sorted(found))


def _opened(
    paper: bytes, share: Id16, devices: Collection[bytes], owners: Collection[bytes]
) -> _Use:
    # THREAT T479: whoever used more than was given cannot unsay it, or say it for somebody else
    opened = open_receipt(paper, {*devices, *owners})
    body = opened.receipt.body
    if not isinstance(body, UseBody) or opened.receipt.about != share:
        raise InvalidEncodingError("not a receipt of a use of this share")
    return _Use(opened, body, receipt_digest(paper))


def _chained(device: PublicKey, uses: Sequence[_Use]) -> Iterator[Odd]:
    for before, number in pairwise([0, *sorted({use.body.seq for use in uses})]):
        if number > before + 1:
            yield Odd(UseOddity.GAP, device, before + 1)
    begin = uses[0].body
    if begin.seq < 1 or (begin.seq == 1 and begin.prev != FIRST):
        yield Odd(UseOddity.BROKEN, device, begin.seq)
    for last, use in pairwise(uses):
        seq = use.body.seq
        if seq == last.body.seq:
            yield Odd(UseOddity.FORK, device, seq)
            continue
        if seq == last.body.seq + 1 and use.body.prev != last.digest:
            yield Odd(UseOddity.BROKEN, device, seq)
        if use.opened.receipt.at < last.opened.receipt.at:
            yield Odd(UseOddity.BACK, device, seq)


def _counted(uses: Sequence[_Use], most: int | None) -> Iterator[Odd]:
    """Yield uses with the number of another one, and those that are more than the count.

    Numbers that were lent and given back are nobody's, so the highest one says nothing.
    """
    seen: dict[int, _Use] = {}
    for use in sorted(uses, key=lambda use: (use.opened.issuer, use.body.seq, use.digest)):
        counter = use.body.counter
        if counter is None or not use.body.permitted:
            continue
        if counter in seen:
            yield Odd(UseOddity.TWICE, use.opened.issuer, use.body.seq)
        seen.setdefault(counter, use)
    if most is not None:
        for counter in sorted(seen)[most:]:
            yield Odd(UseOddity.ABOVE, seen[counter].opened.issuer, seen[counter].body.seq)
