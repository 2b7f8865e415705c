"""The log read as a statement: one line for each thing learned or refused."""

from dataclasses import replace

import pytest

from sealhold.frontends.web.uses import BATCH, lately, of_lines
from sealhold.frontends.web.visit import Fields, Scheme, ShownCards, Visit
from sealhold.model.ids import ReceiptId
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import LedgerLine
from tests.web.sample_data import NOW, id_of
from tests.web.sample_state import answer_of
from tests.web.sample_vault import SampleVault

FULL = 64_000_000


@pytest.fixture
def vault() -> SampleVault:
    """An open vault in whose log nothing was told yet."""
    vault = SampleVault(locked=False)
    vault.answer_views.clear()
    return vault


def visit(vault: SampleVault) -> Visit:
    """Return a visit to `vault`."""
    return Visit(
        vault=vault,
        now=NOW,
        path="/ledger",
        names={},
        query=Fields(),
        form=Fields(),
        uploads=(),
        csrf="",
        scheme=Scheme.AUTO,
        demo=True,
        shown=ShownCards(),
        came_from_elsewhere=False,
    )


def entry(
    vault: SampleVault,
    seq: int,
    kind: str,
    *,
    cost: int = 0,
    receipt: str = "",
    denied: bool = False,
) -> LedgerLine:
    """Return one entry of the log."""
    return replace(
        vault.lines[0],
        seq=seq,
        kind=kind,
        actor="you",
        what=f"{kind} {seq}",
        outcome="denied" if denied else "done",
        cost=MicroBits(cost),
        left=MicroBits(FULL - cost) if cost else None,
        receipt=ReceiptId(id_of(receipt)) if receipt else None,
    )


def test_charge_and_release_are_one_line_with_the_price_of_the_charge(vault: SampleVault) -> None:
    charge = entry(vault, 7, "charge", cost=5_000_000)
    release = entry(vault, 9, "release", receipt="one")
    answer = answer_of(replace(release, cost=charge.cost), vault.grant_views[0].id)
    vault.answer_views.append(replace(answer, seq=7))

    uses = of_lines(visit(vault), (release, entry(vault, 8, "read"), charge))

    assert [(use.seq, use.who, use.cost, use.left) for use in uses] == [
        (9, "Desk assistant", 5_000_000, FULL - 5_000_000)
    ]


def test_a_charge_without_an_answer_is_a_line_of_its_own(vault: SampleVault) -> None:
    uses = of_lines(visit(vault), (entry(vault, 3, "preview", cost=2_000_000),))

    assert [(use.seq, use.cost, use.value) for use in uses] == [(3, 2_000_000, None)]


def test_a_refusal_is_a_line_and_keeps_the_balance(vault: SampleVault) -> None:
    lines = (entry(vault, 4, "decision", denied=True), entry(vault, 3, "preview", cost=2_000_000))

    refused, looked = of_lines(visit(vault), lines)

    assert refused.refused
    assert (refused.left, looked.left) == (FULL - 2_000_000, FULL - 2_000_000)


def test_what_the_owner_does_alone_is_no_use(vault: SampleVault) -> None:
    kinds = ("read", "search", "job", "ingest", "unlock", "approve")

    assert of_lines(visit(vault), [entry(vault, at, kind) for at, kind in enumerate(kinds)]) == ()


def test_the_prices_on_the_lines_add_up_to_what_was_told() -> None:
    vault = SampleVault(locked=False)

    uses, _ = lately(visit(vault), None, 100)

    assert sum(use.cost for use in uses) == vault.used()


def test_uses_are_found_behind_many_entries_of_other_kinds(vault: SampleVault) -> None:
    used = entry(vault, 0, "preview", cost=2_000_000)
    vault.lines = [used, *(entry(vault, at, "read") for at in range(1, 2 * BATCH))]

    uses, further = lately(visit(vault), None, 40)

    assert [use.seq for use in uses] == [0]
    assert further is None


def test_pages_of_uses_go_on_where_the_last_one_ended(vault: SampleVault) -> None:
    vault.lines = [entry(vault, at, "preview", cost=1_000_000) for at in range(100)]

    first, further = lately(visit(vault), None, 40)
    second, _ = lately(visit(vault), further, 40)

    assert [use.seq for use in first] == list(range(99, 59, -1))
    assert [use.seq for use in second] == list(range(59, 19, -1))
