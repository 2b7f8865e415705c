"""Attacks by a device on what all devices see: names, clocks, moves and deletes."""

import pytest

from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.conflict import Version, Versions
from sealhold.sharing.devices.filenames import LINUX, PORTABLE
from sealhold.sharing.devices.logicaltime import (
    MAX_MS,
    MAX_STEP,
    LogicalClock,
    LogicalTime,
    checked_time,
)
from sealhold.sharing.devices.namespace import MAX_DEPTH, Tree
from sealhold.sharing.devices.treeops import ROOT, Op, move, place, unpack_op

A, B, THIEF, OWN = (bytes([n]) * 16 for n in (1, 2, 3, 4))
FAR = LogicalTime(MAX_MS - 1, 0)


@pytest.mark.threat("T467")
@pytest.mark.parametrize(
    "name",
    [
        "../.ssh/authorized_keys", "/etc/passwd", "..", ".", "a\0b", "\x1b[2J", "inv\u202ecod.exe",
        "\u2066a", "\ud800", "n" * 256, "", "a\r\nb", "\x7f", "\x9b",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_never_becomes_an_operation(name: str) -> None:
    with pytest.raises(InvalidError):
        place(A, ROOT, name, LogicalTime(1, 0), THIEF)
    if name != "\ud800":  # CBOR has no way to write half a character
        with pytest.raises(InvalidEncodingError):
            unpack_op(pack([1, A, ROOT, name, 1, 0, THIEF]))


@pytest.mark.threat("T467")
def test_a_name_made_to_look_like_another_is_shown_apart_from_it() -> None:
    tree = Tree(
        [
            place(A, ROOT, "Résumé.pdf", LogicalTime(1, 0), OWN),
            place(B, ROOT, "Re\u0301sume\u0301.pdf", LogicalTime(0, 0), THIEF),
        ]
    )

    for holds in (LINUX, PORTABLE):
        assert [each.path[0] for each in tree.shown(holds=holds).values()] == [
            "Re\u0301sume\u0301.pdf",
            "Résumé (0101).pdf",
        ]


@pytest.mark.threat("T469")
def test_after_a_clock_far_ahead_every_device_still_writes_and_is_later() -> None:
    clock = LogicalClock(lambda: Instant(1_000))

    clock.saw(FAR)
    times = [clock.tick() for _ in range(5)]

    assert times == sorted({*times})
    assert times[0] > FAR
    with pytest.raises(InvalidError):
        checked_time(MAX_MS + 1, 0)
    with pytest.raises(InvalidError):
        checked_time(0, MAX_STEP + 1)


@pytest.mark.threat("T469")
def test_a_clock_far_ahead_or_back_loses_no_version_of_another_device() -> None:
    for stolen in (LogicalTime(0, 0), FAR):
        first = version(1, (), LogicalTime(0, 0), OWN, b"first")
        own = version(2, (1,), LogicalTime(5, 0), OWN, b"own")
        theirs = version(3, (), stolen, THIEF, b"theirs")

        found = Versions([theirs, own, first]).standing(A)

        kept = {each.content for each in (found.shown, *found.siblings) if each}
        assert kept == {b"own", b"theirs"}


@pytest.mark.threat("T470")
def test_moves_made_to_close_a_circle_leave_every_folder_reachable() -> None:
    ids = [n.to_bytes(16, "big") for n in range(1, 30)]
    made = [
        place(each, ROOT, "d", LogicalTime(1, n), OWN, is_folder=True) for n, each in enumerate(ids)
    ]
    ring = [
        move(each, LogicalTime(2, 0), bytes([n]) * 16, parent=ids[(n + 1) % len(ids)])
        for n, each in enumerate(ids)
    ]
    late = Tree(made)
    for op in reversed(ring):
        late.apply([op])

    assert late.shown() == Tree([*ring, *made]).shown()
    assert len(late.shown()) == len(ids)
    assert len(late.ignored()) == 1


@pytest.mark.threat("T470")
def test_a_chain_of_twenty_thousand_folders_is_no_deeper_than_a_path_may_be() -> None:
    chain = [ROOT, *(n.to_bytes(16, "big") for n in range(1, 20_001))]
    ops: list[Op] = [
        place(thing, chain[n], "d", LogicalTime(1, n), THIEF, is_folder=True)
        for n, thing in enumerate(chain[1:])
    ]

    tree = Tree(ops)

    assert max(len(each.path) for each in tree.shown().values()) == MAX_DEPTH
    assert len(tree.shown()) + len(tree.adrift()) <= len(ops)


@pytest.mark.threat("T472")
def test_a_delete_that_did_not_see_an_edit_takes_nothing_however_late_it_says_to_be() -> None:
    first = version(1, (), LogicalTime(0, 0), OWN, b"first")
    edit = version(2, (1,), LogicalTime(5, 0), OWN, b"edit")
    removal = version(3, (1,), FAR, THIEF, None)

    found = Versions([first, edit, removal]).standing(A)

    assert (found.shown, found.is_edit_over_delete) == (edit, True)


@pytest.mark.threat("T472")
def test_a_version_that_claims_to_follow_a_later_one_takes_nothing_away() -> None:
    own = version(2, (), LogicalTime(5, 0), OWN, b"own")
    forged = version(3, (2,), LogicalTime(5, 0), THIEF, None)

    assert Versions([own, forged]).standing(A).shown == own


def version(
    number: int, after: tuple[int, ...], time: LogicalTime, device: bytes, content: bytes | None
) -> Version:
    return Version(
        id=bytes([number]) * 16,
        object=A,
        parents=frozenset(bytes([each]) * 16 for each in after),
        time=time,
        device=device,
        content=content,
    )
