"""A first policy for a live database: its catalogue is asked, guesses are made, each with its why.

- No vault is opened. What is asked, and that no row is read, stands in `protect/livereading.py`.
- The way to the provider is the one on which the proxy serves: what is refused there is here.

Source: docs/spec/16-protection-policy.md section 7.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.model.clock import Entropy
from sealhold.model.errors import DatabaseAwayError, NotFoundError, UsageError
from sealhold.net.dial import Server
from sealhold.net.pgclient import connect
from sealhold.node.proxyplaces import account_of, server_of
from sealhold.node.world import World
from sealhold.protect.findings import Finding
from sealhold.protect.livereading import ASKED, ASKED_TOO, LiveCatalogue, read_live
from sealhold.protect.policy import Csp
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from sealhold.protect.policywords import DATASET, ID, VISIBLE
from sealhold.protect.proposing import Proposal, propose
from sealhold.protect.sql.asking import Asking
from sealhold.protect.sql.names import Cells
from sealhold.protect.sql.upstream import Account
from sealhold.vault.proxysecrets import EnvironmentAlone

ENVIRONMENT: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,62}")
PATIENCE: Final = 60.0  # seconds for a whole catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedColumn:
    """One column, how it is proposed to be protected, and why."""

    name: str
    type: str
    protect: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedTable:
    """One table."""

    name: str  # schema.table
    columns: tuple[GuessedColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A policy as it is proposed, and what is not in it."""

    text: bytes
    name: str
    tables: tuple[GuessedTable, ...]
    left_out: tuple[str, ...]  # no policy can name it, or its type is not known
    not_tables: tuple[tuple[str, str], ...]  # name and kind: views and parts of tables
    findings: tuple[Finding, ...]


def provider(id_: str, url: str, secret: str) -> Csp:
    """Return a provider of PostgreSQL as a policy names it.

    Raises:
        UsageError: no policy can name it so.
    """
    secret_ok = not secret or bool(ENVIRONMENT.fullmatch(secret))
    if not ID.fullmatch(id_) or not VISIBLE.fullmatch(url) or not secret_ok:
        raise UsageError(
            "a provider has an id of letters and digits, an address, and its secret in `env:NAME`"
        )
    return Csp(id=id_, kind="postgres", url=url, secret=secret)


def propose_policy(
    csp: Csp,
    world: World,
    environment: Mapping[str, str],
    *,
    name: str,
    schemas: Collection[str],
    counts: bool,
) -> Proposed:
    """Return a policy for what lies at a provider.

    Args:
        csp: where, as the policy will name it.
        world: what its entropy and clock are.
        environment: where a secret named `env:NAME` stands.
        name: of the policy and its dataset; empty: that of the database.
        schemas: whose tables are looked at.
        counts: whether the server's estimates of values and rows are asked for.

    Raises:
        InvalidPolicyError: the address cannot be.
        UsageError: the database's name cannot be that of a policy.
        NotFoundError: the secret is not there, or no table is.
        DatabaseAwayError: the provider does not answer, or refuses.
        LoginRefusedError: it does not show that it knows us.
        WireError: it does not speak the protocol.
    """
    account = account_of(csp, EnvironmentAlone(), environment)
    name = name or account.database
    if not DATASET.fullmatch(name):
        raise UsageError(f"`{name}` cannot name a policy: give another with --name")
    questions = (*ASKED, *ASKED_TOO) if counts else ASKED
    answers = asyncio.run(_asked(server_of(csp), account, world.entropy, questions))
    live = read_live(answers, schemas)
    if not live.tables:
        raise NotFoundError(f"no table in {', '.join(schemas)} that `{account.user}` can see")
    made = propose(live.tables, name=name, csp=csp)
    if not made.policy.tables:
        raise NotFoundError(f"no table in {', '.join(schemas)} that a policy can name")
    return _proposed(made, live)


def _proposed(made: Proposal, live: LiveCatalogue) -> Proposed:
    tables = tuple(
        GuessedTable(
            name=f"{table.schema}.{table.name}",
            columns=tuple(
                GuessedColumn(
                    name=column.name,
                    type=column.type,
                    protect=column.protect,
                    why=made.notes["table", number, "column", place],
                )
                for place, column in enumerate(table.columns)
            ),
        )
        for number, table in enumerate(made.policy.tables)
    )
    return Proposed(
        text=made.text,
        name=made.policy.name,
        tables=tables,
        left_out=made.left_out,
        not_tables=live.others,
        findings=tuple(check(read(made.text))),
    )


async def _asked(
    server: Server, account: Account, entropy: Entropy, questions: Sequence[str]
) -> Sequence[Sequence[Cells]]:
    """Return the answers of a provider.

    Raises:
        DatabaseAwayError: it does not answer, or refuses.
        LoginRefusedError: it does not show that it knows us.
        WireError: it does not speak the protocol.
    """
    far = _Far()
    link = await connect(server, far)
    try:
        asking = Asking(account, entropy, link.endpoint, questions)
        async with asyncio.timeout(PATIENCE):
            while True:
                sent, asking.to_provider[:] = b"".join(asking.to_provider), []
                link.write(sent)
                if asking.is_over:
                    return asking.answers
                asking.receive(await far.more())
    except TimeoutError as err:
        raise DatabaseAwayError("the provider does not answer in time") from err
    finally:
        link.close()


class _Far:
    """Takes what comes, until somebody wants it."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[bytes] = asyncio.Queue()

    async def more(self) -> bytes:
        """Return the next bytes.

        Raises:
            DatabaseAwayError: there are none any more.
        """
        data = await self._came.get()
        if not data:
            raise DatabaseAwayError("the provider hung up")
        return data

    def received(self, data: bytes) -> None:
        """Take bytes."""
        self._came.put_nowait(data)

    def lost(self) -> None:
        """Note the end."""
        self._came.put_nowait(b"")

    def hold(self) -> None:
        """Do nothing: one text is asked at a time."""

    def go_on(self) -> None:
        """Do nothing."""
