"""The gate of a proxy: who may do what, what the log says before it, and how little that is."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.model.errors import DeniedError, InvalidError, NotFoundError, TakenError
from sealhold.protect.gate import Use
from sealhold.vault.proxygate import CELLS, SECONDS, STATEMENTS
from sealhold.vault.proxyusers import Right
from tests.unit.proxy_vault import ALL, PASSWORD, ProxyVault, proxy_vault, use

LEASE, USED = EventKind.PROXY_LEASE, EventKind.PROXY_USE


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


def test_a_lease_is_in_the_log_before_it_is_given(proxy: ProxyVault) -> None:
    proxy.gate.admit(use("anna", "SELECT", "patient.name"))

    [told] = proxy.told(LEASE)
    assert (told.rows_read, told.rows_out) == (STATEMENTS, CELLS)
    assert (told.collection, told.fields, told.reason) == ("patient", ("patient.name",), "SELECT")
    assert told.records == proxy.users.tag("anna")


def test_sessions_share_a_block_and_never_get_more_than_it(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")

    leases = [proxy.gate.admit(one) for _ in range(60)]

    assert len(proxy.told(LEASE)) == 1
    assert sum(lease.statements for lease in leases) <= STATEMENTS
    assert sum(lease.cells for lease in leases) <= CELLS


def test_what_is_given_is_never_more_than_the_log_says(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")

    leases = [proxy.gate.admit(one) for _ in range(400)]

    told = proxy.told(LEASE)
    assert len(told) > 1
    assert sum(lease.statements for lease in leases) <= sum(each.rows_read for each in told)
    assert sum(lease.cells for lease in leases) <= sum(each.rows_out for each in told)


def test_what_was_used_is_told_once_the_block_is_over(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")
    leases = [proxy.gate.admit(one) for _ in range(3)]
    for lease in leases:
        lease.used_statements, lease.used_cells = 2, 5

    for lease in leases:
        proxy.gate.settle(one, lease)
        proxy.gate.settle(one, lease)
    proxy.seconds.now += SECONDS
    proxy.gate.sweep()

    [granted], [used] = proxy.told(LEASE), proxy.told(USED)
    assert (used.rows_read, used.rows_out, used.decision) == (6, 15, granted.decision)


def test_a_block_with_a_part_that_is_out_waits_to_be_told(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")
    late = proxy.gate.admit(one)

    proxy.seconds.now += SECONDS
    proxy.gate.admit(one)
    before = proxy.told(USED)
    late.used_statements = 1
    proxy.gate.settle(one, late)

    assert before == []
    assert [each.rows_read for each in proxy.told(USED)] == [1]


def test_what_is_out_at_the_end_is_told_too(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")
    first = proxy.gate.admit(one)
    first.used_statements = 3
    proxy.seconds.now += SECONDS
    proxy.gate.admit(one).used_statements = 4

    proxy.gate.close()

    assert [each.rows_read for each in proxy.told(USED)] == [4, 3]


def test_an_unused_part_comes_back_to_its_block(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")
    for _ in range(2_000):
        proxy.gate.settle(one, proxy.gate.admit(one))

    assert len(proxy.told(LEASE)) == 1


@pytest.mark.parametrize(
    ("opens", "writes", "most"),
    [
        (("patient.hiv",), (), 1),
        ((), ("public.patient.hiv",), 1),
        (("patient.dose",), (), STATEMENTS),
        ((), ("patient.dose",), 1),
    ],
)
def test_a_column_that_is_audited_has_an_entry_for_each_use(
    proxy: ProxyVault, opens: tuple[str, ...], writes: tuple[str, ...], most: int
) -> None:
    one = Use("anna", "clinic", "UPDATE", ("patient",), opens, writes)

    proxy.gate.admit(one)

    assert proxy.told(LEASE)[0].rows_read == most


@pytest.mark.parametrize(
    ("verb", "opens", "right"),
    [
        ("SELECT", (), Right.READ),
        ("INSERT", (), Right.WRITE),
        ("CREATE TABLE", (), Right.DEFINE),
        ("a verb that nobody knows", (), Right.DEFINE),
    ],
)
def test_each_verb_needs_its_right(
    proxy: ProxyVault, verb: str, opens: tuple[str, ...], right: Right
) -> None:
    proxy.users.add("with", PASSWORD, frozenset({right}), frozenset())
    proxy.users.add("without", PASSWORD, ALL - {right}, frozenset())

    proxy.gate.admit(use("with", verb, *opens))
    with pytest.raises(DeniedError):
        proxy.gate.admit(use("without", verb, *opens))


def test_who_may_only_write_reads_nothing_by_writing(proxy: ProxyVault) -> None:
    proxy.users.add("writer", PASSWORD, frozenset({Right.WRITE}), frozenset())

    with pytest.raises(DeniedError):
        proxy.gate.admit(use("writer", "INSERT", "patient.name"))


def test_who_has_one_table_has_no_other(proxy: ProxyVault) -> None:
    proxy.users.add("nurse", PASSWORD, ALL, frozenset({"visit"}))

    proxy.gate.admit(use("nurse", "SELECT", table="visit"))
    with pytest.raises(DeniedError):
        proxy.gate.admit(use("nurse", "SELECT"))


def test_who_was_removed_gets_no_lease(proxy: ProxyVault) -> None:
    proxy.users.remove("anna")

    with pytest.raises(DeniedError):
        proxy.gate.admit(use())
    assert [each.outcome for each in proxy.told(LEASE)] == [Outcome.DENIED]


def test_what_was_not_read_does_not_count(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "visit.note", table="visit")

    for _ in range(5):  # within one minute
        lease = proxy.gate.admit(one)
        lease.used_statements = 1
        proxy.gate.settle(one, lease)
        proxy.seconds.now += SECONDS
    proxy.gate.sweep()

    assert sum(proxy.gate.admit(one).cells for _ in range(1)) >= 1_000 // 4 // 16


def test_users_are_listed_and_named_once(proxy: ProxyVault) -> None:
    with pytest.raises(TakenError):
        proxy.users.add("anna", PASSWORD, ALL, frozenset())
    with pytest.raises(NotFoundError):
        proxy.users.remove("berta")
    for name in ("", "x" * 64, "a\nb"):
        with pytest.raises(InvalidError):
            proxy.users.add(name, PASSWORD, ALL, frozenset())
    with pytest.raises(InvalidError):
        proxy.users.add("nobody", PASSWORD, frozenset(), frozenset())

    assert [user.name for user in proxy.users.list()] == ["anna"]
