"""`sealhold bench policy`: how long it takes to decide a use of what is shared.

- `cached_us`: one decision among ten shares of one person, all of them parsed and checked before.
- `cold_us`: one decision from the signed paper that a recipient has in the space of a share: its
  clauses are read, its signature is checked, then it is decided.
- `preview_10k_ms`: which of ten thousand objects a new rule shows to whom.

Source: docs/benchmarks.md.
"""

from dataclasses import replace
from typing import Final

from sealhold.bench.harness import Bench, per_call
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.rootid import RootId
from sealhold.crypto.seal import new_key
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.errors import SealholdError
from sealhold.model.ids import Collection, ContactId, DeviceId, FieldName, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.preview import preview
from sealhold.policy.share import (
    Clauses,
    Count,
    Per,
    What,
    travelling,
)
from sealhold.policy.sharedecide import decide_use
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use
from sealhold.policy.shareshown import parse_shown
from sealhold.policy.shareterms import Action, Tier
from sealhold.sharing.peers.sharepaper import Paper, read_paper, write_paper

OWNER: Final = ContactId(b"o" * 32)
FRIEND: Final = ContactId(b"f" * 32)
SHARE: Final = GrantId(Id16(b"s" * 16))
NOW: Final = Instant(1_000)
TRIPS: Final = Collection("trips")
COLUMNS: Final = (
    Column(name=FieldName("metres"), type=ColumnType.INTEGER, about=""),
    Column(name=FieldName("mode"), type=ColumnType.TEXT, about=""),
)
LEAST: Final = 500  # metres: of the filter below
SHARES: Final = 10  # that one person has of another
OBJECTS: Final = 10_000
CALLS: Final = 2_000
MICRO: Final = 1_000_000
MILLI: Final = 1_000
CLAUSES: Final = Clauses(
    who=frozenset({FRIEND}),
    what=What(dataset=TRIPS, rows=f"mode in ('bike', 'walk') and metres >= {LEAST}"),
    actions=frozenset({Action.VIEW, Action.SEARCH}),
    purposes=frozenset({Purpose("ServiceProvision")}),
    not_before=Instant(0),
    not_after=Instant(2_000_000_000_000),
    count=Count(most=40, per=Per.GRANT),
    tier=Tier.KEY_PER_USE,
)
WISH: Final = Use(
    who=FRIEND,
    device=DeviceRole.FULL,
    action=Action.VIEW,
    purpose=Purpose("ServiceProvision"),
    thing=Thing(id=Id16(bytes(16)), dataset=TRIPS, row={"mode": "bike", "metres": 900}),
)


def measure(bench: Bench) -> None:
    """Measure a decision, cached and cold, and a preview."""
    signing = SigningKey(new_key(system_entropy, "bench share key"))
    copy = travelling(CLAUSES, FRIEND, {WISH.thing.id: WISH.thing.id})
    paper = write_paper(_paper(copy), signing)
    facts = _facts([_held(number, CLAUSES) for number in range(SHARES)])
    bench.check(decide_use(WISH, facts).permit, "a use within a share is refused")
    altered = paper.replace(b"ServiceProvision", b"ServiceProvisiom")
    bench.check(altered != paper, "a share does not tell what it is for")
    bench.check(not _is_signed(altered, signing.public), "an altered share is taken")
    times = bench.count(CALLS, 100)
    cached = per_call(lambda: decide_use(WISH, facts), times)
    cold = per_call(lambda: _cold(paper, signing.public), times)
    found = bench.medians({"cached": cached, "cold": cold})
    bench.figures["cached_us"] = found["cached"] * MICRO
    bench.figures["cold_us"] = found["cold"] * MICRO
    _preview(bench)


def _preview(bench: Bench) -> None:
    count = bench.count(OBJECTS, 500)
    things = [
        Thing(
            id=Id16(number.to_bytes(16, "big")),
            dataset=TRIPS,
            row={"mode": "bike" if number % 2 else "car", "metres": number % 1_000},
        )
        for number in range(count)
    ]
    before, after = _facts([]), _facts([_held(0, CLAUSES)])
    found = preview(before, after, things, sha256).of[FRIEND, Tier.KEY_PER_USE]
    half = sum(1 for one in things if one.row["metres"] >= LEAST and one.row["mode"] == "bike")
    bench.check(len(found.appears) == half, "a preview shows other objects than the rule")
    once = per_call(lambda: preview(before, after, things, sha256), 1)
    bench.figures["preview_objects"] = count
    bench.figures["preview_10k_ms"] = bench.median(once) * MILLI


def _paper(copy: Clauses) -> Paper:
    return Paper(
        grant=SHARE,
        owner=RootId(OWNER),
        device=DeviceId(Id16(b"d" * 16)),
        parent=None,
        epoch=1,
        said=NOW,
        clauses=copy,
    )


def _cold(paper: bytes, public: PublicKey) -> None:
    """Decide one use from the bytes of a share.

    Raises:
        SealholdError: it is refused.
    """
    read = read_paper(paper, public)
    held = HeldShare(
        id=read.grant,
        issuer=ContactId(bytes(read.owner)),
        clauses=read.clauses,
        signed=True,
        epoch=read.epoch,
        newest=read.epoch,
    )
    if not decide_use(WISH, _facts([held])).permit:
        raise SealholdError("a wrong result: a use within a share is refused")


def _is_signed(paper: bytes, public: PublicKey) -> bool:
    try:
        read_paper(paper, public)
    except SealholdError:
        return False
    return True


def _held(number: int, clauses: Clauses) -> HeldShare:
    """Return a share; of many the one with number 0 is looked at last, and is about the wish."""
    elsewhere = What(ids=frozenset({Id16(b"x" * 16)}))
    return HeldShare(
        id=GrantId(Id16(bytes([200 - number]) * 16)),
        issuer=OWNER,
        clauses=replace(clauses, what=elsewhere) if number else clauses,
        signed=True,
        epoch=0,
        newest=0,
        rows=parse_shown(clauses, COLUMNS).rows,
    )


def _facts(held: list[HeldShare]) -> ShareFacts:
    return ShareFacts(now=NOW, owner=OWNER, held=tuple(held))
