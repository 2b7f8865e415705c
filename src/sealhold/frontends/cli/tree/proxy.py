"""The commands about rented databases that cannot read what they hold.

Source: docs/spec/20-faces.md section 8.
"""

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree.proxypeers import PROXY_PEERS
from sealhold.frontends.cli.tree.proxypolicies import PROXY_POLICY
from sealhold.frontends.cli.tree.proxyvault import PROXY_VAULT

PROXY: Mapping[str, Entry | Group] = {
    **PROXY_POLICY,
    **PROXY_VAULT,
    **PROXY_PEERS,
}
