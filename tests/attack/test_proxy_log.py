"""Attacks on the log of a proxy: use without an entry, floods of refusals, users put back."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.model.errors import AuditUnavailableError, ConflictError, DeniedError, SealholdError
from tests.unit.proxy_vault import PASSWORD, ProxyVault, proxy_vault, use
from tests.unit.test_vault_full_disk import Disk, Kept

LEASE = EventKind.PROXY_LEASE


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


@pytest.mark.threat("T682")
def test_t682_without_a_log_there_is_no_lease(proxy: ProxyVault) -> None:
    one = use("anna", "SELECT", "patient.name")
    proxy.vault.heads.is_full = True

    with pytest.raises(AuditUnavailableError):
        proxy.gate.admit(one)
    with pytest.raises(AuditUnavailableError):  # nor is one kept from the try before
        proxy.gate.admit(one)


@pytest.mark.threat("T682")
def test_t682_on_a_full_disk_leases_go_on_from_the_reserve_and_end_with_it() -> None:
    disk = Disk()
    with proxy_vault(disk, Kept(disk, 2)) as proxy:
        disk.room = 0
        kinds = [use("anna", "SELECT", f"patient.column{number}") for number in range(3)]

        for each in kinds[:2]:
            proxy.gate.admit(each)
        with pytest.raises(AuditUnavailableError):
            proxy.gate.admit(kinds[2])
        disk.room = 100

        assert len(proxy.told(LEASE)) == 2


@pytest.mark.threat("T683")
def test_t683_who_is_removed_while_a_lease_is_decided_gets_none(
    proxy: ProxyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_decided = proxy.users.find("anna")
    monkeypatch.setattr(proxy.users, "find", lambda _name: as_decided)

    proxy.users.remove("anna")

    with pytest.raises(ConflictError):
        proxy.gate.admit(use("anna"))
    assert proxy.told(LEASE) == []


@pytest.mark.threat("T684")
def test_t684_a_flood_of_refusals_makes_few_entries(proxy: ProxyVault) -> None:
    for number in range(1_000):
        with pytest.raises(DeniedError):
            proxy.gate.admit(use(f"made-up-{number}"))
        proxy.gate.refused(use("anna"), "SH002")
    proxy.gate.close()

    denied = [each for each in proxy.told(LEASE) if each.outcome is Outcome.DENIED]
    assert len(denied) == 4
    assert sum(1 + each.more for each in denied) == 2_000


@pytest.mark.threat("T684")
def test_t684_a_flood_of_faults_makes_few_entries(proxy: ProxyVault) -> None:
    for row in range(1_000):
        proxy.gate.found("bad tag", "patient", f"row {row}")
    proxy.gate.close()

    told = proxy.told(EventKind.PROVIDER)
    assert [each.more for each in told] == [0, 998]
    assert not any("row" in (each.reason or "") for each in told)


@pytest.mark.threat("T686")
def test_t686_the_rows_of_users_tell_no_name_and_no_verifier(proxy: ProxyVault) -> None:
    page = proxy.vault.core.store.scan("proxy", "key", (), ())

    told = repr([found.row for found in page.rows])
    assert page.rows
    assert "anna" not in told
    assert PASSWORD not in told


def test_a_full_log_is_told_to_nobody_who_refuses(proxy: ProxyVault) -> None:
    proxy.vault.heads.is_full = True

    proxy.gate.refused(use("anna"), "SH002")
    proxy.gate.close()

    with pytest.raises(SealholdError):
        proxy.gate.admit(use("anna"))
