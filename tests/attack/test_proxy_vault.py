"""Attacks on what a vault keeps of its proxies: older ones, and strangers' papers."""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.audit.event import EventKind
from sealhold.crypto.scram import verifier_of
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import (
    BadSignatureError,
    LoginRefusedError,
    PolicyRefusedError,
    ProxyStateLostError,
)
from sealhold.protect.policysign import sign_policy
from sealhold.protect.sql.scram import ServerLogin, parse_verifier, spelled
from sealhold.vault.home import Home
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Policies
from sealhold.vault.proxystates import RENEWED, ProxyStates
from tests.unit.proxy_policies import FIRST, activate, second
from tests.unit.proxy_vault import ProxyVault, proxy_vault


@pytest.fixture
def proxy() -> Iterator[ProxyVault]:
    with proxy_vault() as found:
        yield found


def ended(states: ProxyStates) -> range:
    """Serve once, and return the row numbers that were drawn."""
    state = states.open("clinic", renew=False)
    drawn = state.draw(100)
    states.close("clinic", state)
    return drawn


@pytest.mark.threat("T680")
def test_t680_an_older_state_is_refused_and_a_new_one_repeats_no_number(
    proxy: ProxyVault, tmp_path: Path
) -> None:
    states = ProxyStates(proxy.vault.core, Home(tmp_path))
    drawn = {*ended(states)}
    shutil.copy(states.path("clinic"), tmp_path / "older.db")
    drawn.update(ended(states))

    shutil.copy(tmp_path / "older.db", states.path("clinic"))
    with pytest.raises(ProxyStateLostError):
        states.open("clinic", renew=False)
    renewed = states.open("clinic", renew=True)

    assert drawn.isdisjoint(renewed.draw(100))
    assert proxy.told(EventKind.PROXY)[-1].reason == RENEWED


@pytest.mark.threat("T680")
def test_t680_a_state_that_is_gone_is_not_made_anew_in_silence(
    proxy: ProxyVault, tmp_path: Path
) -> None:
    states = ProxyStates(proxy.vault.core, Home(tmp_path))
    drawn = {*ended(states)}
    states.path("clinic").unlink()

    with pytest.raises(ProxyStateLostError):
        states.open("clinic", renew=False)
    with pytest.raises(ProxyStateLostError):
        states.open("clinic", renew=False)

    assert drawn.isdisjoint(states.open("clinic", renew=True).draw(100))


@pytest.mark.threat("T687")
def test_t687_an_older_policy_does_not_come_back(proxy: ProxyVault) -> None:
    activate(proxy, FIRST)
    activate(proxy, second())

    with pytest.raises(PolicyRefusedError):
        activate(proxy, FIRST)
    assert Policies(proxy.vault.core).active().version == 2


@pytest.mark.threat("T687")
def test_t687_a_policy_that_a_stranger_signed_is_refused(proxy: ProxyVault) -> None:
    core = proxy.vault.core
    stranger = SigningKey(Secret(bytes(32), "a stranger's key"))
    ours = (ProxyKeys(core).signer().public,)

    with pytest.raises(BadSignatureError):
        Policies(core).activate(FIRST, sign_policy(FIRST, stranger), ours, weaker=False)
    with pytest.raises(PolicyRefusedError):
        Policies(core).activate(FIRST, None, ours, weaker=False)


@pytest.mark.threat("T686")
def test_t686_who_has_the_verifier_does_not_log_in_with_it(proxy: ProxyVault) -> None:
    entropy = proxy.vault.core.entropy
    verifier = parse_verifier(spelled(verifier_of(Secret(b"correct horse", "password"), entropy)))

    for shown in (verifier.stored, verifier.server, bytes(32)):
        login = ServerLogin(verifier, entropy, b"")
        first = login.first("SCRAM-SHA-256", b"n,,n=,r=abcdefghijkl").decode()
        nonce = first.split(",")[0]
        with pytest.raises(LoginRefusedError):
            login.final(f"c=biws,{nonce},p=".encode() + b64encode(shown))


@pytest.mark.threat("T688")
def test_t688_a_name_that_nobody_has_looks_like_one_that_somebody_has(proxy: ProxyVault) -> None:
    strangers = ProxyKeys(proxy.vault.core).strangers()
    made = proxy.users.verifier("anna", strangers)

    nobody, again, other = (proxy.users.verifier(n, strangers) for n in ("x", "x", "y"))

    assert nobody == again
    assert nobody.salt != other.salt
    assert (len(nobody.salt), nobody.rounds) == (len(made.salt), made.rounds)
