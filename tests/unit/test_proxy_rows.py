"""What a vault keeps of its proxies: policies in a chain, secrets, keys that can be destroyed."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import EventKind
from sealhold.model.errors import (
    InvalidError,
    InvalidPolicyError,
    NotFoundError,
    PolicyRefusedError,
    TakenError,
)
from sealhold.protect.policyfile import digest_of
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Policies
from sealhold.vault.proxysecrets import ProxySecrets
from tests.unit.proxy_policies import FIRST, activate, second
from tests.unit.proxy_vault import ProxyVault, proxy_vault


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


def test_versions_follow_each_other_and_all_are_kept(proxy: ProxyVault) -> None:
    activate(proxy, FIRST)
    activate(proxy, second())

    found = Policies(proxy.vault.core).history("clinic")
    assert [each.version for each in found] == [2, 1]
    assert [each.text for each in found] == [second(), FIRST]
    told = proxy.told(EventKind.PROXY)
    assert [each.digest.hex() for each in told if each.digest] == [
        digest_of(each).removeprefix("sha256:") for each in (FIRST, second())
    ]


def test_what_is_in_force_is_put_in_force_again_without_a_trace(proxy: ProxyVault) -> None:
    activate(proxy, FIRST)
    before = len(proxy.told(EventKind.PROXY))

    activate(proxy, FIRST)

    assert len(proxy.told(EventKind.PROXY)) == before


def test_a_version_that_protects_less_needs_a_word(proxy: ProxyVault) -> None:
    activate(proxy, FIRST)
    weaker = second().replace(b'protect = ["match"]', b'protect = "clear"')

    with pytest.raises(InvalidPolicyError):
        activate(proxy, weaker)
    assert activate(proxy, weaker, weaker=True) == digest_of(weaker)


def test_the_only_policy_needs_no_name(proxy: ProxyVault) -> None:
    policies = Policies(proxy.vault.core)
    with pytest.raises(NotFoundError):
        policies.active()
    activate(proxy, FIRST)
    assert policies.active().version == 1

    activate(proxy, FIRST.replace(b'"clinic"\nversion', b'"other"\nversion'))

    with pytest.raises(NotFoundError):
        policies.active()
    assert policies.active("other").name == "other"


def test_a_secret_is_replaced_and_forgotten(proxy: ProxyVault) -> None:
    secrets = ProxySecrets(proxy.vault.core)

    secrets.set("clinic", "first")
    secrets.set("clinic", "second")

    assert secrets.get("clinic").reveal() == b"second"
    assert secrets.names() == ("clinic",)
    secrets.remove("clinic")
    with pytest.raises(NotFoundError):
        secrets.get("clinic")
    with pytest.raises(NotFoundError):
        secrets.remove("clinic")
    with pytest.raises(InvalidError):
        secrets.set("clinic", "")


def test_each_dataset_has_a_key_of_its_own_that_stays(proxy: ProxyVault) -> None:
    keys = ProxyKeys(proxy.vault.core)
    keys.add({"clinic", "shop"})
    first = keys.of(["clinic", "shop"])

    keys.add({"clinic"})

    assert keys.of(["clinic"])["clinic"] == first["clinic"] != first["shop"]
    with pytest.raises(NotFoundError):
        keys.of(["other"])


def test_a_key_that_was_destroyed_is_gone_and_gets_no_successor(proxy: ProxyVault) -> None:
    keys = ProxyKeys(proxy.vault.core)
    keys.add({"clinic"})

    keys.destroy("clinic")

    assert not proxy.vault.core.keyring.has_named("proxy-data-1")
    with pytest.raises(NotFoundError):
        keys.of(["clinic"])
    with pytest.raises(TakenError):
        keys.add({"clinic"})
    with pytest.raises(NotFoundError):
        keys.destroy("clinic")


def test_a_destruction_that_was_broken_off_goes_on(
    proxy: ProxyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, keys = proxy.vault.core.keyring, ProxyKeys(proxy.vault.core)
    keys.add({"clinic"})
    with monkeypatch.context() as broken:
        broken.setattr(ring, "forget_named", _breaks)
        with pytest.raises(ZeroDivisionError):
            keys.destroy("clinic")

    assert not keys.has("clinic")
    assert not ring.has_named("proxy-data-1")


def _breaks(_name: str) -> None:
    raise ZeroDivisionError


def test_a_policy_of_another_chain_is_refused(proxy: ProxyVault) -> None:
    activate(proxy, FIRST)

    with pytest.raises(PolicyRefusedError):
        activate(proxy, second(before=second()))
