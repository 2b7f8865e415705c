"""The sums of a proxy put together: its agents, by what the policy says of them, and its state.

- `https://HOST:PORT`, with `?roots=FILE` where the certificate is the owner's own; `http://` on
  this machine alone. The token of an agent is its secret.

Source: docs/spec/64-sums-at-an-agent.md section 1.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from sealhold.model.errors import (
    ExtraMissingError,
    InvalidPolicyError,
    InvalidSettingsError,
    NotFoundError,
)
from sealhold.net.agent import AgentClient
from sealhold.net.relay.calling import RelayAddress, address_of
from sealhold.node.proxymigrations import Migrations
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column
from sealhold.protect.policy import Csp, Policy
from sealhold.protect.state import State
from sealhold.protect.sumform import agent_of, form_of
from sealhold.protect.sumstate import SumBook
from sealhold.vault.core import Core
from sealhold.vault.proxysecrets import ProxySecrets

if TYPE_CHECKING:
    from sealhold.node.proxyfolding import Folder
    from sealhold.protect.sums import Sums

_Columns = Mapping[tuple[str, str], Mapping[str, Column]]


@dataclass(frozen=True, slots=True)
class Summing:
    """What the sums of a proxy are made of."""

    policy: Policy
    columns: _Columns
    keys: Derived
    state: State
    environment: Mapping[str, str]

    @contextmanager
    def lent(
        self, core: Core, migrations: Migrations
    ) -> Iterator[tuple["Sums | None", "Folder | None"]]:
        """Lend sums, and what folds; None if nothing of the policy is added up at an agent.

        Raises:
            ExtraMissingError: what adds up is not installed.
            InvalidPolicyError: the address of an agent cannot be.
            NotFoundError: its token is not there.
        """
        named = {
            f"{table.schema}.{table.name}": agent
            for table in self.policy.tables
            if (agent := agent_of(self.policy, table)) is not None
        }
        summed = [
            column
            for of_table in self.columns.values()
            for column in of_table.values()
            if form_of(column) is not None and f"{column.schema}.{column.table}" in named
        ]
        if not summed:
            yield None, None
            return
        try:
            from sealhold.node.proxyfolding import Folder  # noqa: PLC0415  # reason: an extra
            from sealhold.protect.sums import Sums, summed_columns  # noqa: PLC0415  # reason: too
        except ImportError as err:
            raise ExtraMissingError("sums at an agent need `sealhold[he]`") from err
        secrets = ProxySecrets(core)
        clients = {
            agent.id: AgentClient(place_of(agent), _token(agent, secrets, self.environment))
            for agent in named.values()
        }
        try:
            agents = {table: (agent.id, clients[agent.id]) for table, agent in named.items()}
            sums = Sums(SumBook(self.state), self.keys, summed_columns(summed, agents))
            connect, notes, log = migrations.connect, migrations.notes, migrations.log
            yield sums, Folder(sums, connect, notes, log, core.entropy)
        finally:
            for client in clients.values():
                client.close()


def place_of(agent: Csp) -> RelayAddress:
    """Return where an agent is.

    Raises:
        InvalidPolicyError: the address cannot be, or its roots cannot be read.
    """
    url, _, query = agent.url.partition("?")
    try:
        words = dict(parse_qsl(query, strict_parsing=bool(query)))
        roots = Path(words.pop("roots")).read_text("ascii") if "roots" in words else ""
        if words:
            raise InvalidPolicyError(f"of the address of agent `{agent.id}` only roots")
        return address_of(url, private=True, roots=roots)
    except (OSError, ValueError, InvalidSettingsError) as err:
        raise InvalidPolicyError(f"the address of agent `{agent.id}` cannot be") from err


def _token(agent: Csp, secrets: ProxySecrets, environment: Mapping[str, str]) -> str:
    found = secrets.named(agent.secret, environment)
    if found is None:
        raise NotFoundError(f"agent `{agent.id}` has no `secret`: its token")
    return found.reveal().decode()
