"""Where a provider is, and as whom the proxy logs in there, from what a policy says."""

import pytest

from sealhold.model.errors import InvalidPolicyError, NotFoundError
from sealhold.node.proxyplaces import account_of, postgres_of, server_of
from sealhold.protect.policy import Csp, Policy
from sealhold.vault.proxysecrets import ProxySecrets
from tests.unit.proxy_vault import proxy_vault


def csp(url: str, secret: str = "") -> Csp:
    return Csp(id="a", kind="postgres", url=url, secret=secret)


def test_tls_is_checked_unless_the_address_says_otherwise() -> None:
    checked = server_of(csp("postgresql://u@db.example/x"))
    bare = server_of(csp("postgresql://u@127.0.0.1:6000/x?sslmode=disable"))

    assert (checked.host, checked.port, checked.tls) == ("db.example", 5432, "starttls")
    assert (bare.host, bare.port, bare.tls) == ("127.0.0.1", 6000, "none")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u@db.example/x",
        "postgresql:///x",
        "postgresql://u:secret@db.example/x",
        "postgresql://u@db.example:99999/x",
        "postgresql://u@db.example/x?sslmode=prefer",
        "postgresql://u@db.example/x?sslrootcert=/nowhere.pem",
        "postgresql://u@db.example/x?options=-c",
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(InvalidPolicyError):
        server_of(csp(url))


def test_a_policy_names_one_postgresql_server() -> None:
    one = csp("postgresql://u@db.example/x")

    assert postgres_of(Policy(name="p", version=1, csps=(one,))) is one
    for many in ((), (one, one)):
        with pytest.raises(InvalidPolicyError):
            postgres_of(Policy(name="p", version=1, csps=many))


def test_an_account_has_the_password_that_the_policy_names() -> None:
    with proxy_vault() as proxy:
        secrets = ProxySecrets(proxy.vault.core)
        secrets.set("clinic", "the landlord's")

        kept = account_of(csp("postgresql://u@h/x", "vault:clinic"), secrets, {})
        given = account_of(csp("postgresql://h/x", "env:PW"), secrets, {"PW": "other"})
        none = account_of(csp("postgresql://u@h/x"), secrets, {})

        assert (kept.user, kept.database) == ("u", "x")
        assert kept.keyring is not None
        assert given.user == "x"
        assert none.keyring is None
        for missing in ("vault:other", "env:PW"):
            with pytest.raises(NotFoundError):
                account_of(csp("postgresql://u@h/x", missing), secrets, {})
        with pytest.raises(InvalidPolicyError):
            account_of(csp("postgresql://u@h"), secrets, {})
