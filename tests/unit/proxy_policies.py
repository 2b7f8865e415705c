"""A signed policy of one table, and versions made from it."""

from sealhold.protect.policyfile import digest_of
from sealhold.protect.policysign import sign_policy
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Policies
from tests.unit.proxy_vault import ProxyVault

FIRST = b"""\
format = "sealhold-policy/1"
name = "clinic"
version = 1

[[csp]]
id = "a"
kind = "postgres"
url = "postgresql://clinic@db.example/clinic"
secret = "vault:clinic"

[[table]]
dataset = "clinic"
name = "patient"
key = ["id"]
csps = ["a"]

[[table.column]]
name = "id"
type = "integer"
class = "technical_identifier"
protect = "clear"

[[table.column]]
name = "name"
type = "text"
usages = ["storage", "search"]
protect = ["match"]
"""


def second(before: bytes = FIRST, version: int = 2) -> bytes:
    """Return a version made from another one."""
    head = b'version = %d\nprevious = "%b"' % (version, digest_of(before).encode())
    return FIRST.replace(b"version = 1", head)


def activate(proxy: ProxyVault, data: bytes, *, weaker: bool = False) -> str:
    """Sign a policy and put it in force; return the digest of what is in force then."""
    signer = ProxyKeys(proxy.vault.core).signer()
    policies = Policies(proxy.vault.core)
    found, _ = policies.activate(data, sign_policy(data, signer), (signer.public,), weaker=weaker)
    return found.digest
